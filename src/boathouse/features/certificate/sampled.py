# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The rows of a training set that are proven one by one, and what is known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pyarrow as pa

from boathouse.features.certificate.definition import Winners, winners
from boathouse.features.certificate.instants import Instants, instants_of
from boathouse.features.certificate.raw_rows import RawRows, read_raw_rows
from boathouse.features.feature_spec import Lookup
from boathouse.features.tables.reading import FeatureRows

LEAST_MATCHED = 20
"""Where fewer of the sampled rows have a value of a lookup, rows that have one are added."""
SHOWN = 5
"""Violations that a check shows."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """One lookup and the sampled rows that could be recomputed for it."""

    lookup: Lookup
    label: str
    features: FeatureRows
    spine: pa.Table
    """The sampled rows of the frame."""
    got: Mapping[str, pa.ChunkedArray]
    """What the training set holds for them, by output."""
    rows: RawRows
    at: Instants | None
    at_up: Instants | None
    """The same, nanoseconds rounded up."""

    winners: tuple[Winners, ...]
    """For each sampled row the raw rows that count for it, by the definition."""

    def described(self, row: int, **more: object) -> dict[str, str]:
        """A row of the sample, as the example of a violation."""
        columns = [*(column for column, _ in self.lookup.keys), *([self.lookup.at] if self.lookup.at else [])]
        return {name: str(self.spine[name][row].as_py()) for name in columns} | {
            name.replace("_", " "): str(value) for name, value in more.items()
        }


def sampled(features: FeatureRows, lookup: Lookup, spine: pa.Table, got: Mapping[str, pa.ChunkedArray]) -> Sampled:
    """The sampled rows of a lookup, with the raw rows of their keys."""
    rows, used = read_raw_rows(features.engine, features.snapshot, lookup, spine)
    kept = spine.take(pa.array(used))
    at = None if lookup.at is None else instants_of(kept[lookup.at])
    at_up = None if lookup.at is None else instants_of(kept[lookup.at], up=True)
    outputs = {output.name: got[output.name].take(pa.array(used)) for output in lookup.outputs}
    found = tuple(winners(rows, lookup, row, at, at_up) for row in range(kept.num_rows))
    return Sampled(lookup, label_of(lookup), features, kept, outputs, rows, at, at_up, found)


def label_of(lookup: Lookup) -> str:
    """The table and what is looked up in it, for people."""
    names = [output.name for output in lookup.outputs]
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    by = ", ".join(column for column, _ in lookup.keys)
    return f"{lookup.table} ({shown}) by {by}"


def chosen_rows(frame: pa.Table, lookups: Sequence[Lookup], size: int, seed: int) -> np.ndarray:
    """Positions of a random sample, in order; with some rows that have a value of each lookup."""
    dice = np.random.default_rng(seed)
    chosen = dice.choice(frame.num_rows, min(size, frame.num_rows), replace=False)
    for lookup in lookups:
        names = [output.name for output in lookup.outputs if output.name in frame.schema.names]
        if not names:
            continue
        values = pl.DataFrame({name: pl.Series(name, frame[name]) for name in names})
        has_value = values.select(pl.any_horizontal(pl.all().is_not_null())).to_series().to_numpy()
        if has_value[chosen].sum() < min(LEAST_MATCHED, size):
            matched = np.flatnonzero(has_value)
            more = dice.choice(matched, min(LEAST_MATCHED, size, len(matched)), replace=False)
            chosen = np.union1d(chosen, more)
    return np.sort(chosen)


def shown_instant(microseconds: int) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(microseconds))).isoformat()
    except OverflowError:
        return f"{microseconds} microseconds since 1970"
