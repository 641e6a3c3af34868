# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""What feature tables say: as they are now or as they were at some instant, looked up as of each request."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa

from boathouse.features.clocks import AT_ONCE
from boathouse.features.feature_spec import FeatureSpec, Lookup, Output
from boathouse.features.specs.augmenting import look_up_all
from boathouse.features.tables.opening import open_features
from boathouse.features.tables.reading import FeatureRows
from boathouse.foundation.names import TableName
from boathouse.lake.snapshots import dated_commits
from boathouse.serving.answering.request_rows import key_reader, plain_value
from boathouse.serving.skew.nouns import AskedRow
from boathouse.session import Session

AT = "__asked_at"
EVENT = "__event_of_"
"""Before the name of a feature: of when the value is that the table gives."""
KNOWN = "__known_since"
_MOST_TOLD = 2_000_000
"""Values that are remembered at a time, of all lookups and versions."""

_Question = tuple[str, datetime | None]
"""The keys, written out, and the instant."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a table and since when it is."""

    number: int
    since: datetime


class OfflineTables:
    """The tables of a spec, at any version."""

    def __init__(self, session: Session, spec: FeatureSpec) -> None:
        self._session = session
        self._spec = spec
        self._newest = open_features(session, spec.tables, {}) if spec.tables else None
        self._opened: dict[tuple[TableName, int], FeatureRows] = {}
        self._values_told = 0
        self._told: dict[tuple[str, int | None], dict[_Question, tuple[Any, ...]]] = {}
        """What was said before, by lookup and version: callers ask about the same things, features about the same rows,
        and each time a whole table is laid out."""

    def freshness_seconds(self, table: TableName) -> float | None:
        """How old the newest values may be, as the table promises."""
        assert self._newest is not None
        promised = self._newest.feature_tables[table].freshness
        return None if promised is None else promised.total_seconds()

    def versions(self, table: TableName) -> list[Version]:
        """All that can be read still, the oldest first."""
        (opened,) = self._session.open_tables([table])
        commits = dated_commits(opened.snapshot.location)
        return [Version(commit.version, commit.timestamp) for commit in commits]

    def values(self, lookup: Lookup, rows: Sequence[AskedRow], version: int | None = None) -> dict[str, list[Any]]:
        """What a table says of each row at its instant, by output; and of when that is. The instant is the one that the
        caller gave in the lookup's time column, else that of the request."""
        outputs = list(lookup.outputs)
        if lookup.event is not None:
            outputs += [Output(lookup.event, EVENT + each.name, "timestamp") for each in lookup.outputs[:1]]
        wanted = replace(lookup, at=AT if lookup.event is not None else None, outputs=tuple(outputs))
        return self._looked_up(wanted, rows, [asked_at(row, lookup) for row in rows], version)

    def values_of(self, lookup: Lookup, rows: Sequence[AskedRow], name: str) -> list[Any]:
        """What a table says now of the instants that the online values were of, whenever it became known."""
        events = [instant_of(row.events.get(name)) for row in rows]
        wanted = replace(lookup, at=AT, known=AT_ONCE, lookback=None)
        return self._looked_up(wanted, rows, events, None)[name]

    def known_then(
        self, lookup: Lookup, rows: Sequence[AskedRow], name: str, instants: Sequence[datetime | None]
    ) -> list[tuple[Any, int | None]]:
        """What a feature was at some instants as known then, and since when that could be known, in microseconds.

        For tables that say in a column when each row became known.
        """
        assert lookup.event is not None
        assert lookup.known.column is not None
        outputs = (
            *lookup.outputs,
            Output(lookup.event, EVENT, "timestamp"),
            Output(lookup.known.column, KNOWN, "timestamp"),
        )
        found = self._looked_up(replace(lookup, at=AT, outputs=outputs), rows, instants, None)
        since = [
            None if known is None else max(microseconds_of(event) or 0, microseconds_of(known) or 0)
            for event, known in zip(found[EVENT], found[KNOWN], strict=True)
        ]
        return list(zip(found[name], since, strict=True))

    def _looked_up(
        self, lookup: Lookup, rows: Sequence[AskedRow], at: Sequence[datetime | None], version: int | None
    ) -> dict[str, list[Any]]:
        told = self._told.get(source := (repr(lookup), version), {})
        keys = [[row.inputs.get(column) for column, _ in lookup.keys] for row in rows]
        questions = [(repr(each), instant) for each, instant in zip(keys, at, strict=True)]
        new = {question: each for question, each in zip(questions, keys, strict=True) if question not in told}
        if self._values_told + len(new) * len(lookup.outputs) > _MOST_TOLD:
            self._told.clear()
            self._values_told, told, new = 0, {}, dict(zip(questions, keys, strict=True))
        if new:
            found = self._asked(lookup, list(new.values()), [instant for _, instant in new], version)
            told |= zip(new, zip(*(found[each.name] for each in lookup.outputs), strict=True), strict=True)
            self._told[source] = told
            self._values_told += len(new) * len(lookup.outputs)
        answers = [told[question] for question in questions]
        return {each.name: [answer[place] for answer in answers] for place, each in enumerate(lookup.outputs)}

    def _asked(
        self, lookup: Lookup, keys: Sequence[Sequence[Any]], at: Sequence[datetime | None], version: int | None
    ) -> dict[str, list[Any]]:
        source = self._rows(lookup.table, version)
        columns = {
            column: _keys([each[place] for each in keys], source.schema.field(key).type)
            for place, (column, key) in enumerate(lookup.keys)
        }
        frame = pa.table({**columns, AT: pa.array(at, pa.timestamp("us", "UTC"))})
        if (
            lookup.event is not None
            and pa.types.is_timestamp(kind := source.schema.field(lookup.event).type)
            and kind.tz is None
        ):
            frame = frame.set_column(frame.num_columns - 1, AT, frame.column(AT).cast(pa.timestamp("us")))
        spec = FeatureSpec(steps=(lookup,))
        found = look_up_all(frame, spec, {lookup.table: source}).features
        return {name: column.to_pylist() for name, column in found.items()}

    def _rows(self, table: TableName, version: int | None) -> FeatureRows:
        assert self._newest is not None
        if version is None:
            return self._newest.tables[table]
        if (table, version) not in self._opened:
            opened = open_features(self._session, [table], {table: version})
            self._opened[table, version] = opened.tables[table]
        return self._opened[table, version]


def asked_at(row: AskedRow, lookup: Lookup) -> datetime:
    """The instant that a row was asked about, as far as it says one: a replayed year has its own clock."""
    said = row.inputs.get(lookup.at) if lookup.at is not None else None
    if not isinstance(said, str):
        return row.at
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return row.at
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def as_captured(value: Any) -> Any:
    """A value of a table as it would stand in the journal."""
    return orjson.loads(orjson.dumps(plain_value(value), default=str, option=orjson.OPT_NON_STR_KEYS))


def microseconds_of(value: Any) -> int | None:
    """An event time of a table as the journal has it."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    since = (value if value.tzinfo else value.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return round(since.total_seconds() * 1_000_000)


def _keys(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Keys as the table has them; what is none there finds nothing."""
    reader = key_reader(kind)
    made: list[Any] = []
    for value in values:
        try:
            read = value if value is None or reader is None else reader(value)
            made.append(pa.scalar(read, kind).as_py())
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError, OverflowError):
            made.append(None)
    return pa.array(made, kind)


def instant_of(microseconds: int | None) -> datetime | None:
    """The instant that the journal has as a number."""
    if microseconds is None:
        return None
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(microsecond=microseconds % 1_000_000)
