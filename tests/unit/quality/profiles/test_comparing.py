"""Figures of two summaries, beside scipy's of the same histograms."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, false_discovery_control, ks_2samp, wasserstein_distance

from boathouse.quality.multiple_testing import adjust
from boathouse.quality.profiles import SUMMARIES, compare, figures
from boathouse.quality.profiles.binning import joined_bins
from boathouse.quality.profiles.edges import edges_of
from boathouse.quality.profiles.reading import bin_values

EDGES = [-1.0, 0.0, 0.5, 2.0, 7.0]
COUNTS = st.lists(st.integers(0, 300), min_size=6, max_size=6).filter(any)
ITEMS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 200), min_size=1)


def summary(**known: Any) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(SUMMARIES.names)
    return empty | {"column_name": "x", "count": 0, "nulls": 0} | known


def of_numbers(counts: list[int], edges: list[float] = EDGES, **known: Any) -> dict[str, Any]:
    zeros = {"zeros": 0, "nan": 0, "infinities": 0, "data_type": "double"}
    moments = {"mean": 1.0, "m2": 4.0, "min": -3.0, "max": 9.0}
    return summary(count=sum(counts), histogram=counts, edges=edges, **zeros | moments | known)


def of_items(items: dict[str, int], others: int = 0, **known: Any) -> dict[str, Any]:
    listed = [{"item": name, "count": count} for name, count in items.items()]
    count = sum(items.values()) + others
    return summary(**{"count": count, "items": listed, "other_items": others, "data_type": "string"} | known)


@given(COUNTS, COUNTS)
def test_numbers_are_compared_as_scipy_does(counts: list[int], reference: list[int]) -> None:
    one, other = of_numbers(counts), of_numbers(reference)
    found = compare(one, other)
    values = bin_values(one)
    assert found.ks_test is not None and found.chi_squared_test is not None
    samples = [np.repeat(np.arange(6), each) for each in (counts, reference)]
    assert found.ks_test.statistic == pytest.approx(ks_2samp(*samples, method="asymp").statistic, abs=1e-9)
    assert found.wasserstein_distance == pytest.approx(
        wasserstein_distance(values, values, counts, reference), abs=1e-9
    )
    assert found.js_distance == pytest.approx(jensenshannon(counts, reference, base=2), abs=1e-6)
    table = np.array([counts, reference])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] > 1:
        expected = chi2_contingency(table, correction=False)
        assert found.chi_squared_test.statistic == pytest.approx(expected.statistic, abs=1e-6)
        assert found.chi_squared_test.pvalue == pytest.approx(expected.pvalue, abs=1e-6)
    shares = [np.array(each) / sum(each) for each in (counts, reference)]
    apart = np.abs(shares[0] - shares[1])
    assert found.tv_distance == pytest.approx(apart.sum() / 2) and found.l_infinity_distance == pytest.approx(
        apart.max()
    )


@given(ITEMS, ITEMS)
def test_texts_are_compared_by_their_values(items: dict[str, int], reference: dict[str, int]) -> None:
    found = compare(of_items(items), of_items(reference))
    names = sorted({*reference})
    left = [items.get(name, 0) for name in names] + [sum(items.values()) - sum(items.get(n, 0) for n in names)]
    right = [*(reference[name] for name in names), 0]
    assert found.js_distance == pytest.approx(jensenshannon(left, right, base=2), abs=1e-6)
    assert found.ks_test is None and found.wasserstein_distance is None


def test_equal_summaries_have_not_moved() -> None:
    for each in (of_numbers([5, 9, 1, 0, 3, 2]), of_items({"a": 4, "b": 9})):
        found = compare(each, each)
        assert found.population_stability_index == found.js_distance == found.tv_distance == 0
        assert found.count_delta == 0 and found.problem is None and found.pvalue == 1.0


def test_many_bins_are_joined_to_tenths_of_the_reference() -> None:
    reference = np.full(64, 100.0)
    counts, before = joined_bins(np.arange(64.0), reference)
    assert len(before) == 10 and before.sum() == 6400 and counts.sum() == np.arange(64).sum()
    assert before.min() >= 600


def test_a_new_category_is_among_the_others() -> None:
    found = compare(of_items({"a": 50, "new": 50}), of_items({"a": 100}))
    assert found.tv_distance == 0.5 and found.population_stability_index > 0.25


@pytest.mark.parametrize(
    ("one", "other", "problem"),
    [
        (of_numbers([0] * 6, mean=None), of_numbers([1] * 6), "there are no values"),
        (of_numbers([1] * 6), of_numbers([0] * 6, mean=None), "the reference has no values"),
        (of_items({"a": 3}), of_numbers([1] * 6), "it was double, and is string"),
        (of_numbers([2, 1], edges=[1.0]), of_numbers([1] * 6), "different bins"),
        (of_numbers([0, 0, 0, 0, 0, 3], mean=None), of_numbers([1] * 6), "no finite numbers"),
        (of_items({"a": 3}), of_items({}, others=9), "frequent enough"),
        (summary(count=3, data_type="date"), summary(count=3, data_type="date"), "are not compared"),
    ],
)
def test_what_cannot_be_compared_says_why(one: dict[str, Any], other: dict[str, Any], problem: str) -> None:
    found = compare(one, other)
    assert problem in str(found.problem) and found.js_distance is None and found.count_delta is not None


def test_differences_are_those_of_the_figures() -> None:
    one = of_numbers([5] * 6, mean=3.0, nulls=70, zeros=5, distinct_count=15)
    other = of_numbers([10] * 6, mean=1.0, nulls=40, zeros=20, distinct_count=6)
    found = compare(one, other)
    assert (found.count_delta, found.avg_delta, found.percent_null_delta) == (-30, 2.0, 30.0)
    assert found.percent_zeros_delta == -15.0 and found.percent_distinct_delta == 40.0
    assert compare(summary(column_name=":table", count=5), summary(column_name=":table", count=3)).count_delta == 2


def test_quantiles_and_spread_are_read_from_a_summary() -> None:
    values = np.linspace(0, 100, 1001)
    edges = list(np.linspace(1, 99, 63))
    counts = np.bincount(np.searchsorted(edges, values), minlength=64).tolist()
    known = {"mean": values.mean(), "m2": values.var() * len(values), "min": 0.0, "max": 100.0}
    found = figures(of_numbers(counts, edges, **known))
    assert found.stddev == pytest.approx(values.std(ddof=1))
    assert found.quantiles == pytest.approx(np.quantile(values, np.linspace(0, 1, 101)).tolist(), abs=1.0)
    assert found.median == pytest.approx(50.0, abs=0.5)


@given(st.lists(st.integers(-3, 9), min_size=1, max_size=60))
def test_the_median_of_few_different_values_is_theirs(values: list[int]) -> None:
    numbers = np.array(values, np.float64)
    edges = edges_of(numbers)
    assert edges is not None
    counts = np.bincount(np.searchsorted(edges, numbers), minlength=len(edges) + 1).tolist()
    known = {"min": numbers.min(), "max": numbers.max(), "mean": numbers.mean()}
    assert figures(of_numbers(counts, edges, **known)).median == pytest.approx(np.median(numbers))


def test_an_empty_summary_has_no_figures_but_its_counts() -> None:
    found = figures(of_numbers([0] * 6, mean=None, m2=None, min=None, max=None, nulls=7))
    assert (found.count, found.num_nulls, found.percent_null) == (0, 7, 100.0)
    assert found.quantiles is None and found.stddev is None and found.median is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_p_values_are_adjusted_as_scipy_does(values: list[float]) -> None:
    assert adjust(values) == pytest.approx(false_discovery_control(values).tolist())
    assert adjust([None, *values])[0] is None
