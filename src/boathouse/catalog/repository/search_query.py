"""Asking the index of search: documents by their words, the best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, literal, or_, select, union, union_all

from boathouse.catalog.hierarchy import CONCERNS, IN_SCHEMA
from boathouse.catalog.repository.schema import (
    grants,
    search_documents,
    search_postings,
    search_trigrams,
    search_words,
    securables,
    table_details,
)
from boathouse.catalog.repository.search_index import Field, plain_name
from boathouse.catalog.search.words import closest, trigrams
from boathouse.catalog.securables import SecurableKind

_WEIGHTS = {
    Field.NAME: 60,
    Field.TAG: 40,
    Field.COLUMN: 35,
    Field.COMMENT: 25,
    Field.OWNER: 20,
    Field.COLUMN_COMMENT: 15,
    Field.COLUMN_TYPE: 5,
}
_PLACE_WEIGHT = 15
"""Of a word that names the catalog or schema in which a thing lies."""
_EXACT, _PREFIX, _INSIDE, _CLOSE = 100, 70, 45, 30
"""How good a match is, in percent."""
_WHOLE_NAME, _BEGINNING_OF_NAME = 1_000, 500
_MOST_PREFIXED, _MOST_SIMILAR = 40, 100
_LAST = "\U0010ffff"

_PASSED_DOWN = sorted({privilege.value for kind in IN_SCHEMA for privilege in CONCERNS[kind]})
"""The privileges on a catalog or schema by which one knows of what lies in it."""

Guesses = dict[int, int]
"""Ids of words that may be meant, each with how good a match it is."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search asks for: words, as ids of those that may be meant, and filters."""

    text: str = ""
    words: tuple[Guesses, ...] = ()
    places: tuple[tuple[str, ...], ...] = ()
    """For each word the catalogs and schemas that it names, by id."""
    kinds: tuple[SecurableKind, ...] = ()
    tag_words: tuple[str, ...] = ()
    owner: str | None = None
    all_words: bool = True
    """Whether each word has to be there, or one is enough."""
    inside: str | None = None
    """Only below this catalog or schema."""
    identities: frozenset[str] | None = None
    """Who asks: what none of them owns or holds anything on, or on anything above it, is left out at once. The law has
    the last word on the rest. None for who may know of everything."""


@dataclass(frozen=True, slots=True)
class Found:
    """A document that answers."""

    securable_id: str
    kind: SecurableKind
    full_name: str
    score: int
    words: int = field(default=0)
    """How many of the words it has."""


def guesses(connection: Connection, word: str, *, boldly: bool) -> dict[str, tuple[int, int]]:
    """The words that ``word`` may mean: id and quality by word. Boldly: inside of others, and with typing errors."""
    w = search_words.c
    begins = and_(w.word >= word, w.word < word + _LAST)
    if "_" not in word:  # the parts of a word made of several are words too, and one of them is met already
        begins = and_(begins, ~w.word.contains("_", autoescape=True))
    query = select(w.id, w.word).where(begins if len(word) > 1 else w.word == word)
    found = {
        row[1]: (row[0], _EXACT if row[1] == word else _PREFIX)
        for row in connection.execute(query.order_by(func.length(w.word), w.word).limit(_MOST_PREFIXED))
    }
    if boldly and len(word) > 2:
        for other, id in _similar(connection, {word[start : start + 3] for start in range(len(word) - 2)}).items():
            if word in other:
                found.setdefault(other, (id, _INSIDE))
    if boldly and len(word) > 3:
        similar = _similar(connection, trigrams(word))
        for other in closest(word, similar):
            found.setdefault(other, (similar[other], _CLOSE))
    return found


def places_named(connection: Connection, word: str) -> tuple[str, ...]:
    """The catalogs and schemas whose name begins with the word."""
    d = search_documents.c
    kinds = (SecurableKind.CATALOG.value, SecurableKind.SCHEMA.value)
    query = select(d.securable_id).where(d.kind.in_(kinds), d.name >= word, d.name < word + _LAST).limit(_MOST_SIMILAR)
    return tuple(row[0] for row in connection.execute(query))


def documents(connection: Connection, wanted: Wanted, *, limit: int, offset: int = 0) -> list[Found]:
    """The documents that answer, the best first."""
    d, s = search_documents.c, securables.c
    score = d.boost
    if wanted.words:
        hits = _hits(wanted)
        name = plain_name(wanted.text)
        by_name = case(
            (or_(d.name == name, s.full_name == name), _WHOLE_NAME),
            (or_(_begins(d.name, name), _begins(s.full_name, name)), _BEGINNING_OF_NAME),
            else_=0,
        )
        score = score + hits.c.score + by_name
        count = hits.c.words
    else:
        hits, count = None, literal(0)
    query = select(d.securable_id, d.kind, s.full_name, score.label("score"), count).join_from(
        search_documents, securables, s.id == d.securable_id
    )
    if hits is not None:
        query = query.join(hits, hits.c.document_id == d.id)
        if wanted.all_words:
            query = query.where(hits.c.words == len(wanted.words))
        query = query.order_by(hits.c.words.desc())
    if wanted.kinds:
        query = query.where(d.kind.in_([kind.value for kind in wanted.kinds]))
    if wanted.owner is not None:
        query = query.where(s.owner == wanted.owner)
    if wanted.inside is not None:
        query = query.where(_begins(s.full_name, f"{wanted.inside}."))
    if wanted.identities is not None:
        query = query.where(_touched_by(sorted(wanted.identities)))
    for tag in wanted.tag_words:
        query = query.where(_has_tag(tag))
    query = query.order_by(score.desc(), s.full_name, d.id).limit(limit).offset(offset)
    return [Found(row[0], SecurableKind(row[1]), row[2], row[3], row[4]) for row in connection.execute(query)]


def _hits(wanted: Wanted) -> Any:
    """A subquery with document_id, score and words: per document the sum over the words of the best each has there."""
    parts = [
        part
        for number, (ids, places) in enumerate(zip(wanted.words, wanted.places, strict=True))
        for part in (_in_text(number, ids), _in_place(number, places) if places else None)
        if part is not None
    ]
    if len(parts) == 1:
        (part,) = parts
        c = part.subquery().c
        return (
            select(c.document_id, func.max(c.score).label("score"), literal(1).label("words"))
            .group_by(c.document_id)
            .subquery()
        )
    every = union_all(*parts).subquery()
    best = (
        select(every.c.document_id, every.c.number, func.max(every.c.score).label("score"))
        .group_by(every.c.document_id, every.c.number)
        .subquery()
    )
    return (
        select(best.c.document_id, func.sum(best.c.score).label("score"), func.count().label("words"))
        .group_by(best.c.document_id)
        .subquery()
    )


def _in_text(number: int, ids: Guesses) -> Any:
    p = search_postings.c
    weight = case(*((p.field == int(each), weight) for each, weight in _WEIGHTS.items()), else_=0)
    by_quality: dict[int, list[int]] = {}
    for id, quality in ids.items():
        by_quality.setdefault(quality, []).append(id)
    quality = case(*((p.word_id.in_(same), each) for each, same in by_quality.items()), else_=0) if ids else literal(0)
    return select(p.document_id, literal(number).label("number"), (weight * quality / 100).label("score")).where(
        p.word_id.in_(list(ids)), p.field != int(Field.TAG_FILTER)
    )


def _in_place(number: int, places: Sequence[str]) -> Any:
    d = search_documents.c
    return select(d.id, literal(number), literal(_PLACE_WEIGHT)).where(
        or_(d.schema_id.in_(places), d.catalog_id.in_(places))
    )


def _touched_by(identities: Sequence[str]) -> Any:
    d, s = search_documents.c, securables.c
    own = select(s.id).where(s.owner.in_(identities))
    held = select(grants.c.securable_id).where(grants.c.grantee.in_(identities))
    touched, passed_down = union(own, held), union(own, held.where(grants.c.privilege.in_(_PASSED_DOWN)))
    containers = [SecurableKind.CATALOG.value, SecurableKind.SCHEMA.value]  # known to who holds something in them
    return or_(
        d.kind.in_(containers),
        d.securable_id.in_(touched),
        d.schema_id.in_(passed_down),
        d.catalog_id.in_(passed_down),
    )


def _begins(column: Any, name: str) -> Any:
    return func.substr(column, 1, len(name)) == name


def _has_tag(word: str):
    p, w = search_postings.c, search_words.c
    return exists().where(
        p.document_id == search_documents.c.id,
        p.field == int(Field.TAG_FILTER),
        p.word_id == select(w.id).where(w.word == word).scalar_subquery(),
    )


def _similar(connection: Connection, wanted: set[str]) -> dict[str, int]:
    """The words that share most of the runs of letters."""
    t, w = search_trigrams.c, search_words.c
    shared = (
        select(t.word_id, func.count().label("shared"))
        .where(t.trigram.in_(sorted(wanted)))
        .group_by(t.word_id)
        .order_by(func.count().desc(), t.word_id)
        .limit(_MOST_SIMILAR)
        .subquery()
    )
    query = select(w.word, w.id).join(shared, shared.c.word_id == w.id)
    return {row[0]: row[1] for row in connection.execute(query)}


def columns_of(connection: Connection, table_ids: Sequence[str]) -> Mapping[str, str]:
    """The columns of tables as they are stored, by id."""
    c = table_details.c
    query = select(c.securable_id, c.columns).where(c.securable_id.in_(list(table_ids)))
    return {row[0]: row[1] for row in connection.execute(query)}
