"""However often one looks, chance is hardly ever taken for more."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.serving.rollout.chance import (
    ALPHA,
    is_above,
    is_worse,
    log_evidence_above,
    log_evidence_of_other_shares,
)


def test_one_of_twenty_is_chance_and_three_of_three_are_not() -> None:
    assert not is_above(1, 20, 0.02)
    assert is_above(3, 3, 0.02)
    assert is_above(20, 200, 0.02)
    assert not is_above(4, 200, 0.02)


def test_where_nothing_may_be_bad_one_is_enough() -> None:
    assert is_above(1, 1000, 0.0)
    assert not is_above(0, 1000, 0.0)


@settings(deadline=None, max_examples=30)
@given(bad=st.integers(0, 60), good=st.integers(0, 60), share=st.floats(0.005, 0.9))
def test_the_evidence_is_the_mixture_of_likelihood_ratios(bad: int, good: int, share: float) -> None:
    total = bad + good
    grid = np.linspace(share, 1, 200_001)[1:-1]
    ratios = bad * np.log(grid / share) + good * np.log((1 - grid) / (1 - share))
    assert exp(log_evidence_above(bad, total, share)) == pytest.approx(np.exp(ratios).mean(), rel=1e-2)


def test_looking_after_every_answer_cries_wolf_no_more_often_than_promised() -> None:
    chance, alpha, streams, answers = np.random.default_rng(7), 0.05, 400, 1500
    bad = (chance.random((streams, answers)) < 0.02).cumsum(axis=1)
    wolves = sum(
        any(is_above(int(bad[stream, at]), at + 1, 0.02, alpha) for at in range(0, answers, 5))
        for stream in range(streams)
    )
    assert wolves / streams <= alpha


def test_of_two_sides_alike_neither_is_called_worse_however_often_one_looks() -> None:
    chance, streams, answers = np.random.default_rng(5), 200, 1500
    wolves = 0
    for _ in range(streams):
        is_ours, is_bad = chance.random(answers) < 0.1, chance.random(answers) < 0.1
        total, bad = is_ours.cumsum(), (is_ours & is_bad).cumsum()
        every, every_bad = np.arange(1, answers + 1), is_bad.cumsum()
        counts = [(int(bad[at]), int(total[at]), int(every_bad[at]), int(every[at])) for at in np.flatnonzero(is_bad)]
        wolves += any(is_worse(b, t, every_b - b, n - t, 0.05) for b, t, every_b, n in counts)
    assert wolves / streams <= 0.05


def test_of_two_sides_the_worse_one_is_called_so() -> None:
    assert is_worse(3, 3, 0, 60)
    assert is_worse(30, 100, 20, 1000)
    assert not is_worse(10, 100, 100, 1000)
    assert not is_worse(20, 1000, 30, 100)
    assert not is_worse(5, 10, 0, 0)
    assert not is_worse(0, 0, 0, 0)


def test_shares_that_are_off_are_noticed_and_fair_ones_are_not() -> None:
    assert log_evidence_of_other_shares([1100, 900], [50, 50]) > -log(ALPHA)
    assert log_evidence_of_other_shares([1010, 990], [50, 50]) < 0
    assert log_evidence_of_other_shares([10, 1], [100, 0]) == float("inf")
