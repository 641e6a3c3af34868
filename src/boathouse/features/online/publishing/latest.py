# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The latest known value per key: of the rows that are known now, the one with the latest event time.

The engine finds the winners by their keys and clocks alone, then reads the features of the winners. Rows are numbered
in the order of the table, since of rows with one key and the same clocks the last one counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa

from boathouse.features.tables.feature_tables import FeatureTable
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.lake import EngineQuery, Snapshot
from boathouse.lake.engine import Engine
from boathouse.lake.schema import identifier

EVENT, KNOWN, TIED = "__event", "__known", "__tied"
_ROW = "__row"

OUR_NAMES = frozenset(
    ("__event", "__known", "__row", "__found", "__here", "__hash", "__sign", "__compared", "__missing", "__extra",
     "__was", "__since", "__twice", "__offline", "__online", "__tied")
)  # fmt: skip
"""Columns that queries and stores add to those of a table."""

_MOST_BITS = 126
"""Of DuckDB's largest integer, without its sign."""

_ANY_ROW = (1 << 34) - 1
"""The number of a row in a table of which only some rows were counted."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is published of a feature table at one version, and for which instant."""

    table: FeatureTable
    snapshot: Snapshot
    features: tuple[str, ...]
    now: int
    """Microseconds since 1970-01-01 UTC, as all instants here. Nothing that was known later counts."""
    time_to_live: timedelta | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return self.table.entity_keys

    @property
    def key_schema(self) -> pa.Schema:
        return pa.schema([self.snapshot.arrow_schema.field(name) for name in self.keys])

    @property
    def feature_schema(self) -> pa.Schema:
        return pa.schema([self.snapshot.arrow_schema.field(name) for name in self.features])

    @property
    def has_time(self) -> bool:
        return self.table.timeseries_column is not None

    @property
    def expired_before(self) -> int | None:
        """Event times that are too old; None where nothing expires."""
        return None if self.time_to_live is None else self.now - microseconds(self.time_to_live)


@dataclass(frozen=True, slots=True)
class Survey:
    """What the clocks of some rows say."""

    rows: int
    skipped: int
    """Rows without a whole key."""
    next_known: int | None
    """When the first value that is not known yet will be."""
    first: int
    last: int
    """Of all event and known times that count."""


def published_features(table: FeatureTable, features: Sequence[str] | None) -> tuple[str, ...]:
    """The features that are asked for, or all.

    Raises:
        InvalidInput: There is no such feature.
    """
    for name in features or ():
        if name not in table.features:
            what = "is a key or a clock" if name in {*table.primary_keys, table.known.column} else "is not there"
            raise InvalidInput(
                f"The feature {name} of {table.name} cannot be published: it {what}.",
                hint=did_you_mean(name, table.features) or f"There are {', '.join(table.features[:20])}.",
            )
    chosen = tuple(dict.fromkeys(features)) if features else tuple(table.features)
    clocks = [each for each in (table.timeseries_column, table.known.column) if each]
    if taken := next((name for name in (*table.entity_keys, *clocks, *chosen) if name in OUR_NAMES), None):
        raise InvalidInput(
            f"The column {taken} of {table.name} cannot be published: publishing has one of that name itself.",
            hint="Publish the other features (features=[...]), or call it otherwise.",
        )
    return chosen


def survey(engine: Engine, source: Source, asked: pa.Table | None = None) -> Survey:
    """Look through the clocks of all rows, or of those with the keys that are asked for."""
    event, known = _clocks(source)
    whole = _whole_key(source)
    counts = f"count(*)::BIGINT AS rows, (count(*) FILTER (NOT ({whole})))::BIGINT AS skipped"
    if not source.has_time:
        clocks = "NULL::BIGINT AS next, NULL::BIGINT AS first, NULL::BIGINT AS last"
        text = f"SELECT {counts}, {clocks} FROM {_rows(source, asked)}"
    else:
        effective = f"greatest({event}, {known})"
        sound = f"{whole} AND {event} IS NOT NULL AND {known} IS NOT NULL"
        text = (
            f"SELECT {counts}, min({effective}) FILTER ({sound} AND {effective} > {source.now}) AS next, "
            f"least(min({event}) FILTER ({sound}), min({known}) FILTER ({sound})) AS first, "
            f"max({effective}) FILTER ({sound} AND {effective} <= {source.now}) AS last FROM {_rows(source, asked)}"
        )
    columns = _run(engine, source, text, asked).to_pydict().values()
    rows, skipped, next_known, first, last = (column[0] for column in columns)
    return Survey(rows, skipped, next_known, first or 0, last or 0)


def latest(
    engine: Engine, source: Source, known: Survey, asked: pa.Table | None = None, *, sample: int | None = None
) -> Iterator[pa.Table]:
    """One row per key that has a value: its keys, its features, :data:`EVENT`, :data:`KNOWN`, and :data:`TIED`: whether
    it is the latest of its key only by its place in the table.

    Args:
        asked: Keys, if not all are meant.
        sample: Only so many keys, chosen by a hash of theirs.
    """
    schema = latest_schema(source).append(pa.field(TIED, pa.bool_()))
    text = latest_sql(source, known, asked is not None, sample, with_ties=True)
    for batch in engine.run(EngineQuery(text, **_sources(source, asked))).reader():
        if batch.num_rows:
            yield pa.Table.from_batches([batch]).cast(schema)


def latest_schema(source: Source) -> pa.Schema:
    """The columns of :func:`latest` but the last."""
    clocks = [pa.field(name, pa.int64()) for name in (EVENT, KNOWN)]
    return pa.schema([*source.key_schema, *source.feature_schema, *clocks])


def latest_sql(
    source: Source, known: Survey, asked: bool = False, sample: int | None = None, *, with_ties: bool = False
) -> str:
    """The query behind :func:`latest`; it reads the table ``source``, and the keys of ``asked``."""
    event, known_at = _clocks(source)
    keys, columns = _names(source.keys), _names([*source.keys, *source.features])
    clocks = [each for each in (source.table.timeseries_column, source.table.known.column) if each]
    wanted = _names(dict.fromkeys([*source.keys, *clocks]))
    numbered = f"SELECT {wanted}, row_number() OVER () AS {_ROW} FROM source"
    met = f" SEMI JOIN asked USING ({keys})" if asked else ""
    having = "" if source.expired_before is None else f" HAVING max({event}) >= {source.expired_before}"
    rows = _ANY_ROW if asked else known.rows
    last, tied = _winner(source, known, rows), ""
    if with_ties:
        first = _winner(source, known, rows, f"({rows} - {_ROW})")
        tied = f", {last} <> {rows} - {first} AS {TIED}"
    winners = (
        f"SELECT {last} AS {_ROW}{tied}, {keys} FROM ({numbered}){met} "
        f"WHERE {_known_by_now(source)} GROUP BY {keys}{having}"
    )
    if sample is not None:
        winners += f" ORDER BY hash({keys}) LIMIT {int(sample)}"
    read = _names(dict.fromkeys([*source.keys, *source.features, *clocks]))
    found = f"{_ROW}, {TIED}" if with_ties else _ROW
    return (
        f"SELECT {columns}, {event} AS {EVENT}, {known_at} AS {KNOWN}{f', {TIED}' if with_ties else ''} "
        f"FROM (SELECT {read}, row_number() OVER () AS {_ROW} FROM source) "
        f"JOIN (SELECT {found} FROM ({winners})) AS winners USING ({_ROW})"
    )


def turned(engine: Engine, source: Source, since: int) -> pa.Table:
    """Keys whose value changes by the passing of time alone: of which a row became known since, or a value expired."""
    event, known = _clocks(source)
    effective = f"greatest({event}, {known})"
    conditions = [f"({effective} > {since} AND {effective} <= {source.now})"]
    if source.expired_before is not None:
        gone = source.expired_before - (source.now - since)
        conditions.append(f"({event} >= {gone} AND {event} < {source.expired_before})")
    text = (
        f"SELECT DISTINCT {_names(source.keys)} FROM source WHERE {_whole_key(source)} AND ({' OR '.join(conditions)})"
    )
    return _run(engine, source, text, None).cast(source.key_schema)


def microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _known_by_now(source: Source) -> str:
    """Which rows count, as SQL."""
    conditions = [_whole_key(source)]
    if source.has_time:
        conditions += [f"{clock} <= {source.now}" for clock in _clocks(source)]
    return " AND ".join(conditions)


def _winner(source: Source, known: Survey, rows: int, place: str = _ROW) -> str:
    """The place of the row with the latest event time, then the latest known time, then the last place.

    One integer that holds all three is compared many times faster than three.
    """
    if not source.has_time:
        return f"max({place})"
    event, known_at = _clocks(source)
    row_bits = max(rows.bit_length(), 1)
    if source.table.known.column is None:
        parts, bits = [(event, 64), (place, row_bits)], 64 + row_bits
    else:
        span = max((known.last - known.first).bit_length(), 1)
        parts = [(f"({event} - {known.first})", span), (f"({known_at} - {known.first})", span), (place, row_bits)]
        bits = 2 * span + row_bits
    if bits > _MOST_BITS:
        return f"max(struct_pack(a := {event}, b := {known_at}, c := {place})).c"
    packed = f"{parts[0][0]}::HUGEINT"
    for value, width in parts[1:]:
        packed = f"({packed} * {1 << width}::HUGEINT + {value})"
    return f"(max({packed}) & {(1 << row_bits) - 1}::HUGEINT)::BIGINT"


def _clocks(source: Source) -> tuple[str, str]:
    """Event and known time in microseconds, as SQL; nulls for a table without time."""
    name, known = source.table.timeseries_column, source.table.known
    if name is None:
        return "NULL::BIGINT", "NULL::BIGINT"
    event = _instant(source, name)
    if known.column is not None:
        return event, _instant(source, known.column)
    return event, f"({event} + {microseconds(known.lag)})" if known.lag else event


def _instant(source: Source, column: str) -> str:
    is_date = pa.types.is_date(source.snapshot.arrow_schema.field(column).type)
    return f"epoch_us({identifier(column)}{'::TIMESTAMP' if is_date else ''})"


def _whole_key(source: Source) -> str:
    return " AND ".join(f"{identifier(key)} IS NOT NULL" for key in source.keys)


def _names(columns: Any) -> str:
    return ", ".join(identifier(column) for column in columns)


def _rows(source: Source, asked: pa.Table | None) -> str:
    return "source" if asked is None else f"source SEMI JOIN asked USING ({_names(source.keys)})"


def _run(engine: Engine, source: Source, text: str, asked: pa.Table | None) -> pa.Table:
    return engine.run(EngineQuery(text, **_sources(source, asked))).arrow()


def _sources(source: Source, asked: pa.Table | None) -> dict[str, Any]:
    return {"snapshots": {"source": source.snapshot}, "arrow": {} if asked is None else {"asked": asked}}
