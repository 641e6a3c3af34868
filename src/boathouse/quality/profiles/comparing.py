# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""One summary beside another: how far a column has moved from its baseline, or from the window before.

Kolmogorov-Smirnov and Wasserstein see all bins of a histogram in their order. The others compare shares of bins, and
bins that hold next to nothing would be all noise: for them neighbouring bins are joined to tenths of the reference,
unless there are few. Of texts and truth values the most frequent ones of the reference are compared, and all others
together. Many pairs are compared at once; a single one is a table of two rows.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.quality.chi_square import chi_squares
from boathouse.quality.distances import (
    jensen_shannon_distances,
    l_infinity_distances,
    population_stability_indices,
    stability_p_values,
    total_variation_distances,
    wasserstein_distances,
)
from boathouse.quality.kolmogorov_smirnov import binned_kolmogorov_smirnovs
from boathouse.quality.profiles.binning import ItemCounts, joined, with_others
from boathouse.quality.profiles.nouns import TABLE_COLUMN, Summary
from boathouse.quality.profiles.reading import all_rows, as_table, distinct_values, finite_counts, middles, percents
from boathouse.quality.profiles.stacking import LINES_AT_ONCE, Lists, by_width, floats, is_there

TEST = pa.struct([("statistic", pa.float64()), ("pvalue", pa.float64())])
DRIFT = pa.schema(
    [
        ("count_delta", pa.int64()),
        ("avg_delta", pa.float64()),
        ("percent_null_delta", pa.float64()),
        ("percent_zeros_delta", pa.float64()),
        ("percent_distinct_delta", pa.float64()),
        ("js_distance", pa.float64()),
        ("ks_test", TEST),
        ("wasserstein_distance", pa.float64()),
        ("population_stability_index", pa.float64()),
        ("population_stability_pvalue", pa.float64()),
        ("chi_squared_test", TEST),
        ("tv_distance", pa.float64()),
        ("l_infinity_distance", pa.float64()),
        ("problem", pa.string()),
    ]
)
"""How far many columns have moved."""
_NUMBER, _ITEM = 1, 2


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
    found = compared(as_table([summary, reference]), np.array([0]), np.array([1])).to_pylist()[0]
    tests = {name: Tested(**found[name]) for name in ("ks_test", "chi_squared_test") if found[name] is not None}
    return DriftFigures(**found | tests)


def compared(summaries: pa.Table, rows: np.ndarray, references: np.ndarray) -> pa.Table:
    """One row of :data:`DRIFT` for each pair of rows, given by their numbers. The summaries may lack the columns of
    sketches and keys."""
    return _Comparing(summaries, rows, references).run() if len(rows) else DRIFT.empty_table()


class _Comparing:
    def __init__(self, summaries: pa.Table, rows: np.ndarray, references: np.ndarray) -> None:
        self._given = {name: summaries.column(name) for name in summaries.column_names}
        self._rows, self._references = rows, references
        self._counts, self._finite = floats(self._given["count"]), finite_counts(self._given)
        is_number, has_items = is_there(self._given["zeros"]), is_there(self._given["items"])
        self._kinds = np.where(is_number, _NUMBER, np.where(has_items, _ITEM, 0))
        self._histograms = Lists.of(self._given["histogram"]).numbers()
        self._edges = Lists.of(self._given["edges"]).numbers()
        self._values: dict[str, np.ndarray] = {}

    def run(self) -> pa.Table:
        is_column = pc.not_equal(self._given["column_name"], TABLE_COLUMN).to_numpy()[self._rows]
        problems = self._problems()
        problems[~is_column] = None
        is_fine = is_column & np.array([each is None for each in problems], bool)
        is_number = is_fine & (self._kinds[self._rows] == _NUMBER)
        self._of_numbers(is_number)
        self._of_items(is_fine & ~is_number)
        found: dict[str, Any] = {**self._differences(), "problem": pa.array(problems, pa.string())}
        for name in DRIFT.names:
            if name not in found and DRIFT.field(name).type != TEST:
                found[name] = self._known(name, is_fine)
        for name, is_tested in (("ks_test", is_number), ("chi_squared_test", is_fine)):
            parts = [pa.array(self._column(f"{name}.{each}")) for each in ("statistic", "pvalue")]
            found[name] = pa.StructArray.from_arrays(parts, fields=list(TEST), mask=pa.array(~is_tested))
        return pa.table({name: found[name] for name in DRIFT.names}).cast(DRIFT)

    # --- differences of figures

    def _differences(self) -> dict[str, Any]:
        given = self._given
        rows, distinct = all_rows(given), distinct_values(given)
        figures = {
            "count_delta": given["count"],
            "avg_delta": given["mean"],
            "percent_null_delta": percents(given["nulls"], rows),
            "percent_zeros_delta": percents(given["zeros"], rows),
            "percent_distinct_delta": percents(distinct, given["count"]),
        }
        own, old = pa.array(self._rows), pa.array(self._references)
        return {name: pc.subtract(each.take(own), each.take(old)) for name, each in figures.items()}

    # --- what cannot be compared

    def _problems(self) -> np.ndarray:
        """Why the distributions of a pair cannot be compared; None where they can. Of several the last one is told."""
        own, old = self._rows, self._references
        problems = np.full(len(own), None, object)
        are_numbers = self._kinds[own] == _NUMBER
        has_both = (self._histograms.lengths[own] >= 0) & (self._histograms.lengths[old] >= 0)
        has_items = Lists.of(self._given["items"]).lengths > 0
        problems[self._have_other_edges(are_numbers & has_both)] = "both were counted over different bins"
        problems[are_numbers & ~has_both] = "there is no histogram of both"
        problems[are_numbers & (self._finite[old] <= 0)] = "the reference has no finite numbers"
        problems[are_numbers & (self._finite[own] <= 0)] = "there are no finite numbers"
        problems[~are_numbers & ~has_items[old]] = "no value of the reference is frequent enough to be compared"
        self._tell_types(problems, self._kinds[own] == 0, "columns of the type {0} are not compared")
        self._tell_types(problems, self._kinds[own] != self._kinds[old], "it was {1}, and is {0}")
        problems[self._counts[old] == 0] = "the reference has no values"
        problems[self._counts[own] == 0] = "there are no values"
        return problems

    def _tell_types(self, problems: np.ndarray, where: np.ndarray, text: str) -> None:
        places = np.flatnonzero(where)
        if not len(places):
            return
        types = self._given["data_type"].to_pylist()
        for place in places:
            problems[place] = text.format(types[self._rows[place]], types[self._references[place]])

    def _have_other_edges(self, chosen: np.ndarray) -> np.ndarray:
        own, old = self._edges.lengths[self._rows], self._edges.lengths[self._references]
        differ = chosen & (own != old)
        for here in by_width(own, chosen & (own == old) & (own > 0)):
            edges = (self._edges.stacked(each[here]) for each in (self._rows, self._references))
            differ[here] = np.not_equal(*edges).any(axis=1)
        return differ

    # --- distances

    def _of_numbers(self, chosen: np.ndarray) -> None:
        least, greatest = floats(self._given["min"]), floats(self._given["max"])
        for here in by_width(self._histograms.lengths[self._rows], chosen):
            own, old = self._rows[here], self._references[here]
            counts, before = self._histograms.stacked(own), self._histograms.stacked(old)
            statistic, p_value = binned_kolmogorov_smirnovs(counts, before)
            values = (middles(self._edges.stacked(each), least[each], greatest[each]) for each in (own, old))
            moved = wasserstein_distances(next(values), counts, next(values), before)
            self._keep(here, {"ks_test.statistic": statistic, "ks_test.pvalue": p_value, "wasserstein_distance": moved})
            self._of_bins(here, *joined(counts, before))

    def _of_items(self, chosen: np.ndarray) -> None:
        places = np.flatnonzero(chosen)
        if not len(places):
            return
        # Columns of numbers have items too, which nobody asks for.
        used = np.unique(np.concatenate([self._rows[places], self._references[places]]))
        items = ItemCounts.of(self._given["items"].take(pa.array(used)))
        for start in range(0, len(places), LINES_AT_ONCE):
            here = places[start : start + LINES_AT_ONCE]
            own, old = self._rows[here], self._references[here]
            counts, before = items.bins(*(np.searchsorted(used, each) for each in (own, old)))
            self._of_bins(here, with_others(counts, self._counts[own]), with_others(before, self._counts[old]))

    def _of_bins(self, here: np.ndarray, counts: np.ndarray, reference: np.ndarray) -> None:
        index = population_stability_indices(counts, reference, (counts + reference) > 0)
        statistic, _, p_value = chi_squares(counts, reference)
        found = {
            "population_stability_index": index,
            "population_stability_pvalue": stability_p_values(index, counts, reference),
            "js_distance": jensen_shannon_distances(counts, reference),
            "tv_distance": total_variation_distances(counts, reference),
            "l_infinity_distance": l_infinity_distances(counts, reference),
            "chi_squared_test.statistic": statistic,
            "chi_squared_test.pvalue": p_value,
        }
        self._keep(here, found)

    def _keep(self, here: np.ndarray, found: dict[str, np.ndarray]) -> None:
        for name, values in found.items():
            self._column(name)[here] = values

    def _column(self, name: str) -> np.ndarray:
        if name not in self._values:
            self._values[name] = np.full(len(self._rows), np.nan)
        return self._values[name]

    def _known(self, name: str, is_fine: np.ndarray) -> pa.Array:
        values = self._column(name)
        return pa.array(values, pa.float64(), mask=~is_fine | np.isnan(values))
