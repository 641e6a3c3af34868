# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Rows that were only added, held against what readers see already: the table itself need not be read.

A new row beats what is online if its event time is later, or the same and its known time later. Where both are the same
the place in the table decides, and the table is asked.
"""

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from boathouse.features.online.contract import OnlineTable
from boathouse.features.online.publishing.changes import Changes, changed_columns
from boathouse.features.online.publishing.latest import EVENT, KNOWN, Source, latest_schema, microseconds
from boathouse.lake.change_feed import read_changes

MOST_ROWS = 1_000_000
"""More are not held in memory; the engine looks for them in the table."""

_ROW = "__row"


@dataclass(frozen=True, slots=True)
class Appended:
    """What new rows come to."""

    newer: pa.Table
    """Values that take the place of what is online, with the columns of :func:`latest_schema`."""
    undecided: pa.Table
    """Keys whose value only the table can tell."""
    next_known: int | None
    skipped: int
    keys: int
    """How many keys the new rows have."""


def can_be_told(source: Source, changes: Changes) -> bool:
    """Whether the new rows by themselves are enough."""
    return changes.only_adds and changes.rows is not None and changes.rows <= MOST_ROWS and source.time_to_live is None


def appended(source: Source, changes: Changes, online: OnlineTable) -> Appended:
    """The winners among the new rows that beat what is online."""
    rows = read_changes(source.snapshot, changes.commits, changed_columns(source)).read_all()
    frame = _with_clocks(source, rows)
    keys = list(source.keys)
    whole = frame.drop_nulls(keys)
    coming, known = None, whole
    if source.has_time:
        sound = whole.drop_nulls([EVENT, KNOWN])
        effective = pl.max_horizontal(EVENT, KNOWN)
        coming = sound.filter(effective > source.now).select(effective.min()).item()
        known = sound.filter(effective <= source.now)
    best = known.sort([EVENT, KNOWN], maintain_order=True).unique(keys, keep="last", maintain_order=True)
    alike = known.join(best, on=[*keys, EVENT, KNOWN], how="semi", nulls_equal=True).group_by(keys).len()
    twice = alike.filter(pl.col("len") > 1).select(keys)
    best = best.hstack(_online(rows, best, source, online))
    is_twice = best.select(keys).join(twice.with_columns(__twice=True), on=keys, how="left")["__twice"].fill_null(False)
    tied, newer = _against_online(best, is_twice)
    picked = rows.take(pa.array(best.filter(newer)[_ROW].to_numpy()))
    clocks = best.filter(newer)
    told = {name: picked.column(name) for name in [*keys, *source.features]}
    told |= {name: pa.array(clocks[name].to_arrow()) for name in (EVENT, KNOWN)}
    undecided = rows.take(pa.array(best.filter(tied)[_ROW].to_numpy())).select(keys)
    return Appended(
        pa.table(told).cast(latest_schema(source)), undecided.cast(source.key_schema), coming,
        frame.height - whole.height, whole.select(keys).n_unique(),
    )  # fmt: skip


def _with_clocks(source: Source, rows: pa.Table) -> pl.DataFrame:
    """Keys, clocks in microseconds, and the number of each row."""
    frame = pl.DataFrame(pl.from_arrow(rows.select(list(source.keys)))).with_row_index(_ROW)
    frame = frame.with_columns(pl.col(_ROW).cast(pl.Int64))
    event = _instants(rows, source.table.timeseries_column)
    column, lag = source.table.known.column, microseconds(source.table.known.lag)
    known = _instants(rows, column) if column is not None and source.has_time else event + lag
    return frame.with_columns(event.alias(EVENT), known.alias(KNOWN))


def _instants(rows: pa.Table, name: str | None) -> pl.Series:
    if name is None:
        return pl.Series(EVENT, [None] * rows.num_rows, pl.Int64)
    column = rows.column(name)
    moments = column.cast(pa.timestamp("us", getattr(column.type, "tz", None))).cast(pa.int64())
    return pl.Series(name, pl.from_arrow(moments), pl.Int64)


def _online(rows: pa.Table, best: pl.DataFrame, source: Source, online: OnlineTable) -> pl.DataFrame:
    """Whether each key is online, and its clocks there."""
    asked = rows.take(pa.array(best[_ROW].to_numpy())).select(list(source.keys)).cast(source.key_schema)
    found = online.plan([source.features[0]], instants=True).columns(asked)
    clocks = [found.column("__found"), found.column(EVENT).cast(pa.int64()), found.column(KNOWN).cast(pa.int64())]
    return pl.DataFrame(pl.from_arrow(pa.table(clocks, names=["__found", "__was", "__since"])))


def _against_online(best: pl.DataFrame, is_twice: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Which keys are undecided, and which have a newer value."""
    found, event, known = best["__found"], best[EVENT], best[KNOWN]
    same = event.eq_missing(best["__was"]) & known.eq_missing(best["__since"])
    later = (event > best["__was"]) | ((event == best["__was"]) & (known > best["__since"]))
    tied = is_twice | (found & same)
    newer = ~tied & (~found | later.fill_null(False))
    return tied, newer
