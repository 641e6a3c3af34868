"""How far two distributions over the same bins are apart.

Population stability index: the symmetric Kullback-Leibler divergence (Jeffreys 1946), as credit scoring uses it
(Siddiqi, Credit Risk Scorecards, 2006); its distribution: Yurdakul and Naranjo, Journal of Risk Model Validation 14(4),
2020. Jensen-Shannon: Lin, IEEE Transactions on Information Theory 37(1), 1991; that its root is a distance: Endres and
Schindelin, ibid. 49(7), 2003. Total variation and the largest difference of shares: Gibbs and Su, International
Statistical Review 70(3), 2002. Wasserstein (Kantorovich, earth mover): Vallender, Theory of Probability and Its
Applications 18(4), 1974, for its form in one dimension.
"""

import numpy as np


def population_stability_index(counts: np.ndarray, reference: np.ndarray) -> float:
    """``sum((a - e) * ln(a / e))`` over the shares of the bins.

    Where a bin is empty on one side, half a row is added to every bin of that side: a share of zero has no logarithm.
    """
    shares, expected = _shares(counts), _shares(reference)
    return float(((shares - expected) * np.log(shares / expected)).sum())


def stability_p_value(index: float, counts: np.ndarray, reference: np.ndarray) -> float:
    """How probable an index as large is when both come from one distribution: ``index / (1/n + 1/m)`` is then
    chi-square distributed with one degree of freedom less than there are bins."""
    from scipy.special import chdtrc

    freedom = int(((counts + reference) > 0).sum()) - 1
    if freedom < 1:
        return 1.0
    return float(chdtrc(freedom, index / (1 / counts.sum() + 1 / reference.sum())))


def jensen_shannon_distance(counts: np.ndarray, reference: np.ndarray) -> float:
    """The root of the Jensen-Shannon divergence to base 2: 0 for the same, 1 for what has no bin in common."""
    left, right = counts / counts.sum(), reference / reference.sum()
    middle = (left + right) / 2
    divergence = (_divergence(left, middle) + _divergence(right, middle)) / 2
    return float(np.sqrt(min(max(divergence, 0.0), 1.0)))


def total_variation_distance(counts: np.ndarray, reference: np.ndarray) -> float:
    """Half the sum of the differences of the shares: the share of rows that would have to move to another bin."""
    return float(np.abs(counts / counts.sum() - reference / reference.sum()).sum() / 2)


def l_infinity_distance(counts: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference of two shares of one bin."""
    return float(np.abs(counts / counts.sum() - reference / reference.sum()).max())


def wasserstein_distance(
    values: np.ndarray, counts: np.ndarray, reference_values: np.ndarray, reference: np.ndarray
) -> float:
    """How far the rows of one side have to be moved on average to become those of the other: the area between the two
    distribution functions, in the unit of the values. Each count stands at its value."""
    places = np.concatenate([values, reference_values])
    order = np.argsort(places, kind="stable")
    steps = np.concatenate([counts / counts.sum(), -reference / reference.sum()])[order]
    apart = np.abs(np.cumsum(steps)[:-1])
    return float((apart * np.diff(places[order])).sum())


def _shares(counts: np.ndarray) -> np.ndarray:
    counts = counts + 0.5 if (counts == 0).any() else counts
    return counts / counts.sum()


def _divergence(left: np.ndarray, right: np.ndarray) -> float:
    there = left > 0
    return float((left[there] * np.log2(left[there] / right[there])).sum())
