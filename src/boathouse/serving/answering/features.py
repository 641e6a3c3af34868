"""Features at the time of a request: keys come in, what is known of them goes into the model.

All tables and functions are opened when an entity is loaded, from the snapshot alone. A feature that the request brings
stands as it was given. What is missing, stale or cannot be read is dealt with as the endpoint's policy says.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from boathouse.foundation.errors import BoathouseError, NotFound, Unavailable
from boathouse.serving.answering.refusals import FeaturesFailed
from boathouse.serving.answering.request_rows import key_reader, plain_value, rows_of
from boathouse.serving.endpoints.policy import FeatureRules, OnMissing
from boathouse.serving.scoring.nouns import Payload, ScoringFailed, Shape

if TYPE_CHECKING:
    from boathouse.features.feature_spec import FeatureSpec
    from boathouse.features.online.contract import OnlineTable
    from boathouse.features.online.reading import Reading, ReadRow
    from boathouse.features.specs.functions import OnDemand
    from boathouse.foundation.names import TableName

_MOST_READINGS = 32
"""Different sets of features that requests bring themselves; each has a compiled reading."""
_MOST_NAMED = 5


class FeaturesFell(ScoringFailed):
    """The policy says that the next rung answers."""


@dataclass(slots=True)
class Filled:
    """A request with its features."""

    payload: Payload
    """What the model takes."""
    values: Mapping[str, Sequence[Any]]
    """The features by name, row by row, computed ones among them."""
    used: bytes
    """For the journal: what was read, and when it was so."""


@dataclass(slots=True)
class _Read:
    """What a request has got so far."""

    rows: "list[ReadRow]"
    trouble: str | None = None
    values: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])


class RequestFeatures:
    """The features of one entity. For any thread."""

    def __init__(
        self,
        spec: "FeatureSpec",
        open_table: "Callable[[TableName], OnlineTable]",
        on_demand: "OnDemand | None",
        *,
        freshness_us: "Mapping[TableName, int]",
        is_fast: bool,
        whose: str,
    ) -> None:
        """
        Args:
            freshness_us: How old values of a table may be by its own promise, in microseconds.
            is_fast: Whether every table lies in this machine's memory, so that reading waits for nobody.

        Raises:
            NotFound: A table is not published.
        """
        from boathouse.features.online.reading import compile_reading

        self.spec = spec
        self.is_fast = is_fast and not spec.computations
        self._tables = {name: open_table(name) for name in spec.tables}
        self._open = self._tables.__getitem__
        self._on_demand = on_demand
        self._lock = threading.Lock()
        self._whose = whose
        self._looked_up = frozenset(output.name for lookup in spec.lookups for output in lookup.outputs)
        self._defaults = {output.name: output.default for lookup in spec.lookups for output in lookup.outputs}
        self._table_of = {output.name: lookup.table for lookup in spec.lookups for output in lookup.outputs}
        self._freshness = {name: freshness_us[table] for name, table in self._table_of.items() if table in freshness_us}
        self._read_key = {
            column: reader
            for lookup in spec.lookups
            for column, key in lookup.keys
            if (reader := key_reader(self._tables[lookup.table].schema.keys.field(key).type)) is not None
        }
        self._readings: dict[frozenset[str], Reading | None] = {}
        self._all = compile_reading(spec, self._open) if spec.lookups else None
        self._shown = tuple(name for name in spec.features if name not in spec.exclude)

    @property
    def names(self) -> tuple[str, ...]:
        return self.spec.features

    def fill(self, payload: Payload, rules: FeatureRules) -> Filled:
        """The request with its features.

        Raises:
            InvalidInput: A key or an argument is not given, or of a wrong type.
            FeaturesFailed: A feature is missing, stale or not to be read, and the policy refuses.
            FeaturesFell: As before, and the next rung of the ladder shall answer; ``values`` of it are lost.
        """
        rows = rows_of(payload) if payload.shape is not Shape.CSV else self._rows_of_text(payload)
        read = self._read(rows, rules)
        if read.trouble is not None:
            raise FeaturesFell(read.trouble)
        values = {name: _column(name, rows, read.rows) for name in self._looked_up}
        if self.spec.computations:
            self._compute(rows, values)
        return Filled(self._payload(payload, rows, values), values, _used(read.rows, values, self.spec))

    def outputs(self, filled: Filled) -> bytes:
        """The answer of a feature spec: one object for each row."""
        columns = [(name, filled.values[name]) for name in self._shown]
        rows = [{name: plain_value(values[at]) for name, values in columns} for at in range(filled.payload.rows)]
        return orjson.dumps(rows)

    def close(self) -> None:
        if self._on_demand is not None:
            self._on_demand.close()

    def _rows_of_text(self, payload: Payload) -> list[dict[str, Any]]:
        """CSV does not say what is a number."""
        from boathouse.serving.answering.request_frame import typed_table

        keys = {
            column: self._tables[lookup.table].schema.keys.field(key).type
            for lookup in self.spec.lookups
            for column, key in lookup.keys
        }
        return typed_table(payload.data, self.spec, keys).to_pylist()

    def _read(self, rows: list[dict[str, Any]], rules: FeatureRules) -> _Read:
        for column, reader in self._read_key.items():
            for row in rows:
                if (value := row.get(column)) is not None:
                    row[column] = reader(value)
        try:
            reading = self._reading(rows)
            found = self._nothing(rows) if reading is None else reading.rows(rows)
        except (Unavailable, NotFound) as error:
            return self._without_store(rows, rules, error)
        if reading is None:
            return _Read(found)
        trouble = None
        missing = {name: None for row in found for name in row.missing} if rules.missing is not OnMissing.USE else {}
        if missing:
            trouble = self._settled(rules.missing, f"no value is known of {_named(missing)}")
        if rules.stale is not OnMissing.USE and trouble is None and (stale := self._stale(found, rules)):
            trouble = self._settled(rules.stale, f"older than promised: {_named(stale)}")
        return _Read(found, trouble)

    def _reading(self, rows: list[dict[str, Any]]) -> "Reading | None":
        """The reading of what the rows do not all bring; a lookup of which everything is given needs no key."""
        if not rows or self._all is None:
            return None
        first = rows[0]
        brought = frozenset(name for name in self._looked_up.intersection(first) if all(name in row for row in rows))
        if not brought:
            return self._all
        if brought not in self._readings:
            if len(self._readings) >= _MOST_READINGS:
                self._readings.clear()
            self._readings[brought] = self._compiled_without(brought)
        return self._readings[brought]

    def _compiled_without(self, brought: frozenset[str]) -> "Reading | None":
        from boathouse.features.online.reading import compile_reading

        lookups = [
            replace(lookup, outputs=tuple(output for output in lookup.outputs if output.name not in brought))
            for lookup in self.spec.lookups
        ]
        needed = tuple(lookup for lookup in lookups if lookup.outputs)
        return compile_reading(replace(self.spec, steps=needed), self._open) if needed else None

    def _nothing(self, rows: list[dict[str, Any]]) -> "list[ReadRow]":
        from boathouse.features.online.reading import ReadRow

        return [ReadRow({name: row.get(name) for name in self._looked_up}, {}, ()) for row in rows]

    def _without_store(self, rows: list[dict[str, Any]], rules: FeatureRules, error: BoathouseError) -> _Read:
        from boathouse.features.online.reading import ReadRow

        trouble = self._settled(rules.store_down, f"features cannot be read: {error.message}", error)
        missing = tuple(self._looked_up)
        found = [ReadRow({**self._defaults, **_only(row, self._looked_up)}, {}, missing) for row in rows]
        return _Read(found, trouble)

    def _settled(self, rule: OnMissing, what: str, error: BoathouseError | None = None) -> str | None:
        """What is wrong, if the ladder shall answer."""
        match rule:
            case OnMissing.USE:
                return None
            case OnMissing.FALL:
                return what
            case OnMissing.REFUSE:
                raise FeaturesFailed(
                    f"{self._whose} cannot answer: {what}.", hint="The endpoint's policy refuses to answer without."
                ) from error

    def _stale(self, found: "Sequence[ReadRow]", rules: FeatureRules) -> dict[str, None]:
        from boathouse.foundation.spans import parse_span

        now = time.time_ns() // 1000
        own = None if rules.stale_after is None else round(parse_span(rules.stale_after).total_seconds() * 1_000_000)
        stale: dict[str, None] = {}
        for row in found:
            for name, event in row.event.items():
                limit = own if own is not None else self._freshness.get(name)
                if event is not None and limit is not None and now - event > limit:
                    stale[name] = None
        return stale

    def _compute(self, rows: list[dict[str, Any]], values: dict[str, list[Any]]) -> None:
        """Add the computed features, in their order: a later one may take an earlier one."""
        from boathouse.serving.answering.request_frame import request_frame

        assert self._on_demand is not None
        for step in self.spec.computations:
            if rows and all(step.name in row for row in rows):
                values[step.name] = [row[step.name] for row in rows]
                continue
            frame = request_frame(rows, values, self.spec, [column for _, column in step.inputs])
            with self._lock:  # one process, or one connection, serves one call at a time
                values[step.name] = self._on_demand.apply(step, frame).to_pylist()

    def _payload(self, payload: Payload, rows: list[dict[str, Any]], values: Mapping[str, Sequence[Any]]) -> Payload:
        given = dict.fromkeys(name for row in rows for name in row)
        if not self.spec.inputs:
            return self._everything(payload, rows, values, list(given))
        columns = [name for name in self.spec.inputs if name in values or name in given]
        data = [
            [plain_value(values[name][at]) if name in values else row.get(name) for name in columns]
            for at, row in enumerate(rows)
        ]
        return Payload(Shape.SPLIT, payload.rows, columns, data, payload.params, payload.client_request_id)

    def _everything(
        self, payload: Payload, rows: list[dict[str, Any]], values: Mapping[str, Sequence[Any]], given: list[str]
    ) -> Payload:
        """All that came and was read, row by row: side by side, names that few rows have would fill the memory."""
        shown = [name for name in dict.fromkeys([*self._shown, *given]) if name in values]
        data = [{**row, **{name: plain_value(values[name][at]) for name in shown}} for at, row in enumerate(rows)]
        columns = [*given, *(name for name in shown if name not in given)]
        return Payload(Shape.RECORDS, payload.rows, columns, data, payload.params, payload.client_request_id)


def _column(name: str, rows: list[dict[str, Any]], found: "Sequence[ReadRow]") -> list[Any]:
    """What was read; of a feature that all rows bring, and that is not read, what they bring."""
    return [read.values[name] if name in read.values else row.get(name) for row, read in zip(rows, found, strict=True)]


def _used(found: "Sequence[ReadRow]", values: Mapping[str, Sequence[Any]], spec: "FeatureSpec") -> bytes:
    computed = [step.name for step in spec.computations]
    rows: list[dict[str, Any]] = []
    for at, row in enumerate(found):
        shown = row.values if not computed else {**row.values, **{name: values[name][at] for name in computed}}
        rows.append({"values": shown, "event": row.event})
    return orjson.dumps(rows, default=_json_value, option=orjson.OPT_NON_STR_KEYS)


def _json_value(value: Any) -> Any:
    plain = plain_value(value)
    return str(plain) if plain is value else plain


def _only(row: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in names}


def _named(names: Mapping[str, None]) -> str:
    shown = list(names)
    return ", ".join(shown[:_MOST_NAMED]) + (
        f" and {len(shown) - _MOST_NAMED} more" if len(shown) > _MOST_NAMED else ""
    )
