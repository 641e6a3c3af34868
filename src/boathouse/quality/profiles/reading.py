# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""What summaries say in figures: those of Lakehouse Monitoring's profile tables. Many are read at once, column by
column; a single one is a table of one row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.quality.profiles.edges import exact_bins
from boathouse.quality.profiles.nouns import SUMMARIES, TABLE_COLUMN, Summary
from boathouse.quality.profiles.stacking import Lists, by_width, floats, is_there

PERCENTILES = tuple(place / 100 for place in range(101))


@dataclass(frozen=True, slots=True)
class ProfileFigures:
    """One column, or ``:table``. None: there is no such figure of it. Percents are from 0 to 100."""

    count: int
    """Values that are there, nulls not among them; of ``:table`` the rows."""
    data_type: str | None = None
    num_nulls: int | None = None
    avg: float | None = None
    quantiles: list[float] | None = None
    """From the least value to the greatest in steps of one percent."""
    min: float | None = None
    max: float | None = None
    stddev: float | None = None
    """Of a sample, as SQL's ``stddev``."""
    num_zeros: int | None = None
    num_nan: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    avg_length: float | None = None
    frequent_items: list[dict[str, Any]] | None = None
    median: float | None = None
    distinct_count: int | None = None
    percent_nan: float | None = None
    percent_null: float | None = None
    percent_zeros: float | None = None
    percent_distinct: float | None = None
    """Of the values that are there."""

    def row(self) -> dict[str, Any]:
        """By the names of the profile table's columns."""
        return asdict(self)


FIGURES = pa.schema(
    [
        ("count", pa.int64()),
        ("data_type", pa.string()),
        ("num_nulls", pa.int64()),
        ("avg", pa.float64()),
        ("quantiles", pa.list_(pa.float64())),
        ("min", pa.float64()),
        ("max", pa.float64()),
        ("stddev", pa.float64()),
        ("num_zeros", pa.int64()),
        ("num_nan", pa.int64()),
        ("min_length", pa.int64()),
        ("max_length", pa.int64()),
        ("avg_length", pa.float64()),
        ("frequent_items", SUMMARIES.field("items").type),
        ("median", pa.float64()),
        ("distinct_count", pa.int64()),
        ("percent_nan", pa.float64()),
        ("percent_null", pa.float64()),
        ("percent_zeros", pa.float64()),
        ("percent_distinct", pa.float64()),
    ]
)
"""The figures of many summaries."""


def figures(summary: Summary) -> ProfileFigures:
    """The figures of one summary."""
    return ProfileFigures(**figures_of(as_table([summary])).to_pylist()[0])


def as_table(summaries: Sequence[Summary]) -> pa.Table:
    """Summaries given as plain values."""
    return pa.Table.from_pylist([dict(each) for each in summaries], schema=SUMMARIES)


def figures_of(summaries: pa.Table) -> pa.Table:
    """One row of :data:`FIGURES` for each summary. The table may lack the columns of sketches and keys."""
    if not summaries.num_rows:
        return FIGURES.empty_table()
    given = {name: summaries.column(name) for name in summaries.column_names}
    is_column = pc.not_equal(given["column_name"], TABLE_COLUMN)
    rows, distinct = all_rows(given), distinct_values(given)
    quantiles, median = _quantiles_and_median(summaries)
    found = {
        "data_type": given["data_type"],
        "num_nulls": given["nulls"],
        "avg": given["mean"],
        "quantiles": quantiles,
        "min": given["min"],
        "max": given["max"],
        "stddev": pa.chunked_array([_standard_deviations(given)]),
        "num_zeros": given["zeros"],
        "num_nan": given["nan"],
        "min_length": given["min_length"],
        "max_length": given["max_length"],
        "avg_length": _ratio(given["sum_length"], given["count"]),
        "frequent_items": given["items"],
        "median": median,
        "distinct_count": distinct,
        "percent_nan": percents(given["nan"], rows),
        "percent_null": percents(given["nulls"], rows),
        "percent_zeros": percents(given["zeros"], rows),
        "percent_distinct": percents(distinct, given["count"]),
    }
    of_columns = {name: pc.if_else(is_column, each, pa.scalar(None, each.type)) for name, each in found.items()}
    return pa.table({"count": given["count"], **of_columns}).cast(FIGURES)


def all_rows(given: dict[str, Any]) -> Any:
    """How many rows each summary is of."""
    return pc.add(given["count"], pc.fill_null(given["nulls"], 0))


def distinct_values(given: dict[str, Any]) -> Any:
    """The number of different values; an estimate is never above the number of values."""
    return pc.min_element_wise(given["distinct_count"], given["count"], skip_nulls=False)


def percents(parts: Any, rows: Any) -> Any:
    """What share of the rows; null of no rows."""
    return _ratio(pc.multiply(100.0, parts.cast(pa.float64())), rows)


def _ratio(parts: Any, rows: Any) -> Any:
    nothing = pc.equal(rows, 0)
    return pc.divide(parts.cast(pa.float64()), pc.if_else(nothing, pa.scalar(None, rows.type), rows).cast(pa.float64()))


def finite_counts(given: dict[str, Any]) -> np.ndarray:
    """How many finite numbers there are."""
    other = pc.add(pc.fill_null(given["nan"], 0), pc.fill_null(given["infinities"], 0))
    return np.where(is_there(given["mean"]), floats(pc.subtract(given["count"], other)), 0.0)


def _standard_deviations(given: dict[str, Any]) -> pa.Array:
    """Of a sample; null for fewer than two numbers."""
    rows, squares = finite_counts(given), floats(given["m2"])
    is_known = (rows > 1) & ~np.isnan(squares)
    found = np.sqrt(np.maximum(squares, 0.0) / np.where(rows > 1, rows - 1, 1.0))
    return pa.array(found, pa.float64(), mask=~is_known)


def quantiles(summary: Summary, shares: Sequence[float]) -> list[float] | None:
    """The values below which these shares of the numbers lie, as the histogram tells: in a bin values count as spread
    evenly. None without numbers."""
    found, is_known = _quantiles(as_table([summary]), shares)
    return [float(each) for each in found[0]] if is_known[0] else None


def _quantiles_and_median(summaries: pa.Table) -> tuple[Any, Any]:
    found, is_known = _quantiles(summaries, PERCENTILES)
    offsets = np.append(0, np.cumsum(is_known * len(PERCENTILES))).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(found[is_known].ravel()), mask=pa.array(~is_known))
    median = pa.array(found[:, len(PERCENTILES) // 2], pa.float64(), mask=~is_known)
    return pa.chunked_array([lists]), pa.chunked_array([median])


def _quantiles(summaries: pa.Table, shares: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """A line of quantiles for each summary, and whether it has any."""
    counts, edges = Lists.of(summaries.column("histogram")).numbers(), Lists.of(summaries.column("edges")).numbers()
    least, greatest = floats(summaries.column("min")), floats(summaries.column("max"))
    is_known = (counts.lengths > 0) & (edges.lengths > 0) & is_there(summaries.column("min"))
    found = np.full((summaries.num_rows, len(shares)), np.nan)
    wanted = np.asarray(shares, np.float64)
    for rows in by_width(edges.lengths, is_known):
        places = bounds(edges.stacked(rows), least[rows], greatest[rows])
        alone = exact_bins(edges.stacked(rows))
        places[:, :-1] = np.where(alone, places[:, 1:], places[:, :-1])
        below = np.cumsum(counts.stacked(rows), axis=1)
        found[rows] = _at(np.column_stack([np.zeros(len(rows)), below]), places, wanted)
    return found, is_known


def _at(below: np.ndarray, places: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Where each line's share of rows is reached."""
    wanted = shares * below[:, -1:]
    found = np.empty(wanted.shape)
    above, before, after = -below[:, ::-1], places[:, ::-1], -wanted
    # Where no rows lie between two values, the middle of both is meant, as by SQL's median.
    for line in range(len(found)):
        found[line] = np.interp(wanted[line], below[line], places[line])
        found[line] += np.interp(after[line], above[line], before[line])
    return found / 2


def bounds(edges: np.ndarray, least: np.ndarray, greatest: np.ndarray) -> np.ndarray:
    """Where the bins of each line begin and end, as far as there are numbers."""
    low, high = least[:, None], greatest[:, None]
    return np.concatenate([low, np.clip(edges, low, high), high], axis=1)


def bin_values(summary: Summary) -> np.ndarray:
    """Where the rows of each bin stand: in its middle, as far as there are numbers."""
    edges = np.asarray(summary["edges"], np.float64)[None, :]
    return middles(edges, *(np.array([summary[name]], np.float64) for name in ("min", "max")))[0]


def middles(edges: np.ndarray, least: np.ndarray, greatest: np.ndarray) -> np.ndarray:
    """As :func:`bin_values`, of many summaries."""
    ends = bounds(edges, least, greatest)
    return (ends[:, 1:] + ends[:, :-1]) / 2
