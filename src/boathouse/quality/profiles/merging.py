# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Summaries added up: those of two halves of some rows are those of all of them.

Means and squared distances by the formula of Chan, Golub and LeVeque (The American Statistician 37(3), 1983).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from boathouse.foundation.errors import InvalidInput
from boathouse.quality.profiles.columns import MOST_ITEMS
from boathouse.quality.profiles.nouns import KEYS, SUMMARIES, Summary
from boathouse.quality.profiles.sketches import estimates, joined

_ADDED = ("count", "nulls", "nan", "infinities", "zeros", "sum_length")
_LISTS = ("sketch", "edges", "histogram", "items", "other_items", "distinct_count", "columns")
_NUMBER_TYPES = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")


class SummariesDiffer(InvalidInput):
    """Two summaries that cannot be added."""


def merge(summaries: Iterable[Summary]) -> dict[str, Any]:
    """The summary of all rows that any of these has counted, each row by one of them only. Its window reaches from the
    first beginning to the last end; the other keys are those of the first.

    Raises:
        SummariesDiffer: Their histograms have different edges, or their types nothing in common.
        InvalidInput: There are none.
    """
    rows = [dict(each) for each in summaries]
    if not rows:
        raise InvalidInput("There are no summaries to add.")
    windows = {
        "window_start": min((row["window_start"] for row in rows if row["window_start"]), default=None),
        "window_end": max((row["window_end"] for row in rows if row["window_end"]), default=None),
    }
    keys = {name: rows[0][name] for name in KEYS} | windows
    return merged(pa.Table.from_pylist([row | keys for row in rows], schema=SUMMARIES)).to_pylist()[0]


def merged(table: pa.Table) -> pa.Table:
    """One row for all rows with the same keys, ordered by them. Raises as :func:`merge`."""
    table = table.select(SUMMARIES.names).cast(SUMMARIES)
    if not table.num_rows:
        return table
    keys = pl.DataFrame(table.select(KEYS)).with_row_index("__row")
    ordered = keys.sort(list(KEYS))
    table = table.take(pa.array(ordered["__row"].to_numpy()))
    is_new = ordered.select(pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in KEYS))
    starts = np.flatnonzero(np.append(True, is_new.to_series().to_numpy()[1:]))
    if len(starts) == table.num_rows:
        return table
    return _of_groups(table, starts)


def _of_groups(table: pa.Table, starts: np.ndarray) -> pa.Table:
    ends = np.append(starts[1:], table.num_rows)
    plain = _plain(table, starts, ends)
    many = [(place, int(start), int(end)) for place, (start, end) in enumerate(zip(starts, ends, strict=True))
            if end - start > 1]  # fmt: skip
    lists = table.select(["column_name", "data_type", "count", "nan", *_LISTS])
    kept = {name: lists.column(name).take(pa.array(starts)).to_pylist() for name in (*_LISTS, "data_type")}
    for place, start, end in many:
        found = _joined_lists(lists.slice(start, end - start).to_pylist())
        for name, value in found.items():
            kept[name][place] = value
    unsure = [place for place, _, _ in many if kept["distinct_count"][place] is None and kept["sketch"][place]]
    most = plain["count"].to_pylist()
    for place, count in zip(unsure, estimates([kept["sketch"][place] for place in unsure]), strict=True):
        kept["distinct_count"][place] = min(count, most[place])
    columns = {name: pa.array(values, SUMMARIES.field(name).type) for name, values in kept.items()}
    arrays = [columns[name] if name in columns else plain[name] for name in SUMMARIES.names]
    return pa.Table.from_arrays(arrays, schema=SUMMARIES)


def _plain(table: pa.Table, starts: np.ndarray, ends: np.ndarray) -> dict[str, Any]:
    """What is added, the least and the greatest, and the moments."""
    names = [name for name in table.column_names if name not in _LISTS]
    groups = np.repeat(np.arange(len(starts)), ends - starts)
    frame = pl.DataFrame(table.select(names)).with_columns(pl.Series("__group", groups))
    numbers = pl.col("count") - pl.col("nan").fill_null(0) - pl.col("infinities").fill_null(0)
    frame = frame.with_columns(pl.when(pl.col("mean").is_not_null()).then(numbers).otherwise(0).alias("__n"))
    total = pl.col("__n").sum()
    mean = (pl.col("mean").fill_null(0) * pl.col("__n") / total).sum()
    apart = (pl.col("__n") * (pl.col("mean").fill_null(0) - mean) ** 2).sum()
    found = frame.group_by("__group", maintain_order=True).agg(
        *(pl.col(name).first() for name in (*KEYS, "data_type")),
        *(pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in _ADDED),
        *(pl.col(name).min() for name in ("min", "min_length")),
        *(pl.col(name).max() for name in ("max", "max_length")),
        pl.when(total > 0).then(mean).alias("mean"),
        pl.when(total > 0).then(pl.col("m2").sum() + apart).alias("m2"),
    )
    arrow = found.drop("__group").to_arrow()
    return {name: arrow.column(name).cast(SUMMARIES.field(name).type) for name in arrow.column_names}


def _joined_lists(rows: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"data_type": _type_of(rows)}
    found["edges"], found["histogram"] = _joined_histograms(rows)
    found["items"], found["other_items"] = joined_items(rows)
    found["columns"] = _joined_columns(rows)
    sketches = [row["sketch"] for row in rows if row["sketch"]]
    found["sketch"] = joined(sketches) if sketches else None
    if found["items"] is not None and found["other_items"] == 0:
        found["distinct_count"] = len(found["items"])
    elif found["sketch"] is not None:
        found["distinct_count"] = None  # estimated for all rows at once
    else:
        found["distinct_count"] = max((row["distinct_count"] or 0 for row in rows), default=0)
        if all(row["distinct_count"] is None for row in rows):
            found["distinct_count"] = None
    return found


def _type_of(rows: list[dict[str, Any]]) -> str | None:
    """The type of the last one: a number that became wider is still a number."""
    types = list(dict.fromkeys(row["data_type"] for row in rows))
    if len(types) > 1 and not all(str(each).split("(")[0] in _NUMBER_TYPES for each in types):
        raise SummariesDiffer(
            f"Summaries of the column {rows[0]['column_name']} cannot be added: it was {types[0]}, and is {types[-1]}.",
        )
    return types[-1]


def _joined_histograms(rows: list[dict[str, Any]]) -> tuple[list[float] | None, list[int] | None]:
    known = [row for row in rows if row["histogram"] is not None]
    if not known:
        return None, None
    edges = known[0]["edges"]
    if any(row["edges"] != edges for row in known):
        raise SummariesDiffer(
            f"Summaries of the column {rows[0]['column_name']} cannot be added: their histograms have different edges.",
            hint="Scan again, with the edges of the first one.",
        )
    if any(row["histogram"] is None and row["count"] > (row["nan"] or 0) for row in rows):
        return None, None
    return edges, np.sum([row["histogram"] for row in known], axis=0).tolist()


def joined_items(rows: Sequence[Summary]) -> tuple[list[dict[str, Any]] | None, int | None]:
    """The most frequent of all. Where a list had no room for a value, what it had of that value is among the others."""
    known = [row for row in rows if row["items"] is not None]
    if not known:
        return None, None
    counts = Counter[str]()
    for row in known:
        for item in row["items"]:
            counts[item["item"]] += item["count"]
    kept = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    rest = sum(count for _, count in kept[MOST_ITEMS:]) + sum(row["other_items"] or 0 for row in known)
    return [{"item": item, "count": count} for item, count in kept[:MOST_ITEMS]], rest


def _joined_columns(rows: list[dict[str, Any]]) -> list[str] | None:
    names = dict.fromkeys(name for row in rows for name in row["columns"] or ())
    return list(names) if names or any(row["columns"] is not None for row in rows) else None
