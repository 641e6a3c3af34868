"""Intervals: what is exact, what is near, and that both sides of a comparison get the same rows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.models.evaluation import bootstrap
from boathouse.models.evaluation.bootstrap import BLOCKS, Resampling, drawn_weights, interval_of, replicated
from boathouse.models.evaluation.metrics import metrics_of
from boathouse.models.evaluation.statistics import statistics, value_of
from boathouse.models.requirements import Problem

Array = np.ndarray[Any, Any]
NAMES = [each.name for each in metrics_of(Problem.BINARY)]


def rows_of(count: int, seed: int = 1) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    logit = random.normal(-1, 1.5, count)
    label = (random.random(count) < 1 / (1 + np.exp(-logit))).astype(float)
    answers = 1 / (1 + np.exp(-(logit + random.normal(0, 0.5, count))))
    return label, answers


@settings(deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(30, 60))
def test_few_rows_are_drawn_as_by_hand(seed: int, count: int) -> None:
    label, answers = rows_of(count, seed)
    made = list(statistics(NAMES, Problem.BINARY, label, answers).values())
    found = replicated(made, Resampling(replicates=5, seed=seed))
    weights = drawn_weights(count, 5, seed).astype(int)
    assert (weights.sum(axis=1) == count).all()
    for replicate in range(5):
        again = np.repeat(np.arange(count), weights[replicate])
        for column, name in enumerate(NAMES):
            expected = value_of(name, Problem.BINARY, label[again], answers[again])
            assert found[replicate, column] == pytest.approx(expected, nan_ok=True), name


@settings(deadline=None)
@given(seed=st.integers(0, 1000))
def test_groups_are_drawn_whole(seed: int) -> None:
    label, answers = rows_of(60, seed)
    groups = np.random.default_rng(seed).permutation(np.arange(60) % 12)
    made = list(statistics(NAMES, Problem.BINARY, label, answers).values())
    found = replicated(made, Resampling(replicates=3, seed=seed, groups=groups))
    weights = drawn_weights(12, 3, seed).astype(int)
    for replicate in range(3):
        again = np.repeat(np.arange(60), weights[replicate][groups])
        for column, name in enumerate(NAMES):
            expected = value_of(name, Problem.BINARY, label[again], answers[again])
            assert found[replicate, column] == pytest.approx(expected, nan_ok=True), name


def test_blocks_wander_as_rows_do(monkeypatch: pytest.MonkeyPatch) -> None:
    label, answers = rows_of(6 * BLOCKS)
    made = list(statistics(NAMES, Problem.BINARY, label, answers).values())
    near = replicated(made, Resampling(seed=3))
    monkeypatch.setattr(bootstrap, "BLOCKS", 10**9)
    exact = replicated(made, Resampling(replicates=400, seed=4))
    for column, name in enumerate(NAMES):
        assert near[:, column].std() == pytest.approx(exact[:, column].std(), rel=0.15), name
        assert near[:, column].mean() == pytest.approx(exact[:, column].mean(), abs=0.3 * exact[:, column].std()), name


def test_groups_that_answer_alike_make_the_interval_wider() -> None:
    label, answers = rows_of(500)
    label, answers, groups = np.repeat(label, 20), np.repeat(answers, 20), np.repeat(np.arange(500), 20)
    made = list(statistics(["brier"], Problem.BINARY, label, answers).values())
    alone = replicated(made, Resampling())
    together = replicated(made, Resampling(groups=groups))
    assert together.std() == pytest.approx(alone.std() * np.sqrt(20), rel=0.2)


def test_more_groups_than_blocks_are_thrown_together() -> None:
    label, answers = rows_of(3 * BLOCKS)
    made = list(statistics(["log_loss"], Problem.BINARY, label, answers).values())
    of_rows = replicated(made, Resampling(seed=5))
    of_groups = replicated(made, Resampling(seed=6, groups=np.arange(3 * BLOCKS)))
    assert of_groups.std() == pytest.approx(of_rows.std(), rel=0.15)


def test_the_same_seed_gives_the_same_interval() -> None:
    label, answers = rows_of(10_000)
    made = list(statistics(["auc"], Problem.BINARY, label, answers).values())
    first = interval_of(replicated(made, Resampling(seed=7))[:, 0])
    bootstrap.drawn_weights.cache_clear()
    assert interval_of(replicated(made, Resampling(seed=7))[:, 0]) == first
    assert interval_of(replicated(made, Resampling(seed=8))[:, 0]) != first


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    hits = 0
    for seed in range(200):
        label = (np.random.default_rng(seed).random(300) < 0.3).astype(float)
        made = list(statistics(["accuracy"], Problem.BINARY, label, np.zeros(300)).values())
        interval = interval_of(replicated(made, Resampling(replicates=200, seed=seed))[:, 0])
        assert interval is not None
        hits += interval[0] <= 0.7 <= interval[1]
    assert 0.89 <= hits / 200 <= 0.99


def test_replicates_without_a_number_give_no_interval() -> None:
    samples = np.concatenate([np.full(20, np.nan), np.arange(80.0)])
    assert interval_of(samples) is None
    assert interval_of(np.arange(101.0), confidence=0.9) == pytest.approx((5, 95))


def test_a_slice_keeps_its_groups() -> None:
    groups = np.array([0, 0, 1, 2, 2])
    kept = Resampling(groups=groups).of_rows(np.array([2, 3, 4]))
    assert kept.groups is not None
    assert kept.groups.tolist() == [0, 1, 1]
    assert replace(kept, groups=None).of_rows(np.array([1])).groups is None
