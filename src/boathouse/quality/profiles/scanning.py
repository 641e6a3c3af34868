# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""A table read once, on the engine: a summary of each column per window, slice and model.

All columns of numbers, instants and other things are read by a few queries, texts by one each that groups by their
values; no column is read twice. Files and columns that are not needed stay closed. What is asked beside the shortest
windows (longer ones, all models, all slices) is added up from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.catalog.columns import type_text
from boathouse.foundation.clock import Clock, SystemClock
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.lake.engine import Engine, EngineQuery
from boathouse.lake.snapshots import Snapshot
from boathouse.quality.profiles.columns import (
    Family,
    ScannedColumn,
    aggregates,
    counted_aggregates,
    family_of,
    named,
    projections,
)
from boathouse.quality.profiles.edges import exact_bins
from boathouse.quality.profiles.nouns import ScanPlan
from boathouse.quality.profiles.probing import probed, spread_edges
from boathouse.quality.profiles.rolling_up import Labels, rolled_up
from boathouse.quality.profiles.rows_sql import (
    RowsAsked,
    inner_sql,
    kept_values,
    require_time,
)
from boathouse.quality.profiles.shaping import GROUP, ROWS, only_rows, shaped, table_rows
from boathouse.quality.profiles.sketches import FINGERPRINT_SQL
from boathouse.quality.profiles.slicing import Slice, read_slice
from boathouse.quality.profiles.windows import base_seconds, granularity
from boathouse.session.session import Session

MOST_SLICES = 100
"""Values of one slicing expression that get slices: the most frequent."""
_COLUMNS_AT_ONCE = 10
"""More would have to be held decompressed side by side."""
_STATES = 60_000
"""Groups times columns that are held in memory at once: each takes up to about 4 kB."""
_CROWDED = 0.1
"""Where a bin of many values holds a larger share of the numbers, the sample did not speak for the table."""


@dataclass(frozen=True, slots=True)
class _Scan:
    """What one scan works with."""

    engine: Engine
    snapshot: Snapshot
    asked: RowsAsked


def scan(session: Session, plan: ScanPlan, *, clock: Clock | None = None) -> pa.Table:
    """The rows of ``SUMMARIES`` for a plan, ordered by their keys.

    A time series has rows for windows that hold rows of the table; a snapshot of no rows says that there are none.

    Raises:
        NotFound, Denied: There is no such table, or the principal may not read it.
        InvalidInput: It has no such column, or one of another type; a slice or a granularity cannot be asked.
    """
    versions = {} if plan.version is None else {plan.table: plan.version}
    (opened,) = session.open_tables([plan.table], versions)
    return scan_snapshot(session.engine, opened.snapshot, plan, clock=clock)


def scan_snapshot(engine: Engine, snapshot: Snapshot, plan: ScanPlan, *, clock: Clock | None = None) -> pa.Table:
    """As :func:`scan`, of a table that has been opened."""
    plan = replace(plan, instant=plan.instant or (clock or SystemClock()).now())
    columns = _columns(snapshot, plan)
    asked = _rows_asked(snapshot, plan)
    asked = replace(asked, slices=tuple(_bounded(engine, snapshot, asked, each) for each in asked.slices))
    work = _Scan(engine, snapshot, asked)
    columns = probed(engine, snapshot, asked, columns, plan.edges)
    base = _all_summaries(work, columns, plan.edges)
    if plan.timestamp is None and not base.num_rows and (plan.slices or plan.model_id):
        work = replace(work, asked=replace(asked, slices=(), model=None))
        base = _all_summaries(work, columns, plan.edges)
    return rolled_up(base, _labels(plan))


def _all_summaries(work: _Scan, columns: Sequence[ScannedColumn], known: Mapping[str, Sequence[float]]) -> pa.Table:
    """Those of the columns, and of the table as a whole."""
    if not columns:
        return only_rows(_measure(work, ()))
    base = _with_better_edges(work, _summaries(work, columns), columns, known)
    return pa.concat_tables([base, table_rows(base, [column.name for column in columns])])


def _labels(plan: ScanPlan) -> Labels:
    granularities = tuple(granularity(each) for each in plan.granularities)
    base = base_seconds(granularities) if granularities else None
    assert plan.instant is not None
    return Labels(granularities, base, plan.instant, tuple(dict.fromkeys(plan.slices)), plan.model_id is not None)


def _columns(snapshot: Snapshot, plan: ScanPlan) -> list[ScannedColumn]:
    fields = snapshot.fields
    names = list(fields) if plan.columns is None else [_require(snapshot, name, "to look at") for name in plan.columns]
    adds = bool(plan.timestamp or plan.slices or plan.model_id) if plan.adds is None else plan.adds
    return [
        ScannedColumn(
            name, type_text(fields[name]), family_of(fields[name]), fields[name] in ("float", "double"), adds=adds
        )
        for name in dict.fromkeys(names)
    ]


def _rows_asked(snapshot: Snapshot, plan: ScanPlan) -> RowsAsked:
    if (plan.timestamp is None) != (not plan.granularities):
        raise InvalidInput("The column of the rows' time and granularities belong together.", hint="Give both.")
    if plan.timestamp is None and plan.between is not None:
        raise InvalidInput("A stretch of time needs the column of the rows' time.", hint="Name it as the timestamp.")
    slices = tuple(read_slice(text, list(snapshot.fields)) for text in dict.fromkeys(plan.slices))
    model = None if plan.model_id is None else _require(snapshot, plan.model_id, "the model id")
    if plan.timestamp is None:
        return RowsAsked(model=model, slices=slices)
    time = _require(snapshot, plan.timestamp, "the time of rows")
    require_time(time, snapshot.fields[time])
    seconds = base_seconds([granularity(each) for each in plan.granularities])
    return RowsAsked(time, snapshot.fields[time], seconds, model, slices, plan.between)


def _require(snapshot: Snapshot, column: str, role: str) -> str:
    known = {name.casefold(): name for name in snapshot.fields}
    if column.casefold() not in known:
        raise InvalidInput(
            f"The table has no column {column}, which is {role}.",
            hint=did_you_mean(column, list(known.values())) or f"It has {', '.join(list(known.values())[:20])}.",
        )
    return known[column.casefold()]


def _bounded(engine: Engine, snapshot: Snapshot, asked: RowsAsked, each: Slice) -> Slice:
    """The slice, with its most frequent values only where it has too many."""
    text = (
        f"SELECT CAST({each.sql} AS VARCHAR) AS v, count(*) AS n FROM scanned{asked.where} "
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_SLICES + 2}"
    )
    found = _run(engine, snapshot, text).column("v").to_pylist()
    values = [value for value in found if value is not None]
    if len(values) <= MOST_SLICES:
        return each
    return replace(each, sql=kept_values(values[:MOST_SLICES], each.sql))


def _summaries(work: _Scan, columns: Sequence[ScannedColumn]) -> pa.Table:
    """One summary per group and column, by the numbers of their windows and slices."""
    wide = [column for column in columns if not column.is_counted]
    size = _COLUMNS_AT_ONCE
    if work.asked.keys or work.asked.slices:
        size = int(np.clip(_STATES // max(1, _groups(work)), 1, _COLUMNS_AT_ONCE))
    parts = [wide[place : place + size] for place in range(0, len(wide), size)]
    found = [shaped(_measure(work, part), part) for part in parts]
    counted = [column for column in columns if column.is_counted]
    found += [shaped(_count(work, column), [column]) for column in counted]
    return pa.concat_tables(found)


def _groups(work: _Scan) -> int:
    """How many groups there will be."""
    keys = ", ".join([*work.asked.keys, *work.asked.slice_keys])
    text = f"SELECT count(*) AS n FROM (SELECT DISTINCT {keys} FROM ({inner_sql(work.asked, {})}))"
    return int(_run(work.engine, work.snapshot, text).column("n")[0].as_py())


def _measure(work: _Scan, columns: Sequence[ScannedColumn]) -> pa.Table:
    known = named(columns)
    inner = inner_sql(
        work.asked, {name: sql for alias, each in known.items() for name, sql in projections(each, alias).items()}
    )
    shown = [f"count(*) AS {ROWS}", f"{FINGERPRINT_SQL} AS __fingerprint"]
    shown += [
        f"{sql} AS {alias}_{field}" for alias, each in known.items() for field, sql in aggregates(each, alias).items()
    ]
    return _run(work.engine, work.snapshot, _grouped(work.asked, shown, inner))


def _count(work: _Scan, column: ScannedColumn) -> pa.Table:
    """The rows of a column of texts: grouped by its values, then the groups by their keys."""
    asked = work.asked
    inner = inner_sql(asked, {"v": column.raw})
    keys = [*asked.keys, *asked.slice_keys]
    if asked.slices:
        sets = ", ".join(f"({', '.join([*asked.keys, 'v', each])})" for each in asked.slice_keys)
        group = f"grouping_id({', '.join(asked.slice_keys)}) AS {GROUP}"
        counted = (
            f"SELECT {', '.join([*keys, 'v', group])}, count(*) AS n FROM ({inner}) GROUP BY GROUPING SETS ({sets})"
        )
        keys.append(GROUP)
    else:
        counted = f"SELECT {', '.join([*keys, 'v'])}, count(*) AS n FROM ({inner}) GROUP BY {', '.join([*keys, 'v'])}"
    shown = [f"coalesce(sum(n), 0) AS {ROWS}", f"{FINGERPRINT_SQL} AS __fingerprint"]
    shown += [f"{sql} AS c0_{field}" for field, sql in counted_aggregates(column).items()]
    grouped = f" GROUP BY {', '.join(keys)}" if keys else ""
    return _run(work.engine, work.snapshot, f"SELECT {', '.join([*keys, *shown])} FROM ({counted}){grouped}")


def _grouped(asked: RowsAsked, shown: Sequence[str], inner: str) -> str:
    keys = [*asked.keys, *asked.slice_keys]
    if asked.slices:
        keys.append(f"grouping_id({', '.join(asked.slice_keys)}) AS {GROUP}")
    return f"SELECT {', '.join([*keys, *shown])} FROM ({inner}){asked.groups}"


def _run(engine: Engine, snapshot: Snapshot, text: str) -> pa.Table:
    return engine.run(EngineQuery(text, snapshots={"scanned": snapshot})).arrow()


def _with_better_edges(
    work: _Scan, base: pa.Table, columns: Sequence[ScannedColumn], known: Mapping[str, Sequence[float]]
) -> pa.Table:
    """Columns whose sample did not speak for the table are read again, with edges from all over it."""
    poor = [column for column in columns if column.name not in known and _is_poor(base, column)]
    if not poor:
        return base
    spread = spread_edges(work.engine, work.snapshot, work.asked, poor)
    names = pa.array([column.name for column in poor])
    kept = base.filter(pc.invert(pc.is_in(base.column("column_name"), names)))
    return pa.concat_tables([kept, _summaries(work, spread)])


def _is_poor(base: pa.Table, column: ScannedColumn) -> bool:
    if column.family is not Family.NUMBER:
        return False
    rows = base.filter(pc.equal(base.column("column_name"), column.name))
    numbers = (pc.sum(rows.column("count")).as_py() or 0) - (pc.sum(rows.column("nan")).as_py() or 0)
    if not numbers or column.edges is None:
        return bool(numbers)
    counts = np.asarray(pc.list_flatten(rows.column("histogram"))).reshape(-1, len(column.edges) + 1).sum(axis=0)
    return bool(counts[~exact_bins(column.edges)].max() > _CROWDED * numbers)
