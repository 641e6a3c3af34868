"""The verb of search. Who may not know of a thing does not find it, and neither sees that there are more."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from boathouse.catalog.audit import Audit
from boathouse.catalog.grants import Grants
from boathouse.catalog.hierarchy import CONCERNS, NAMED_BY_LEVELS, ROOT
from boathouse.catalog.lawbook import LawBook
from boathouse.catalog.popularity import Popularity, Use
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.repository import Connection, search_index, search_query
from boathouse.catalog.repository import securables as rows
from boathouse.catalog.repository.search_index import tag_word
from boathouse.catalog.repository.search_query import Found, Wanted
from boathouse.catalog.rules import effective_privileges, owns
from boathouse.catalog.search.words import asked_words, parts_of, words_of
from boathouse.catalog.securables import Securable, SecurableKind
from boathouse.foundation.errors import Denied, InvalidInput
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database

MOST_HITS = 200
_LONGEST_QUESTION = 500
_MOST_WORDS = 12
_MOST_COLUMNS_SHOWN = 5

_BELOW_THE_ROOT = frozenset[Privilege]().union(*(CONCERNS[kind] for kind in CONCERNS if kind != ROOT[0]))
"""The privileges by which somebody may know of more than the metastore."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody looks for."""

    text: str = ""
    kinds: tuple[SecurableKind, ...] = ()
    tags: tuple[str, ...] = ()
    """``pii`` for any value of it, ``pii=email`` for one."""
    owner: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found, and why."""

    securable: Securable
    score: int
    columns: tuple[str, ...] = field(default=())
    """The columns of a table that the words have met."""
    matched: tuple[str, ...] = field(default=())
    """Where else the words stand: ``name``, ``comment``, ``owner``, ``tag team``."""
    use: Use = Use()  # noqa: RUF009 (it is frozen)


class Search:
    """Finds what there is."""

    def __init__(self, database: Database, audit: Audit, grants: Grants, popularity: Popularity, book: LawBook) -> None:
        self._database = database
        self._book = book
        self._audit = audit
        self._grants = grants
        self._popularity = popularity

    def find(self, principal: Principal, question: Question) -> list[Hit]:
        """What answers the question and may be known to the principal, the best first.

        Raises:
            InvalidInput: Nothing is asked, or too much.
        """
        question = replace(question, text=question.text.encode(errors="replace").decode().replace("\0", " "))
        words, tags = _checked(question), tuple(_tag_word(tag) for tag in question.tags)
        params = {"text": question.text, "tags": ", ".join(question.tags) or None, "owner": question.owner}
        with self._audit.verb(principal, "catalog", "search", params=params):
            self._popularity.settle()
            with self._database.read() as connection:
                found, met = self._found(connection, principal, question, words, tags)
                return self._shown(connection, found, met)

    def suggest(self, principal: Principal, name: str) -> list[str]:
        """Full names that may have been meant by one that does not exist."""
        words = asked_words(name.rpartition(".")[2])[:1]
        if not words:
            return []
        with self._database.read() as connection:
            found, _ = self._found(connection, principal, Question(words[0], limit=5), words)
        return [each.full_name for each in found if each.kind in NAMED_BY_LEVELS]

    def rebuild(self, principal: Principal) -> int:
        """Make the index anew; how many things are in it. For administrators.

        Raises:
            Denied: The principal is none.
        """
        with self._audit.verb(principal, "catalog", "rebuildSearchIndex"):
            if not principal.is_admin:
                raise Denied("Only administrators rebuild the index of search.")
            with self._database.write() as connection:
                return search_index.rebuild(connection)

    def fill_if_empty(self) -> None:
        """Index what was there before there was an index."""
        with self._database.read() as connection:
            if not search_index.is_empty(connection):
                return
        with self._database.write() as connection:
            search_index.rebuild(connection)

    def _found(
        self,
        connection: Connection,
        principal: Principal,
        question: Question,
        words: Sequence[str],
        tags: tuple[str, ...] = (),
    ) -> tuple[list[Found], set[str]]:
        """First what has all words as they stand; then with typing errors, also in parts of names; then what has some
        of them."""
        met: set[str] = set()
        found: list[Found] = []
        place, words = _placed(question.text, words)
        identities = None if self._sees_everything(principal) else frozenset(principal.identities)
        for asked, boldly, all_words in _attempts(words):
            guessed = [search_query.guesses(connection, word, boldly=boldly) for word in asked]
            places = [search_query.places_named(connection, word) if len(asked) > 1 else () for word in asked]
            wanted = Wanted(
                question.text,
                tuple(dict(each.values()) for each in guessed),
                tuple(places),
                question.kinds,
                tags,
                question.owner,
                all_words,
                place,
                identities,
            )
            met |= {word for each in guessed for word in each}
            found = self._visible(connection, principal, wanted, question.limit)
            if found:
                break
        return found[: question.limit], met

    def _sees_everything(self, principal: Principal) -> bool:
        """Whether there is no point in leaving out what the principal has nothing to do with: what is held on the root
        is held on all."""
        if principal.is_admin:
            return True
        chain = self._book.chain(ROOT) or ()
        held = effective_privileges(principal.identities, chain)
        return owns(principal.identities, chain) or not held.isdisjoint(_BELOW_THE_ROOT)

    def _visible(self, connection: Connection, principal: Principal, wanted: Wanted, limit: int) -> list[Found]:
        visible: list[Found] = []
        batch, offset = max(limit, 50), 0
        while len(visible) < limit:
            found = search_query.documents(connection, wanted, limit=batch, offset=offset)
            by_kind: dict[SecurableKind, list[str]] = {}
            for each in found:
                by_kind.setdefault(each.kind, []).append(each.full_name)
            known = {kind: self._grants.visible(principal, kind, names) for kind, names in by_kind.items()}
            visible += [each for each in found if each.full_name in known[each.kind]]
            if len(found) < batch:
                break
            offset, batch = offset + batch, 5_000
        return visible[:limit]

    def _shown(self, connection: Connection, found: Sequence[Found], met: set[str]) -> list[Hit]:
        ids = [each.securable_id for each in found]
        things = rows.by_ids(connection, ids)
        columns = search_query.columns_of(connection, ids)
        uses = self._popularity.of(connection, ids)
        return [
            Hit(
                things[each.securable_id],
                each.score,
                _columns_met(columns.get(each.securable_id), met),
                _places_met(things[each.securable_id], met),
                uses.get(each.securable_id, Use()),
            )
            for each in found
            if each.securable_id in things
        ]


def _checked(question: Question) -> list[str]:
    words = asked_words(question.text)
    if not words and question.text.strip():
        raise InvalidInput(f"There is no word in {question.text[:40]!r}.", hint="Search for letters or digits.")
    if not (words or question.kinds or question.tags or question.owner):
        raise InvalidInput("Nothing is asked for.", hint="Give a word, a kind, a tag or an owner.")
    if len(question.text) > _LONGEST_QUESTION or len(words) > _MOST_WORDS:
        raise InvalidInput(f"That is too much to search for: at most {_MOST_WORDS} words.")
    if not 1 <= question.limit <= MOST_HITS:
        raise InvalidInput(f"The limit must be 1 to {MOST_HITS}, not {question.limit}.")
    return words


def _attempts(words: Sequence[str]) -> Iterator[tuple[Sequence[str], bool, bool]]:
    """In which words to look, whether boldly, and whether all of them have to be there."""
    yield words, False, True
    if not words:
        return
    yield words, True, True
    parts = parts_of(words)[:_MOST_WORDS]
    if parts != list(words) and parts:
        yield parts, True, True
    if len(words) > 1:
        yield parts, True, False


def _placed(text: str, words: Sequence[str]) -> tuple[str | None, Sequence[str]]:
    """``prod.flights.del``: what begins so in a place; else all words, anywhere."""
    name = text.strip()
    if "." not in name or any(letter.isspace() for letter in name):
        return None, words
    place, _, last = name.rpartition(".")
    found = asked_words(last)
    return (place.casefold(), found) if found and len(found) == 1 else (None, words)


def _tag_word(tag: str) -> str:
    key, equals, value = tag.partition("=")
    if not key.strip():
        raise InvalidInput(f"{tag!r} is not a tag.", hint="Write key, or key=value.")
    return tag_word(key.strip(), value.strip() if equals else None)


def _columns_met(stored: str | None, met: set[str]) -> tuple[str, ...]:
    names = [column["name"] for column in json.loads(stored or "[]")]
    return tuple(name for name in names if not met.isdisjoint(_words_in(name)))[:_MOST_COLUMNS_SHOWN]


def _places_met(thing: Securable, met: set[str]) -> tuple[str, ...]:
    """What of a thing itself the words have met, the most telling first."""
    texts = {
        "name": thing.title or thing.full_name,
        **{f"tag {key}": f"{key} {value}" for key, value in thing.tags.items()},
        "comment": thing.comment or "",
        "owner": thing.owner,
    }
    return tuple(place for place, text in texts.items() if not met.isdisjoint(words_of(text)))


@lru_cache(maxsize=65_536)
def _words_in(name: str) -> frozenset[str]:
    return frozenset(words_of(name))
