# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Rows that came, changed or went, held against what readers see already: the table itself need not be read."""

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from boathouse.features.online.contract import OnlineTable
from boathouse.features.online.publishing.changes import Changes, changed_columns
from boathouse.features.online.publishing.latest import EVENT, KNOWN, Source, latest_schema, microseconds
from boathouse.features.online.publishing.weighing import COMMIT, FOUND, KEY, ROW, SIGN, SINCE, WAS, weigh
from boathouse.lake.change_feed import read_changes

MOST_ROWS = 1_000_000
"""More are not held in memory; the engine looks for them in the table."""

_SIGNS = {"insert": 1, "update_postimage": 1, "delete": -1, "update_preimage": -1}


@dataclass(frozen=True, slots=True)
class ChangedValues:
    """What changed rows come to."""

    newer: pa.Table
    """Values that take the place of what is online, with the columns of :func:`latest_schema`."""
    gone: pa.Table
    """Keys that have no value any more."""
    undecided: pa.Table
    """Keys whose value only the table can tell."""
    next_known: int | None
    skipped: int
    keys: int
    """How many keys the changed rows have."""


def can_be_told(source: Source, changes: Changes, *, ties: bool) -> bool:
    """Whether the changed rows by themselves are enough.

    Args:
        ties: Whether a value that is online may be one of several rows with the same clocks. Nobody knows then how many
            are left when one goes.
    """
    is_small = changes.rows is not None and changes.rows <= MOST_ROWS
    is_sure = changes.only_adds or (not changes.rewrites and not ties)
    return is_sure and is_small and source.time_to_live is None


def changed_values(source: Source, changes: Changes, online: OnlineTable) -> ChangedValues:
    """The values that the changed rows have brought, taken away, or left open.

    Raises:
        DamagedTable: Files of the commits are gone.
    """
    rows = read_changes(source.snapshot, changes.commits, changed_columns(source)).read_all()
    frame = _numbered(source, rows)
    came, is_whole, effective = pl.col(SIGN) > 0, pl.col(KEY).is_not_null(), pl.max_horizontal(EVENT, KNOWN)
    has_clocks = is_whole & pl.col(EVENT).is_not_null() & pl.col(KNOWN).is_not_null()
    coming, skipped, keys = frame.select(
        effective.filter(has_clocks & came & (effective > source.now)).min(),
        (came & ~is_whole).sum().alias("skipped"),
        pl.col(KEY).drop_nulls().n_unique(),
    ).row(0)
    known = frame.filter(has_clocks & (effective <= source.now) if source.has_time else is_whole)
    verdict = weigh(known, _online(source, rows, known, online), has_time=source.has_time)
    return ChangedValues(
        _values(source, rows, frame, verdict.newer), _keys(source, rows, verdict.gone),
        _keys(source, rows, verdict.undecided), coming, skipped, keys,
    )  # fmt: skip


def _numbered(source: Source, rows: pa.Table) -> pl.DataFrame:
    """For each row its number and that of the first with its key (null where a key is not whole), its clocks in
    microseconds, its commit, and whether it came or went."""
    names = [str(position) for position in range(len(source.keys))]  # a key may be called like one of our columns
    keys = pl.DataFrame(pl.from_arrow(rows.select(list(source.keys)).rename_columns(names))).lazy().with_row_index(ROW)
    row = pl.col(ROW).cast(pl.Int64)
    is_whole = pl.all_horizontal(pl.col(names).is_not_null())
    event = _instants(rows, source.table.timeseries_column)
    column, lag = source.table.known.column, microseconds(source.table.known.lag)
    known = _instants(rows, column) if column is not None and source.has_time else event + lag
    kinds = pl.Series(pl.from_arrow(rows.column("_change_type")))
    return (
        keys.select(row, pl.when(is_whole).then(row.first().over(names)).alias(KEY))
        .with_columns(
            event.alias(EVENT),
            known.alias(KNOWN),
            pl.Series(COMMIT, pl.from_arrow(rows.column("_commit_version"))),
            kinds.replace_strict(_SIGNS, return_dtype=pl.Int64).alias(SIGN),
        )
        .collect()
    )


def _instants(rows: pa.Table, name: str | None) -> pl.Series:
    if name is None:
        return pl.Series(EVENT, [None] * rows.num_rows, pl.Int64)
    column = rows.column(name)
    moments = column.cast(pa.timestamp("us", getattr(column.type, "tz", None))).cast(pa.int64())
    return pl.Series(name, pl.from_arrow(moments), pl.Int64)


def _online(source: Source, rows: pa.Table, known: pl.DataFrame, online: OnlineTable) -> pl.DataFrame:
    """Whether each key of the rows is online, and its clocks there."""
    numbers = known[KEY].unique(maintain_order=True)
    found = online.plan([source.features[0]], instants=True).columns(_keys(source, rows, numbers))
    clocks = [found.column("__found"), found.column(EVENT).cast(pa.int64()), found.column(KNOWN).cast(pa.int64())]
    return pl.DataFrame(pl.from_arrow(pa.table(clocks, names=[FOUND, WAS, SINCE]))).with_columns(numbers)


def _keys(source: Source, rows: pa.Table, numbers: pl.Series) -> pa.Table:
    return rows.select(list(source.keys)).take(_indices(numbers)).cast(source.key_schema)


def _values(source: Source, rows: pa.Table, frame: pl.DataFrame, numbers: pl.Series) -> pa.Table:
    picked, clocks = rows.take(_indices(numbers)), frame[numbers]
    told = {name: picked.column(name) for name in [*source.keys, *source.features]}
    told |= {name: pa.array(clocks[name].to_arrow()) for name in (EVENT, KNOWN)}
    return pa.table(told).cast(latest_schema(source))


def _indices(numbers: pl.Series) -> pa.Array:
    return pa.array(numbers.to_numpy())
