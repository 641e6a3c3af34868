"""Keeping the index of search: called with each change of a governed thing, in the change's own transaction."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum

from sqlalchemy import Connection, RowMapping, delete, func, select, tuple_

from boathouse.catalog.repository.schema import (
    search_documents,
    search_postings,
    search_trigrams,
    search_words,
    securables,
    table_details,
)
from boathouse.catalog.search.words import LONGEST_WORD, is_compound, plain, trigrams, words_of
from boathouse.catalog.securables import SecurableKind
from boathouse.metastore.upserting import insert_missing

_CHUNK = 400
_MOST_WORDS = 4_000
"""Words of one thing that are kept: enough for a table of a thousand columns."""


class Field(IntEnum):
    """Where in a document a word stands."""

    NAME = 1
    COLUMN = 2
    TAG = 3
    COMMENT = 4
    OWNER = 5
    COLUMN_COMMENT = 6
    COLUMN_TYPE = 7
    TAG_FILTER = 8
    """The whole tag, for asking for it: ``=pii`` and ``=pii=email``."""


def tag_word(key: str, value: str | None = None) -> str:
    """The word under which a tag is kept as a whole."""
    return f"={plain(key)}" if value is None else f"={plain(key)}={plain(value)}"[:LONGEST_WORD]


def index(connection: Connection, securable_id: str) -> None:
    """Bring the document of a thing up to date; that of one that is gone goes too."""
    row = _source(connection, securable_id)
    if row is None or row["kind"] == SecurableKind.METASTORE.value or row["deleted_at"] is not None:
        forget(connection, [securable_id])
        return
    document = _document(connection, row)
    entries = _entries(row)
    wanted = _with_ids(connection, entries)
    known = {
        (each[0], each[1])
        for each in connection.execute(
            select(search_postings.c.word_id, search_postings.c.field).where(search_postings.c.document_id == document)
        )
    }
    if gone := sorted(known - wanted):
        c = search_postings.c
        for start in range(0, len(gone), _CHUNK):
            condition = tuple_(c.word_id, c.field).in_(gone[start : start + _CHUNK])
            connection.execute(delete(search_postings).where(c.document_id == document, condition))
    if new := sorted(wanted - known):
        rows = [{"word_id": word, "document_id": document, "field": field} for word, field in new]
        connection.execute(search_postings.insert(), rows)
        _forgive(connection, entries, {word for word, field in new if field == Field.NAME})


def forget(connection: Connection, securable_ids: Sequence[str]) -> None:
    """Take the documents of things away that are gone."""
    d = search_documents.c
    for start in range(0, len(securable_ids), _CHUNK):
        query = select(d.id).where(d.securable_id.in_(securable_ids[start : start + _CHUNK]))
        ids = [row[0] for row in connection.execute(query)]
        connection.execute(delete(search_postings).where(search_postings.c.document_id.in_(ids)))
        connection.execute(delete(search_documents).where(d.id.in_(ids)))


def rebuild(connection: Connection) -> int:
    """Make the whole index anew from what is governed; how many documents it has."""
    for table in (search_postings, search_trigrams, search_words):
        connection.execute(delete(table))
    live = select(securables.c.id).where(securables.c.deleted_at.is_(None))
    connection.execute(delete(search_documents).where(search_documents.c.securable_id.not_in(live)))
    for row in connection.execute(live.order_by(securables.c.full_name)).all():
        index(connection, row[0])
    return connection.execute(select(func.count()).select_from(search_documents)).scalar() or 0


def is_empty(connection: Connection) -> bool:
    return connection.execute(select(search_documents.c.id).limit(1)).first() is None


def _source(connection: Connection, securable_id: str) -> RowMapping | None:
    above = securables.alias("above")
    query = (
        select(
            securables,
            table_details.c.columns,
            table_details.c.column_tags,
            above.c.kind.label("above_kind"),
            above.c.parent_id.label("top_id"),
        )
        .outerjoin(table_details, table_details.c.securable_id == securables.c.id)
        .outerjoin(above, above.c.id == securables.c.parent_id)
        .where(securables.c.id == securable_id)
    )
    return connection.execute(query).mappings().first()


def _document(connection: Connection, row: RowMapping) -> int:
    is_in_schema = row["above_kind"] == SecurableKind.SCHEMA.value
    is_in_catalog = row["above_kind"] == SecurableKind.CATALOG.value
    values = {
        "kind": row["kind"],
        "name": plain_name(row["title"] or row["full_name"].rpartition(".")[2]),
        "schema_id": row["parent_id"] if is_in_schema else None,
        "catalog_id": row["top_id"] if is_in_schema else row["parent_id"] if is_in_catalog else None,
    }
    d = search_documents.c
    known = connection.execute(select(d.id).where(d.securable_id == row["id"])).scalar()
    if known is None:
        made = {"securable_id": row["id"], "popularity": 0, "boost": 0, **values}
        return connection.execute(search_documents.insert().returning(d.id), made).scalar_one()
    connection.execute(search_documents.update().where(d.id == known), values)
    return known


def plain_name(name: str) -> str:
    """A name as it is compared as a whole."""
    return " ".join(name.casefold().split())[:255]


def _entries(row: RowMapping) -> set[tuple[str, Field]]:
    found: dict[tuple[str, Field], None] = {}
    for text, field in _texts(row):
        for word in words_of(text):
            found.setdefault((word, field))
            if len(found) >= _MOST_WORDS:
                break
    for key, value in _tags(row):
        found[tag_word(key), Field.TAG_FILTER] = None
        found[tag_word(key, value), Field.TAG_FILTER] = None
    return set(found)


def _texts(row: RowMapping) -> Iterator[tuple[str, Field]]:
    yield row["full_name"].rpartition(".")[2], Field.NAME
    yield row["title"] or "", Field.NAME
    yield row["owner"], Field.OWNER
    for key, value in _tags(row):
        yield f"{key} {value}", Field.TAG
    yield row["comment"] or "", Field.COMMENT
    for column in json.loads(row["columns"] or "[]"):
        yield column["name"], Field.COLUMN
        yield column["type_text"], Field.COLUMN_TYPE
        yield column.get("comment") or "", Field.COLUMN_COMMENT


def _tags(row: RowMapping) -> Iterator[tuple[str, str]]:
    """Its own and those of its columns."""
    yield from json.loads(row["tags"]).items()
    for tags in json.loads(row["column_tags"] or "{}").values():
        yield from tags.items()


def _with_ids(connection: Connection, entries: Iterable[tuple[str, Field]]) -> set[tuple[int, int]]:
    pairs = list(entries)
    ids = _word_ids(connection, {word for word, _ in pairs})
    return {(ids[word], int(field)) for word, field in pairs}


def _word_ids(connection: Connection, words: set[str]) -> dict[str, int]:
    known = _known_words(connection, words)
    missing = sorted(words - known.keys())  # in order: two writers of the same words wait for each other, not in a ring
    if not missing:
        return known
    insert_missing(connection, search_words, [{"word": word} for word in missing])
    added = _known_words(connection, set(missing))
    _add_trigrams(connection, {word: id for word, id in added.items() if not is_compound(word)})
    return known | added


def _forgive(connection: Connection, entries: Iterable[tuple[str, Field]], new_ids: set[int]) -> None:
    """Let names made of several words be found with a typing error in the whole. Those of columns are not: there are
    as many of them as columns, and their parts are found so already."""
    if compounds := {word for word, field in entries if field is Field.NAME and is_compound(word)}:
        known = _known_words(connection, compounds)
        _add_trigrams(connection, {word: id for word, id in known.items() if id in new_ids})


def _add_trigrams(connection: Connection, words: Mapping[str, int]) -> None:
    rows = [
        {"trigram": trigram, "word_id": id}
        for word, id in sorted(words.items())
        if not word.startswith("=")
        for trigram in sorted(trigrams(word))
    ]
    if rows:
        insert_missing(connection, search_trigrams, rows)


def _known_words(connection: Connection, words: set[str]) -> dict[str, int]:
    wanted, found = sorted(words), dict[str, int]()
    for start in range(0, len(wanted), _CHUNK):
        query = select(search_words.c.word, search_words.c.id).where(
            search_words.c.word.in_(wanted[start : start + _CHUNK])
        )
        found |= {row[0]: row[1] for row in connection.execute(query)}
    return found
