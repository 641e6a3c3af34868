# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""From the shortest windows, single models and single values of slices to all that was asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from boathouse.quality.profiles.merging import merged
from boathouse.quality.profiles.nouns import ALL_MODELS, SUMMARIES
from boathouse.quality.profiles.rows_sql import window_start
from boathouse.quality.profiles.shaping import SLICE_NUMBER, WINDOW_NUMBER
from boathouse.quality.profiles.windows import Granularity


@dataclass(frozen=True, slots=True)
class Labels:
    """How windows, slices and models are called."""

    granularities: tuple[Granularity, ...]
    seconds: int | None
    """The length of the shortest windows; None for a snapshot."""
    instant: datetime
    """The window of a snapshot."""
    slices: tuple[str, ...]
    has_models: bool


def rolled_up(base: pa.Table, labels: Labels) -> pa.Table:
    """The summaries, ordered by their keys."""
    parts = [
        _labelled(rows, windows, labels)
        for windows in _windows(base, labels)
        for rows in _rows(base, labels)
    ]  # fmt: skip
    return pa.concat_tables([merged(part) for part in parts]).sort_by(
        [(name, "ascending") for name in ("granularity", "window_start", "slice_key", "slice_value", "model_id")]
    )


def _windows(base: pa.Table, labels: Labels) -> Iterator[dict[int | None, tuple[Any, ...]]]:
    """For each granularity, what the window of each number is part of: granularity, start and end."""
    if labels.seconds is None:
        yield {None: (None, labels.instant, labels.instant)}
        return
    starts = {
        number: window_start(number, labels.seconds) for number in pc.unique(base.column(WINDOW_NUMBER)).to_pylist()
    }
    for each in labels.granularities:
        yield {
            number: (each.text, first := each.start_of(start), each.end_of(first)) for number, start in starts.items()
        }


def _rows(base: pa.Table, labels: Labels) -> Iterator[pa.Table]:
    """Rows by slice and model: what there is once as a part, and once as a part of the whole."""
    for rows in _slices(base, labels.slices):
        if not labels.has_models:
            yield rows
            continue
        yield _with(rows, "model_id", pa.array([ALL_MODELS] * rows.num_rows, pa.string()))
        yield rows.filter(pc.is_valid(rows.column("model_id")))


def _slices(base: pa.Table, slices: Sequence[str]) -> Iterator[pa.Table]:
    numbers = base.column(SLICE_NUMBER)
    # The values of any one slice, null being one of them, are all rows.
    whole = base.filter(pc.equal(numbers, 0)) if slices and pc.count(numbers).as_py() else base
    nothing = pa.nulls(whole.num_rows)
    yield _with(_with(whole, SLICE_NUMBER, nothing.cast(pa.int64())), "slice_value", nothing.cast(pa.string()))
    for number in range(len(slices)):
        yield base.filter(pc.and_(pc.equal(numbers, number), pc.is_valid(base.column("slice_value"))))


def _labelled(rows: pa.Table, windows: dict[int | None, tuple[Any, ...]], labels: Labels) -> pa.Table:
    found = [windows[number] for number in rows.column(WINDOW_NUMBER).to_pylist()]
    keys = [labels.slices[number] if number is not None else None for number in rows.column(SLICE_NUMBER).to_pylist()]
    columns = {name: rows.column(name) for name in rows.column_names if name in SUMMARIES.names}
    for place, name in enumerate(("granularity", "window_start", "window_end")):
        columns[name] = pa.array([each[place] for each in found], SUMMARIES.field(name).type)
    columns["slice_key"] = pa.array(keys, pa.string())
    return pa.table({name: columns[name] for name in SUMMARIES.names}, schema=SUMMARIES)


def _with(rows: pa.Table, name: str, values: Any) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), pa.field(name, rows.schema.field(name).type), values)
