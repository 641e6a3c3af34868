# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The raw rows of a feature table for a few keys: what the proofs compute with, read past the join."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from boathouse.features.certificate.instants import Instants, instants_of
from boathouse.features.feature_spec import Lookup
from boathouse.lake import EngineQuery, Snapshot
from boathouse.lake.engine import Engine
from boathouse.lake.schema import identifier

MOST_CELLS = 20_000_000
"""Values that are held in memory at once; fewer rows are recomputed rather than more memory used."""
_NUMBER = "_boathouse_key"


@dataclass(frozen=True, slots=True)
class RawRows:
    """Rows of a table, and to which of the sampled rows their keys belong."""

    table: pa.Table
    """The columns of the table that the lookup needs, by their names there."""
    asked: tuple[np.ndarray, ...]
    """For each sampled row, the positions of the rows with its key."""
    event: Instants | None
    """None where the lookup does not look at time."""
    known: Instants | None

    @property
    def effective(self) -> Instants | None:
        """Since when each row counts: the later of its two clocks."""
        if self.event is None or self.known is None:
            return None
        return Instants(np.maximum(self.event.values, self.known.values), self.event.present & self.known.present)


def needed_columns(lookup: Lookup) -> list[str]:
    """The columns of the table that a lookup needs, each once."""
    clocks = [name for name in (lookup.event, lookup.known.column) if name is not None]
    return list(dict.fromkeys([*(key for _, key in lookup.keys), *clocks, *(each.feature for each in lookup.outputs)]))


def read_raw_rows(engine: Engine, snapshot: Snapshot, lookup: Lookup, sample: pa.Table) -> tuple[RawRows, np.ndarray]:
    """The rows of the sample's keys, and the positions of the sampled rows that they stand for: all, or as many as fit
    into memory.

    Args:
        sample: The sampled rows of the frame.
    """
    columns = [name for name in needed_columns(lookup) if name in snapshot.fields]
    numbered, of_row = _numbered_keys(sample, lookup)
    fitting = _fitting(engine, snapshot, lookup, numbered, MOST_CELLS // len(columns))
    table = _read(engine, snapshot, lookup, numbered.filter(pl.col(_NUMBER).is_in(fitting)), columns)
    numbers = table[_NUMBER].to_numpy()
    used = np.flatnonzero((of_row < 0) | np.isin(of_row, fitting))
    order = np.argsort(numbers, kind="stable")
    first, last = (np.searchsorted(numbers[order], of_row[used], side=side) for side in ("left", "right"))
    asked = tuple(order[start:end] for start, end in zip(first, last, strict=True))
    event, known = clocks_of(table, lookup)
    return RawRows(table.drop_columns([_NUMBER]), asked, event, known), used


def clocks_of(table: pa.Table, lookup: Lookup) -> tuple[Instants | None, Instants | None]:
    """Event and known time of rows of the table; None where the lookup does not look at time."""
    if lookup.event is None:
        if lookup.at is None or lookup.known.column is None:
            return None, None
        known = instants_of(table[lookup.known.column])
        return known, known
    event = instants_of(table[lookup.event])
    if lookup.known.column is not None:
        return event, instants_of(table[lookup.known.column])
    return event, event.later(lookup.known.lag)


def _numbered_keys(sample: pa.Table, lookup: Lookup) -> tuple[pl.DataFrame, np.ndarray]:
    """The different keys with a number each, and the number of each row's key; -1 for keys with nulls."""
    frame = pl.DataFrame({key: pl.Series(key, sample[column]) for column, key in lookup.keys})
    names = frame.columns
    numbered = frame.drop_nulls().unique(maintain_order=True).with_row_index(_NUMBER).cast({_NUMBER: pl.Int64})
    joined = frame.join(numbered, on=names, how="left", maintain_order="left")
    return numbered, joined[_NUMBER].fill_null(-1).to_numpy()


def _fitting(engine: Engine, snapshot: Snapshot, lookup: Lookup, keys: pl.DataFrame, most_rows: int) -> np.ndarray:
    """The keys, in their order, until their rows are too many; at least one."""
    sql = f"SELECT k.{_NUMBER}, count(*) AS n FROM t JOIN k ON {_on(lookup)} GROUP BY 1"
    found = pl.DataFrame(engine.run(EngineQuery(sql, {"t": snapshot}, arrow={"k": keys})).arrow())
    counted = keys.select(_NUMBER).join(found, on=_NUMBER, how="left").sort(_NUMBER)
    before = counted["n"].fill_null(0).cum_sum().shift(1, fill_value=0)
    return counted.filter(before < most_rows)[_NUMBER].to_numpy()


def _read(engine: Engine, snapshot: Snapshot, lookup: Lookup, keys: pl.DataFrame, columns: list[str]) -> pa.Table:
    shown = ", ".join(f"t.{identifier(name)}" for name in columns)
    sql = f"SELECT k.{_NUMBER}, {shown} FROM t JOIN k ON {_on(lookup)}"
    return engine.run(EngineQuery(sql, {"t": snapshot}, arrow={"k": keys})).arrow()


def _on(lookup: Lookup) -> str:
    return " AND ".join(f"t.{identifier(key)} = k.{identifier(key)}" for _, key in lookup.keys)
