"""The inference tables of endpoints: made when the first rows come, found again by id, written as the endpoint's owner.

Whatever is done to a table, capture goes on. One that was renamed is followed; one that was dropped is made again; a
column that is missing is added; values that a column does not take any more go to one beside it; and a table that takes
no rows at all (a constraint, a column that must not be null) is left as it is, and another one takes its place.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from boathouse.catalog import Catalog
from boathouse.catalog.repository import securables
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.lake.commits import Turn
from boathouse.serving.capture import repository
from boathouse.serving.capture.contexts import KnownEndpoint
from boathouse.serving.capture.layout import PARTITION, TableKind, schema_of
from boathouse.serving.capture.taken_apart import Columns
from boathouse.session import Session
from boathouse.session.appending import Appender
from boathouse.session.running.writes import TableShape

log = logging.getLogger(__name__)

_ASKED_AGAIN_SECONDS = 300.0
"""How long the owner's right to write counts as given; what a change of grants takes to be felt."""
_MOST_TABLES = 20
_MOST_ROUNDS = 5

SessionOf = Callable[[Principal], Session]


@dataclass(slots=True)
class _Open:
    """A table as it was opened."""

    table_id: str
    appender: Appender
    opened_at: float
    taken: dict[str, int] = field(default_factory=dict[str, int])
    asked: set[str] = field(default_factory=set[str])
    owed: dict[str, int] = field(default_factory=dict[str, int])
    """What has landed in the table that this one replaces: its first commit says so, too."""


class InferenceTables:
    """Adds rows to the tables of endpoints, each exactly once."""

    def __init__(self, catalog: Catalog, session_of: SessionOf, clock: Clock) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._session_of = session_of
        self._clock = clock
        self._open: dict[tuple[str, str, TableKind], _Open] = {}

    def taken(self, endpoint: KnownEndpoint, kind: TableKind, writers: Sequence[str]) -> Mapping[str, int]:
        """How far the work of each writer has landed in the endpoint's table.

        Raises:
            BoathouseError: The table cannot be asked.
        """
        opened = self._opened(endpoint, kind)
        if opened is None:
            return {}
        new = [writer for writer in writers if writer not in opened.asked]
        if new:
            opened.taken |= opened.appender.taken(new)
            opened.asked |= set(new)
        return {writer: opened.taken[writer] for writer in writers if writer in opened.taken}

    def append(self, endpoint: KnownEndpoint, kind: TableKind, columns: Columns, turns: Sequence[Turn]) -> TableName:
        """Add rows, in the turns of those whose work is in them; says to which table.

        Raises:
            Conflict: Somebody else has taken one of the turns; ask what is taken now.
            BoathouseError: The rows cannot be written now.
        """
        for _ in range(_MOST_ROUNDS):
            opened = self._opened(endpoint, kind) or self._made(endpoint, kind)
            due = [turn for turn in turns if turn.number > opened.taken.get(turn.writer, 0)]
            if not due or not columns.count:
                return opened.appender.name
            due += _owed(opened, {turn.writer for turn in due})
            try:
                opened.appender.append(columns.table(opened.appender.schema), due)
            except InvalidInput as error:
                self._leave(endpoint, kind, opened, error)
                continue
            except Conflict:
                self._open.pop((endpoint.endpoint_id, _target(endpoint), kind), None)
                raise
            if self._name_of(opened.table_id) is not None:  # else it was dropped meanwhile
                opened.taken |= {turn.writer: turn.number for turn in due}
                opened.owed.clear()
                return opened.appender.name
        raise Conflict(f"The inference table of {endpoint.name} is changed by others so often that it takes no rows.")

    def _opened(self, endpoint: KnownEndpoint, kind: TableKind) -> _Open | None:
        """The table, under the name it has now; None when there is none."""
        key = (endpoint.endpoint_id, _target(endpoint), kind)
        with self._database.read() as connection:
            table_id = repository.find(connection, endpoint.endpoint_id, kind.value, _target(endpoint))
        name = None if table_id is None else self._name_of(table_id)
        if table_id is None or name is None:
            return None
        known = self._open.get(key)
        is_same = known is not None and known.table_id == table_id and str(known.appender.name) == name
        if known is not None and is_same and time.monotonic() - known.opened_at < _ASKED_AGAIN_SECONDS:
            return known
        opened = _Open(table_id, self._session(endpoint).open_appender(TableName.parse(name)), time.monotonic())
        if known is not None and known.table_id == table_id:
            opened.taken, opened.asked, opened.owed = known.taken, known.asked, known.owed
        elif known is not None:
            opened.owed = {**known.owed, **known.taken}
            opened.taken = dict(opened.appender.taken(list(opened.owed)))
        self._open[key] = opened
        return opened

    def _made(self, endpoint: KnownEndpoint, kind: TableKind) -> _Open:
        """A new table, or one that is there already and looks like ours."""
        session = self._session(endpoint)
        for name in _names(endpoint, kind):
            try:
                session.create_table(name, _shape(endpoint, kind))
                log.info("The inference table %s of endpoint %s is there.", name, endpoint.name)
            except AlreadyExists:
                if not self._is_ours(name, endpoint, kind):
                    continue
            self._remember(endpoint, kind, name)
            opened = self._opened(endpoint, kind)
            if opened is not None:
                return opened
        raise Conflict(f"All names for the {kind.value} table of endpoint {endpoint.name} are taken by other tables.")

    def _is_ours(self, name: TableName, endpoint: KnownEndpoint, kind: TableKind) -> bool:
        with self._database.read() as connection:
            table = securables.find_table(connection, str(name))
        if table is None or table.view is not None:
            return False
        columns = {column.name for column in table.columns}
        return {"databricks_request_id", PARTITION, *_MARKS[kind]} <= columns

    def _leave(self, endpoint: KnownEndpoint, kind: TableKind, opened: _Open, error: InvalidInput) -> None:
        """Go on in another table."""
        left = opened.appender.name
        log.warning("The table %s takes no more rows of endpoint %s: %s", left, endpoint.name, error)
        session = self._session(endpoint)
        for name in _names(endpoint, kind):
            try:
                session.create_table(name, _shape(endpoint, kind))
            except AlreadyExists:
                continue
            self._take_over(session, name, opened)
            self._remember(endpoint, kind, name)
            return
        raise error

    def _take_over(self, session: Session, name: TableName, opened: _Open) -> None:
        """Say in the log of a new table what has landed in the one before, while that one still counts: whoever dies
        now, and whenever, nothing is written to both."""
        landed = {**opened.owed, **opened.taken}
        if landed:
            turns = [Turn(writer, number) for writer, number in landed.items()]
            appender = session.open_appender(name)
            appender.append(appender.schema.empty_table(), turns)

    def _remember(self, endpoint: KnownEndpoint, kind: TableKind, name: TableName) -> None:
        with self._database.write() as connection:
            table = securables.find_table(connection, str(name))
            if table is None:
                raise NotFound(f"Table {name} is not there any more.")
            now = epoch_ms(self._clock.now())
            key = (endpoint.endpoint_id, kind.value, _target(endpoint))
            repository.put(connection, repository.Kept(*key, endpoint.name, table.securable.id, str(name), now))

    def _name_of(self, table_id: str) -> str | None:
        with self._database.read() as connection:
            found = securables.find_by_id(connection, table_id)
        return None if found is None else found.full_name

    def _session(self, endpoint: KnownEndpoint) -> Session:
        return self._session_of(self._catalog.identities.as_owner(endpoint.owner) if endpoint.owner else SYSTEM)


def _owed(opened: _Open, writers: Collection[str]) -> list[Turn]:
    owed = {writer: number for writer, number in opened.owed.items() if writer not in writers}
    return [Turn(writer, number) for writer, number in owed.items() if number > opened.taken.get(writer, 0)]


_MARKS = {TableKind.PAYLOAD: ("request", "response"), TableKind.PREDICTIONS: ("row_number",)}


def _target(endpoint: KnownEndpoint) -> str:
    target = endpoint.target
    return "" if target is None else target.full_prefix


def _names(endpoint: KnownEndpoint, kind: TableKind) -> list[TableName]:
    """Under which names the table may stand, the wanted one first."""
    target = endpoint.target
    if target is None:
        raise NotFound(f"Endpoint {endpoint.name} has no inference table.")
    plain = f"{target.prefix}_{kind.value}"
    names = [plain, *(f"{plain}_{number}" for number in range(2, _MOST_TABLES))]
    return [TableName(target.catalog, target.schema, name) for name in names]


def _shape(endpoint: KnownEndpoint, kind: TableKind) -> TableShape:
    what = "Requests to and answers of" if kind is TableKind.PAYLOAD else "Inputs, features and predictions of"
    return TableShape(schema_of(kind), (PARTITION,), f"{what} the endpoint {endpoint.name}.")
