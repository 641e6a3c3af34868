"""Looking after every outcome does not make a difference of nothing, and a difference is found."""

from collections.abc import Callable

import numpy as np
import pytest

from boathouse.serving.rollout.experiments.sequences import FEWEST, Arm, difference

Draw = Callable[[np.random.Generator, int], np.ndarray]

DRAWS: dict[str, Draw] = {
    "rare": lambda chance, count: (chance.random(count) < 0.05).astype(float),
    "even": lambda chance, count: (chance.random(count) < 0.5).astype(float),
    "normal": lambda chance, count: chance.normal(3, 2, count),
    "skewed": lambda chance, count: chance.exponential(5, count),
}


def arms_at(values: np.ndarray, name: str, at: int, *, is_binary: bool) -> Arm:
    seen = values[:at]
    return Arm(name, at, at, float(seen.mean()), float(seen.var(ddof=1)), is_binary)


def first_call(control: np.ndarray, treatment: np.ndarray, alpha: float, *, is_binary: bool) -> int | None:
    """After how many outcomes of each arm zero is outside for the first time, looking at every twentieth."""
    for at in range(FEWEST, len(control) + 1, 20):
        arms = (arms_at(control, "a", at, is_binary=is_binary), arms_at(treatment, "b", at, is_binary=is_binary))
        found = difference(*arms, alpha)
        assert found is not None
        assert (found.p_value <= alpha * (1 + 1e-9)) == (found.lower >= 0 or found.upper <= 0)
        if found.lower > 0 or found.upper < 0:
            return at
    return None


@pytest.mark.parametrize("kind", DRAWS)
def test_with_a_look_at_every_step_nothing_is_called_a_difference_more_often_than_alpha(kind: str) -> None:
    chance, alpha, runs = np.random.default_rng(11), 0.05, 300
    wrong = sum(
        first_call(DRAWS[kind](chance, 4000), DRAWS[kind](chance, 4000), alpha, is_binary=kind in ("rare", "even"))
        is not None
        for _ in range(runs)
    )
    assert wrong / runs <= alpha


def test_looking_at_a_fixed_interval_instead_would_be_wrong_far_more_often() -> None:
    chance, runs = np.random.default_rng(11), 200
    wrong = 0
    for _ in range(runs):
        difference_of = DRAWS["normal"](chance, 4000) - DRAWS["normal"](chance, 4000)
        at = np.arange(FEWEST, 4001, 20)
        z = np.abs(difference_of.cumsum()[at - 1] / (np.sqrt(8.0) * np.sqrt(at)))
        wrong += bool((z > 1.96).any())
    assert wrong / runs > 0.15


def test_a_real_difference_is_found_and_its_interval_holds_it() -> None:
    chance = np.random.default_rng(5)
    control, treatment = chance.normal(0, 1, 8000), chance.normal(0.2, 1, 8000)
    assert first_call(control, treatment, 0.05, is_binary=False) is not None
    found = difference(
        arms_at(control, "a", 8000, is_binary=False), arms_at(treatment, "b", 8000, is_binary=False), 0.05
    )
    assert found is not None
    assert 0 < found.lower < 0.2 < found.upper


def test_of_few_outcomes_nothing_is_said() -> None:
    assert difference(Arm("a", 99, 99, 0.5, 0.25), Arm("b", 5000, 5000, 0.9, 0.09), 0.05) is None


def test_outcomes_that_never_vary_differ_or_do_not() -> None:
    same = difference(Arm("a", 200, 200, 1.0, 0.0), Arm("b", 200, 200, 1.0, 0.0), 0.05)
    assert same is not None
    assert (same.value, same.p_value) == (0.0, 1.0)
