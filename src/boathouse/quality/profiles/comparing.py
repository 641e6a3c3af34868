"""One summary beside another: how far a column has moved from its baseline, or from the window before.

Kolmogorov-Smirnov and Wasserstein see all bins of a histogram in their order. The others compare shares of bins, and
bins that hold next to nothing would be all noise: for them neighbouring bins are joined to tenths of the reference,
unless there are few. Of texts and truth values the most frequent ones of the reference are compared, and all others
together.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from boathouse.quality.chi_square import chi_square
from boathouse.quality.counting import CATEGORIES
from boathouse.quality.distances import (
    jensen_shannon_distance,
    l_infinity_distance,
    population_stability_index,
    stability_p_value,
    total_variation_distance,
    wasserstein_distance,
)
from boathouse.quality.kolmogorov_smirnov import binned_kolmogorov_smirnov
from boathouse.quality.profiles.nouns import TABLE_COLUMN, Summary
from boathouse.quality.profiles.reading import bin_values, finite_count, percent

TENTHS = 10
FEW_BINS = 20
"""Up to so many bins with rows in them, none are joined."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A test that both are of one distribution."""

    statistic: float
    pvalue: float


@dataclass(frozen=True, slots=True)
class ColumnsDelta:
    """Which columns have values that had none, and the other way round."""

    added: int
    missing: int


@dataclass(frozen=True, slots=True)
class DriftFigures:
    """By the names of Lakehouse Monitoring's drift table. None: there is no such figure, ``problem`` may say why.
    Differences are those of the summary from the reference; percents are from 0 to 100."""

    count_delta: int | None = None
    avg_delta: float | None = None
    percent_null_delta: float | None = None
    percent_zeros_delta: float | None = None
    percent_distinct_delta: float | None = None
    non_null_columns_delta: ColumnsDelta | None = None
    js_distance: float | None = None
    ks_test: Tested | None = None
    wasserstein_distance: float | None = None
    population_stability_index: float | None = None
    population_stability_pvalue: float | None = None
    """How probable an index as large is when nothing has changed: of few rows it is large by nature."""
    chi_squared_test: Tested | None = None
    tv_distance: float | None = None
    l_infinity_distance: float | None = None
    problem: str | None = None

    @property
    def pvalue(self) -> float | None:
        """Of the test that fits the column: Kolmogorov-Smirnov for numbers, else chi-square. To be adjusted where many
        columns are tested."""
        test = self.ks_test or self.chi_squared_test
        return test.pvalue if test else None

    def row(self) -> dict[str, Any]:
        """By name; tests are dictionaries."""
        return asdict(self)


def compare(summary: Summary, reference: Summary) -> DriftFigures:
    """How far a column has moved. What cannot be compared has no figures, but a problem."""
    differences = _differences(summary, reference)
    if summary["column_name"] == TABLE_COLUMN:
        return DriftFigures(**differences)
    if problem := _problem(summary, reference):
        return DriftFigures(**differences, problem=problem)
    if summary["histogram"] is not None:
        return DriftFigures(**differences, **_of_numbers(summary, reference))
    return DriftFigures(**differences, **_of_items(summary, reference))


def _differences(summary: Summary, reference: Summary) -> dict[str, Any]:
    rows, before = (each["count"] + (each["nulls"] or 0) for each in (summary, reference))
    found: dict[str, Any] = {"count_delta": summary["count"] - reference["count"]}
    found["avg_delta"] = _difference(summary["mean"], reference["mean"])
    for name, field in (("percent_null_delta", "nulls"), ("percent_zeros_delta", "zeros")):
        found[name] = _difference(percent(summary[field], rows), percent(reference[field], before))
    distinct, distinct_before = (_percent_distinct(each) for each in (summary, reference))
    found["percent_distinct_delta"] = _difference(distinct, distinct_before)
    return found


def _percent_distinct(summary: Summary) -> float | None:
    distinct = summary["distinct_count"]
    return None if distinct is None else percent(min(distinct, summary["count"]), summary["count"])


def _difference(value: float | None, before: float | None) -> float | None:
    return None if value is None or before is None else value - before


def _problem(summary: Summary, reference: Summary) -> str | None:
    """Why the distributions cannot be compared."""
    now, then = (_kind(each) for each in (summary, reference))
    if not summary["count"]:
        return "there are no values"
    if not reference["count"]:
        return "the reference has no values"
    if now != then:
        return f"it was {reference['data_type']}, and is {summary['data_type']}"
    if now is None:
        return f"columns of the type {summary['data_type']} are not compared"
    if now == "number":
        if not finite_count(summary) or not finite_count(reference):
            return f"{'the reference has' if finite_count(summary) else 'there are'} no finite numbers"
        if summary["histogram"] is None or reference["histogram"] is None:
            return "there is no histogram of both"
        if summary["edges"] != reference["edges"]:
            return "both were counted over different bins"
    elif not reference["items"]:
        return "no value of the reference is frequent enough to be compared"
    return None


def _kind(summary: Summary) -> str | None:
    if summary["zeros"] is not None:
        return "number"
    return "item" if summary["items"] is not None else None


def _of_numbers(summary: Summary, reference: Summary) -> dict[str, Any]:
    counts, before = (np.asarray(each["histogram"], np.float64) for each in (summary, reference))
    tested = binned_kolmogorov_smirnov(counts, before)
    moved = wasserstein_distance(bin_values(summary), counts, bin_values(reference), before)
    found = _of_bins(*joined_bins(counts, before))
    return found | {"ks_test": Tested(tested.statistic, tested.p_value), "wasserstein_distance": moved}


def _of_items(summary: Summary, reference: Summary) -> dict[str, Any]:
    return _of_bins(*item_bins(summary, reference))


def _of_bins(counts: np.ndarray, reference: np.ndarray) -> dict[str, Any]:
    index = population_stability_index(counts, reference)
    tested = chi_square(counts, reference)
    return {
        "population_stability_index": index,
        "population_stability_pvalue": stability_p_value(index, counts, reference),
        "js_distance": jensen_shannon_distance(counts, reference),
        "tv_distance": total_variation_distance(counts, reference),
        "l_infinity_distance": l_infinity_distance(counts, reference),
        "chi_squared_test": Tested(tested.statistic, tested.p_value),
    }


def joined_bins(counts: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bins that shares are compared over: those with rows in them, or tenths of the reference where there are many.

    A bin belongs to the tenth in which it begins; those beyond the last row of the reference belong to the last one.
    """
    filled = (counts + reference) > 0
    counts, reference = counts[filled], reference[filled]
    if len(counts) <= FEW_BINS:
        return counts, reference
    begins = (np.cumsum(reference) - reference) / reference.sum()
    tenths = np.minimum((begins * TENTHS + 1e-9).astype(np.int64), TENTHS - 1)
    joined = [np.bincount(tenths, weights=each, minlength=TENTHS) for each in (counts, reference)]
    filled = (joined[0] + joined[1]) > 0
    return joined[0][filled], joined[1][filled]


def item_bins(summary: Summary, reference: Summary) -> tuple[np.ndarray, np.ndarray]:
    """The most frequent values of the reference, and all others together."""
    before = {item["item"]: item["count"] for item in reference["items"]}
    after = {item["item"]: item["count"] for item in summary["items"]}
    kept = sorted(before, key=lambda name: (-before[name], name))[:CATEGORIES]
    counts, old = [after.get(name, 0) for name in kept], [before[name] for name in kept]
    others = summary["count"] - sum(counts), reference["count"] - sum(old)
    if any(others):
        counts, old = [*counts, others[0]], [*old, others[1]]
    return np.array(counts, np.float64), np.array(old, np.float64)
