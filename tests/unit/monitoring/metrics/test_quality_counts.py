"""Counts of answers: they add up, and their figures are those of scikit-learn."""

from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from boathouse.monitoring.metrics import intervals
from boathouse.monitoring.metrics.quality import area_under_curve, fairness_of, quality_of
from boathouse.monitoring.metrics.quality_counts import BINS, QualityCounts, added
from boathouse.monitoring.monitors.settings import ProblemType

pairs = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=60)
scored = st.lists(st.tuples(st.integers(0, BINS - 1), st.booleans()), min_size=2, max_size=80)


@settings(deadline=None, max_examples=40)
@given(pairs, pairs)
def test_counts_of_two_halves_are_those_of_the_whole(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    halves = [QualityCounts.from_json(QualityCounts(Counter(each)).to_json()) for each in (one, other)]
    assert added(halves).cells == Counter(one + other)


@settings(deadline=None, max_examples=40)
@given(pairs)
def test_figures_of_classes_are_those_of_scikit_learn(given: list[tuple[str, str]]) -> None:
    assume(given)
    predicted, labels = zip(*given, strict=True)
    found = quality_of(QualityCounts(Counter(given)), ProblemType.CLASSIFICATION)
    assert found["accuracy_score"] == pytest.approx(sk.accuracy_score(labels, predicted))
    for name, figure in (("precision", sk.precision_score), ("recall", sk.recall_score), ("f1_score", sk.f1_score)):
        for average in ("macro", "weighted"):
            expected = figure(labels, predicted, average=average, zero_division=0)
            assert found[name][average] == pytest.approx(expected), (name, average)


@settings(deadline=None, max_examples=40)
@given(scored)
def test_the_area_under_the_curve_is_that_of_scikit_learn(given: list[tuple[int, bool]]) -> None:
    bins: dict[int, tuple[int, int]] = {}
    for place, own in given:
        others, before = bins.get(place, (0, 0))
        bins[place] = (others + (not own), before + own)
    labels = [own for _, own in given]
    if len(set(labels)) < 2:
        assert area_under_curve(bins) is None
    else:
        assert area_under_curve(bins) == pytest.approx(sk.roc_auc_score(labels, [place for place, _ in given]))


def test_no_labels_say_so_and_nothing_else() -> None:
    assert quality_of(QualityCounts(), ProblemType.CLASSIFICATION) == {"labelled_count": 0}


def test_groups_that_are_treated_alike_have_no_differences() -> None:
    counts = QualityCounts(Counter({("1", "1"): 3, ("1", "0"): 1, ("0", "0"): 4}))
    found = fairness_of(counts, counts)
    assert all(difference == 0 for values in found.values() for _, difference in values)


def test_an_interval_of_a_share_holds_it_and_narrows_with_rows() -> None:
    wide, narrow = intervals.share(8, 10), intervals.share(800, 1000)
    assert wide is not None and narrow is not None
    assert wide[0] < narrow[0] < 0.8 < narrow[1] < wide[1]
    assert intervals.share(0, 0) is None and intervals.area(0.7, 0, 5) is None
