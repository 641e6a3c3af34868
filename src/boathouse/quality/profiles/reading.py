"""What a summary says in figures: those of Lakehouse Monitoring's profile tables."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from boathouse.quality.profiles.edges import exact_bins
from boathouse.quality.profiles.nouns import TABLE_COLUMN, Summary

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


def figures(summary: Summary) -> ProfileFigures:
    """The figures of one summary."""
    count = summary["count"]
    if summary["column_name"] == TABLE_COLUMN:
        return ProfileFigures(count)
    rows = count + summary["nulls"]
    found = quantiles(summary, PERCENTILES)
    length = summary["sum_length"]
    distinct = None if summary["distinct_count"] is None else min(summary["distinct_count"], count)
    return ProfileFigures(
        count=count,
        data_type=summary["data_type"],
        num_nulls=summary["nulls"],
        avg=summary["mean"],
        quantiles=found,
        min=summary["min"],
        max=summary["max"],
        stddev=standard_deviation(summary),
        num_zeros=summary["zeros"],
        num_nan=summary["nan"],
        min_length=summary["min_length"],
        max_length=summary["max_length"],
        avg_length=None if length is None or not count else length / count,
        frequent_items=summary["items"],
        median=found[50] if found else None,
        distinct_count=distinct,
        percent_nan=percent(summary["nan"], rows),
        percent_null=percent(summary["nulls"], rows),
        percent_zeros=percent(summary["zeros"], rows),
        percent_distinct=percent(distinct, count),
    )


def percent(part: int | None, rows: int) -> float | None:
    """What share of the rows; None of no rows."""
    return None if part is None or not rows else 100.0 * part / rows


def finite_count(summary: Summary) -> int:
    """How many finite numbers there are."""
    if summary["mean"] is None:
        return 0
    return int(summary["count"] - (summary["nan"] or 0) - (summary["infinities"] or 0))


def standard_deviation(summary: Summary) -> float | None:
    """Of a sample; None for fewer than two numbers."""
    rows = finite_count(summary)
    return math.sqrt(max(summary["m2"], 0.0) / (rows - 1)) if rows > 1 else None


def quantiles(summary: Summary, shares: Sequence[float]) -> list[float] | None:
    """The values below which these shares of the numbers lie, as the histogram tells: in a bin values count as spread
    evenly. None without numbers."""
    counts, edges = summary["histogram"], summary["edges"]
    if not counts or not edges or summary["min"] is None:
        return None
    places = np.concatenate([[summary["min"]], np.clip(edges, summary["min"], summary["max"]), [summary["max"]]])
    alone = np.flatnonzero(exact_bins(edges))
    places[alone] = places[alone + 1]
    below = np.concatenate([[0.0], np.cumsum(counts)])
    wanted = np.asarray(shares) * below[-1]
    # Where no rows lie between two values, the middle of both is meant, as by SQL's median.
    ends = np.interp(wanted, below, places), np.interp(-wanted, -below[::-1], places[::-1])
    return [float(each) for each in (ends[0] + ends[1]) / 2]


def bin_values(summary: Summary) -> np.ndarray:
    """Where the rows of each bin stand: in its middle, as far as there are numbers."""
    least, greatest = summary["min"], summary["max"]
    bounds = np.concatenate([[least], np.clip(summary["edges"], least, greatest), [greatest]])
    return (bounds[1:] + bounds[:-1]) / 2
