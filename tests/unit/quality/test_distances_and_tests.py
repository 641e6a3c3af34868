"""Each figure beside scipy's, or beside its definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp

from boathouse.quality.chi_square import chi_square
from boathouse.quality.distances import jensen_shannon_distance, population_stability_index, stability_p_value
from boathouse.quality.kolmogorov_smirnov import kolmogorov_smirnov

COUNTS = st.integers(2, 12).flatmap(
    lambda width: st.tuples(
        *(arrays(np.float64, width, elements=st.integers(0, 500).map(float)).filter(np.any) for _ in range(2))
    )
)
VALUES = arrays(np.float64, st.integers(1, 60), elements=st.integers(-20, 20).map(float))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # scipy's own, of its p-value for so few rows
@given(VALUES, VALUES)
def test_kolmogorov_smirnov_is_that_of_scipy(values: np.ndarray, reference: np.ndarray) -> None:
    assert kolmogorov_smirnov(values, reference).statistic == pytest.approx(
        ks_2samp(values, reference, method="asymp").statistic
    )


def test_its_p_value_comes_near_that_of_scipy() -> None:
    dice = np.random.default_rng(3)
    for shift in (0.0, 0.05, 0.1, 0.2):
        left, right = dice.normal(size=800), dice.normal(shift, size=500)
        assert kolmogorov_smirnov(left, right).p_value == pytest.approx(ks_2samp(left, right).pvalue, abs=0.02)


@given(COUNTS)
def test_chi_square_is_that_of_scipy(counts: tuple[np.ndarray, np.ndarray]) -> None:
    left, right = counts
    found = chi_square(left, right)
    table = np.vstack([left, right])
    expected = chi2_contingency(table[:, table.sum(axis=0) > 0], correction=False)
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)
    assert 0 <= found.cramers_v <= 1 + 1e-9


@given(COUNTS)
def test_jensen_shannon_is_that_of_scipy(counts: tuple[np.ndarray, np.ndarray]) -> None:
    left, right = counts
    expected = jensenshannon(left, right, base=2)
    assert jensen_shannon_distance(left, right) == pytest.approx(expected, abs=1e-6)


@given(COUNTS)
def test_the_stability_index_is_its_sum(counts: tuple[np.ndarray, np.ndarray]) -> None:
    left, right = (each + 0.5 if (each == 0).any() else each for each in counts)
    pairs = zip(left / left.sum(), right / right.sum(), strict=True)
    expected = sum((a - e) * math.log(a / e) for a, e in pairs)
    assert population_stability_index(*counts) == pytest.approx(expected, abs=1e-9)
    assert population_stability_index(*counts) >= -1e-12


def test_the_stability_index_of_one_distribution_is_as_large_as_chance_says() -> None:
    dice = np.random.default_rng(5)
    shares = np.full(10, 0.1)
    drawn = [(dice.multinomial(2_000, shares) * 1.0, dice.multinomial(3_000, shares) * 1.0) for _ in range(400)]
    by_chance = [stability_p_value(population_stability_index(*each), *each) for each in drawn]
    assert np.mean(np.array(by_chance) < 0.05) == pytest.approx(0.05, abs=0.03)
