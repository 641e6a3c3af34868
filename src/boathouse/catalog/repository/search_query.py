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
_WEIGHT = case(*((search_postings.c.field == int(each), weight) for each, weight in _WEIGHTS.items()), else_=0)
_PLACE_WEIGHT = 15
"""Of a word that names the catalog or schema in which a thing lies."""
_EXACT, _PREFIX, _INSIDE, _CLOSE = 100, 70, 45, 30
"""How good a match is, in percent."""
_WHOLE_NAME, _BEGINNING_OF_NAME = 1_000, 500
_MOST_PREFIXED, _MOST_SIMILAR = 40, 100
_FEW = 500
"""Postings of a word that is called rare."""
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
    if wanted.all_words and not all(map(any, zip(wanted.words, wanted.places, strict=True))):
        return []  # no thing has one of the words
    best = _best(wanted, limit, offset, _rare(connection, wanted))
    query = (
        select(best.c.securable_id, best.c.kind, securables.c.full_name, best.c.score, best.c.words)
        .join_from(best, securables, securables.c.id == best.c.securable_id)
        .order_by(best.c.words.desc(), best.c.score.desc(), best.c.name, securables.c.full_name)
    )
    return [Found(row[0], SecurableKind(row[1]), row[2], row[3], row[4]) for row in connection.execute(query)]


def _rare(connection: Connection, wanted: Wanted) -> Guesses:
    """One of the words that all have to be there, if few things have it: then only those are looked at."""
    if not wanted.all_words or len(wanted.words) < 2:
        return {}
    p = search_postings.c
    found: list[tuple[int, Guesses]] = []
    for ids, places in zip(wanted.words, wanted.places, strict=True):
        if not places:
            some = select(p.document_id).where(p.word_id.in_(list(ids))).limit(_FEW + 1).subquery()
            found.append((connection.execute(select(func.count()).select_from(some)).scalar() or 0, ids))
    count, ids = min(found, key=lambda each: each[0], default=(_FEW + 1, {}))
    return ids if count <= _FEW else {}


def _best(wanted: Wanted, limit: int, offset: int, rare: Guesses) -> Any:
    """A page of the documents that answer. What each is called in full is looked up for a page, not for all that
    answer, unless the question is about it."""
    d, s = search_documents.c, securables.c
    score, count, source = d.boost, literal(0), search_documents
    conditions: list[Any] = []
    about_full_name = "." in wanted.text or wanted.inside is not None or wanted.owner is not None
    if about_full_name:
        source = source.join(securables, s.id == d.securable_id)
    if wanted.words:
        hits = _hits(wanted, rare)
        source = source.join(hits, hits.c.document_id == d.id)
        score, count = score + hits.c.score + _by_name(wanted.text, with_full_name=about_full_name), hits.c.words
        if wanted.all_words:
            conditions.append(count == len(wanted.words))
    if wanted.kinds:
        conditions.append(d.kind.in_([kind.value for kind in wanted.kinds]))
    if wanted.owner is not None:
        conditions.append(s.owner == wanted.owner)
    if wanted.inside is not None:
        conditions.append(_begins(s.full_name, f"{wanted.inside}."))
    if wanted.identities is not None:
        conditions.append(_touched_by(sorted(wanted.identities)))
    conditions += [_has_tag(tag) for tag in wanted.tag_words]
    query = select(d.id, d.securable_id, d.kind, d.name, score.label("score"), count.label("words"))
    return (
        query.select_from(source)
        .where(*conditions)
        .order_by(count.desc(), score.desc(), d.name, d.id)
        .limit(limit)
        .offset(offset)
        .subquery()
    )


def _by_name(text: str, *, with_full_name: bool) -> Any:
    """What is added where the question is the name itself, or its beginning."""
    name = plain_name(text)
    names = [search_documents.c.name, securables.c.full_name] if with_full_name else [search_documents.c.name]
    return case(
        (or_(*(each == name for each in names)), _WHOLE_NAME),
        (or_(*(_begins(each, name) for each in names)), _BEGINNING_OF_NAME),
        else_=0,
    )


def _hits(wanted: Wanted, rare: Guesses) -> Any:
    """A subquery with document_id, score and words: per document the sum over the words of the best each has there."""
    parts = [
        part
        for number, (ids, places) in enumerate(zip(wanted.words, wanted.places, strict=True))
        for part in (_in_text(number, ids, rare), _in_place(number, places) if places else None)
        if part is not None
    ]
    if len(parts) == 1:
        (part,) = parts
        c = part.subquery().c
        return select(c.document_id, c.score, literal(1).label("words")).subquery()
    every = union_all(*parts).subquery()
    if not any(wanted.places):
        c = every.c
        return (
            select(c.document_id, func.sum(c.score).label("score"), func.count().label("words"))
            .group_by(c.document_id)
            .subquery()
        )
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


def _in_text(number: int, ids: Guesses, rare: Guesses) -> Any:
    """One row per document that has one of the words: the best of them there."""
    p = search_postings.c
    by_quality: dict[int, list[int]] = {}
    for id, quality in ids.items():
        by_quality.setdefault(quality, []).append(id)
    *worse, best = sorted(by_quality) or [_EXACT]
    quality = case(*((p.word_id.in_(by_quality[each]), each) for each in worse), else_=best) if worse else best
    query = (
        select(p.document_id, literal(number).label("number"), func.max(_WEIGHT * quality // 100).label("score"))
        .where(p.word_id.in_(list(ids)), p.field != int(Field.TAG_FILTER))
        .group_by(p.document_id)
    )
    if rare and rare is not ids:
        few = search_postings.alias()
        query = query.where(p.document_id.in_(select(few.c.document_id).where(few.c.word_id.in_(list(rare)))))
    return query


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
