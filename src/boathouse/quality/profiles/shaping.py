# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""What the engine gives (one row per group, some columns per column of the table) as summaries."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.quality.profiles.columns import ITEM_LENGTH, Family, ScannedColumn, named
from boathouse.quality.profiles.edges import exact_bins
from boathouse.quality.profiles.nouns import SUMMARIES, TABLE_COLUMN
from boathouse.quality.profiles.rows_sql import MODEL, SLICE, WINDOW
from boathouse.quality.profiles.sketches import estimates, packed

ROWS, GROUP = "__rows", "__group"
WINDOW_NUMBER, SLICE_NUMBER = "window_number", "slice_number"

BASE = pa.schema(
    [
        pa.field(WINDOW_NUMBER, pa.int64()),
        pa.field(SLICE_NUMBER, pa.int64()),
        pa.field("slice_value", pa.string()),
        pa.field("model_id", pa.string()),
        *(SUMMARIES.field(name) for name in SUMMARIES.names[SUMMARIES.names.index("column_name") :]),
    ]
)
"""Summaries whose windows and slices are numbers; ``slice_value`` is null where the expression is."""


def shaped(found: pa.Table, columns: Sequence[ScannedColumn]) -> pa.Table:
    """One summary per group and column."""
    keys = _keys(found)
    return pa.concat_tables([_of_column(found, keys, alias, each) for alias, each in named(columns).items()])


def table_rows(base: pa.Table, names: Sequence[str]) -> pa.Table:
    """The summaries of the table as a whole, from those of one column."""
    one = base.filter(pc.equal(base.column("column_name"), names[0]))
    rows = one.num_rows
    columns: dict[str, Any] = {name: one.column(name) for name in BASE.names[:4]}
    columns["column_name"] = pa.array([TABLE_COLUMN] * rows, pa.string())
    columns["count"] = pc.add(one.column("count"), one.column("nulls"))
    columns["columns"] = pa.array([list(names)] * rows, BASE.field("columns").type)
    return _filled(columns, rows)


def only_rows(found: pa.Table) -> pa.Table:
    """The summaries of a table of which no column was looked at."""
    rows = found.num_rows
    columns = _keys(found) | {"count": _whole(found.column(ROWS))}
    columns["column_name"] = pa.array([TABLE_COLUMN] * rows, pa.string())
    columns["columns"] = pa.array([[]] * rows, BASE.field("columns").type)
    return _filled(columns, rows)


def _keys(found: pa.Table) -> dict[str, Any]:
    rows = found.num_rows
    keys: dict[str, Any] = {}
    if WINDOW in found.column_names:
        keys[WINDOW_NUMBER] = found.column(WINDOW)
    if MODEL in found.column_names:
        keys["model_id"] = found.column(MODEL)
    slices = [name for name in found.column_names if name.startswith(SLICE)]
    if slices:
        # Of n slices, the bits of those that a row is not grouped by are set, the first one's bit being the highest.
        ids = found.column(GROUP).to_numpy()
        all_bits = (1 << len(slices)) - 1
        numbers = [len(slices) - (all_bits ^ int(each)).bit_length() for each in ids]
        keys[SLICE_NUMBER] = pa.array(numbers, pa.int64())
        values = [found.column(name).to_pylist() for name in slices]
        keys["slice_value"] = pa.array([values[number][row] for row, number in enumerate(numbers)], pa.string())
    else:
        keys[SLICE_NUMBER] = pa.nulls(rows, pa.int64())
    return keys


def _of_column(found: pa.Table, keys: dict[str, Any], alias: str, column: ScannedColumn) -> pa.Table:
    rows = found.num_rows
    given = {name.removeprefix(f"{alias}_"): found.column(name).combine_chunks()
             for name in found.column_names if name.startswith(f"{alias}_")}  # fmt: skip
    columns: dict[str, Any] = dict(keys)
    columns["column_name"] = pa.array([column.name] * rows, pa.string())
    columns["data_type"] = pa.array([column.data_type] * rows, pa.string())
    columns["count"] = _whole(given["count"])
    columns["nulls"] = pc.subtract(_whole(found.column(ROWS).combine_chunks()), columns["count"])
    for name in ("min_length", "max_length", "sum_length"):
        if name in given:
            columns[name] = _whole(given[name])
    for name in ("min", "max"):
        if name in given:
            columns[name] = given[name].cast(pa.float64())
    if "distinct_count" in given:
        columns["distinct_count"] = _whole(given["distinct_count"])
    if "sketch" in given:
        columns |= _sketched(found, given)
    if "distinct_count" in columns:
        columns["distinct_count"] = pc.min_element_wise(columns["distinct_count"], columns["count"])
    if column.family is Family.NUMBER:
        columns |= _numbers(given, column, rows)
    if column.family in (Family.TEXT, Family.BOOLEAN):
        columns |= _items(given, column, columns["count"].to_pylist())
    return _filled(columns, rows)


def _sketched(found: pa.Table, given: dict[str, Any]) -> dict[str, Any]:
    prints = found.column("__fingerprint").to_pylist()
    bits = given["sketch"].to_pylist()
    sketches = [packed(each, fingerprint) for each, fingerprint in zip(bits, prints, strict=True)]
    columns: dict[str, Any] = {"sketch": pa.array(sketches, pa.binary())}
    if "distinct_count" not in given:
        counts = iter(estimates([each for each in sketches if each is not None]))
        columns["distinct_count"] = pa.array([0 if each is None else next(counts) for each in sketches], pa.int64())
    return columns


def _numbers(given: dict[str, Any], column: ScannedColumn, rows: int) -> dict[str, Any]:
    count, finite = _whole(given["count"]), _whole(given["finite"])
    edges = np.asarray(column.edges or (), np.float64)
    counts = _counts(given.get("histogram"), rows, len(edges) + 1)
    if "nan" in given:
        nan = _whole(given["nan"])
    elif column.is_float:
        nan = pc.subtract(count, pa.array(counts.sum(axis=1)))
    else:
        nan = pa.array([0] * rows, pa.int64())
    zeros = _whole(given["zeros"]) if "zeros" in given else pa.array(counts[:, column.zero_bin or 0])
    moved = pc.divide(given["moved"].cast(pa.float64()), finite.cast(pa.float64()))
    squares = pc.subtract(given["squared"].cast(pa.float64()), pc.multiply(moved, given["moved"].cast(pa.float64())))
    found: dict[str, Any] = {
        "zeros": zeros,
        "nan": nan,
        "infinities": pc.subtract(pc.subtract(count, finite), nan),
        "mean": pc.add(moved, column.middle),
        "m2": pc.max_element_wise(squares, 0.0, skip_nulls=False),
    }
    if "histogram" not in given:
        return found
    found["histogram"] = _lists(pa.array(counts.ravel()), np.full(rows, len(edges) + 1))
    found["edges"] = _lists(pa.array(np.tile(edges, rows)), np.full(rows, len(edges)))
    return found | _items_of_bins(column, counts)


def _counts(histogram: pa.ListArray | None, rows: int, bins: int) -> np.ndarray:
    """A line of counts per group."""
    counts = np.zeros((rows, bins), np.int64)
    if histogram is not None:
        # A group without numbers has no map of counts, but its counts are known: none.
        there = histogram.is_valid().to_numpy(zero_copy_only=False)
        given = pc.fill_null(pc.list_flatten(histogram), 0).cast(pa.int64())
        counts[there] = np.asarray(given).reshape(-1, bins)
    return counts


def _lists(values: pa.Array, lengths: np.ndarray) -> pa.ListArray:
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def _items_of_bins(column: ScannedColumn, counts: np.ndarray) -> dict[str, Any]:
    """The values that have a bin of their own, as the frequent ones; how many rows have another."""
    edges = column.edges or ()
    alone = np.flatnonzero(exact_bins(edges))
    if not len(alone):
        return {}
    is_whole = not column.is_float and not column.data_type.startswith("decimal")
    names = [_spelled(edges[place], is_whole) for place in alone]
    here = counts[:, alone]
    line, number = np.nonzero(here)
    found = here[line, number]
    rank = np.argsort(np.argsort(np.array(names, object)))
    order = np.lexsort((rank[number], -found, line))  # as _order, within a line
    texts = pa.array(names, pa.string()).take(pa.array(number[order]))
    fields = list(SUMMARIES.field("items").type.value_type)
    items = pa.StructArray.from_arrays([texts, pa.array(found[order])], fields=fields)
    others = counts.sum(axis=1) - here.sum(axis=1)
    return {"items": _lists(items, (here > 0).sum(axis=1)), "other_items": pa.array(others)}


def _items(given: dict[str, Any], column: ScannedColumn, counts: list[int]) -> dict[str, Any]:
    raw = given["items"].to_pylist() if "items" in given else [[]] * len(counts)
    items: list[list[dict[str, Any]]] = []
    for each in raw:
        pairs = [(entry.get("item", entry.get("key")), entry.get("count", entry.get("value"))) for entry in each or ()]
        # Of candidates, '' stands for all texts that are none.
        wanted = pairs if column.candidates is None else [(name, count) for name, count in pairs if name and count]
        shown = sorted(((int(count), str(name)[:ITEM_LENGTH]) for name, count in wanted), key=_order)
        items.append([{"item": name, "count": count} for count, name in shown])
    others = [count - sum(item["count"] for item in here) for count, here in zip(counts, items, strict=True)]
    return {
        "items": pa.array(items, SUMMARIES.field("items").type),
        "other_items": pa.array(others, pa.int64()),
    }


def _order(item: tuple[int, str]) -> tuple[int, str]:
    return -item[0], item[1]


def _spelled(value: float, is_whole: bool) -> str:
    return str(int(value)) if is_whole else repr(value)


def _whole(values: Any) -> Any:
    return values.cast(pa.int64())


def _filled(columns: dict[str, Any], rows: int) -> pa.Table:
    arrays = [columns[name] if name in columns else pa.nulls(rows, BASE.field(name).type) for name in BASE.names]
    plain = [each.combine_chunks() if isinstance(each, pa.ChunkedArray) else each for each in arrays]
    return pa.Table.from_arrays([each.cast(field.type) for each, field in zip(plain, BASE, strict=True)], schema=BASE)
