"""How far two distributions over the same bins are apart.

Population stability index: the symmetric Kullback-Leibler divergence (Jeffreys 1946), as credit scoring uses it
(Siddiqi, Credit Risk Scorecards, 2006); its distribution: Yurdakul and Naranjo, Journal of Risk Model Validation 14(4),
2020. Jensen-Shannon: Lin, IEEE Transactions on Information Theory 37(1), 1991; that its root is a distance: Endres and
Schindelin, ibid. 49(7), 2003. Total variation and the largest difference of shares: Gibbs and Su, International
Statistical Review 70(3), 2002. Wasserstein (Kantorovich, earth mover): Vallender, Theory of Probability and Its
Applications 18(4), 1974, for its form in one dimension.

The functions in the plural are of many pairs of histograms at once, the bins along the last axis.
"""

import numpy as np


def population_stability_index(counts: np.ndarray, reference: np.ndarray) -> float:
    """``sum((a - e) * ln(a / e))`` over the shares of the bins.

    Where a bin is empty on one side, half a row is added to every bin of that side: a share of zero has no logarithm.
    """
    return float(population_stability_indices(counts, reference, np.full(counts.shape, True)))


def population_stability_indices(counts: np.ndarray, reference: np.ndarray, there: np.ndarray) -> np.ndarray:
    """As :func:`population_stability_index`; the pairs need not have all the bins, ``there`` says which ones."""
    shares, expected = _shares(counts, there), _shares(reference, there)
    ratio = np.divide(shares, expected, out=np.ones_like(shares), where=there)
    return ((shares - expected) * np.log(ratio)).sum(axis=-1)


def stability_p_value(index: float, counts: np.ndarray, reference: np.ndarray) -> float:
    """How probable an index as large is when both come from one distribution: ``index / (1/n + 1/m)`` is then
    chi-square distributed with one degree of freedom less than there are bins."""
    return float(stability_p_values(np.asarray(index), counts, reference))


def stability_p_values(indices: np.ndarray, counts: np.ndarray, reference: np.ndarray) -> np.ndarray:
    from scipy.special import chdtrc

    freedom = ((counts + reference) > 0).sum(axis=-1) - 1
    by_chance = 1 / counts.sum(axis=-1) + 1 / reference.sum(axis=-1)
    return np.where(freedom < 1, 1.0, chdtrc(np.maximum(freedom, 1), indices / by_chance))


def jensen_shannon_distance(counts: np.ndarray, reference: np.ndarray) -> float:
    """The root of the Jensen-Shannon divergence to base 2: 0 for the same, 1 for what has no bin in common."""
    return float(jensen_shannon_distances(counts, reference))


def jensen_shannon_distances(counts: np.ndarray, reference: np.ndarray) -> np.ndarray:
    left, right = _parts(counts), _parts(reference)
    middle = (left + right) / 2
    divergence = (_divergence(left, middle) + _divergence(right, middle)) / 2
    return np.sqrt(np.clip(divergence, 0.0, 1.0))


def total_variation_distance(counts: np.ndarray, reference: np.ndarray) -> float:
    """Half the sum of the differences of the shares: the share of rows that would have to move to another bin."""
    return float(total_variation_distances(counts, reference))


def total_variation_distances(counts: np.ndarray, reference: np.ndarray) -> np.ndarray:
    return np.abs(_parts(counts) - _parts(reference)).sum(axis=-1) / 2


def l_infinity_distance(counts: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference of two shares of one bin."""
    return float(l_infinity_distances(counts, reference))


def l_infinity_distances(counts: np.ndarray, reference: np.ndarray) -> np.ndarray:
    return np.abs(_parts(counts) - _parts(reference)).max(axis=-1)


def wasserstein_distance(
    values: np.ndarray, counts: np.ndarray, reference_values: np.ndarray, reference: np.ndarray
) -> float:
    """How far the rows of one side have to be moved on average to become those of the other: the area between the two
    distribution functions, in the unit of the values. Each count stands at its value."""
    return float(wasserstein_distances(values, counts, reference_values, reference))


def wasserstein_distances(
    values: np.ndarray, counts: np.ndarray, reference_values: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    places = np.concatenate([values, reference_values], axis=-1)
    order = np.argsort(places, axis=-1, kind="stable")
    steps = np.concatenate([_parts(counts), -_parts(reference)], axis=-1)
    apart = np.abs(np.cumsum(np.take_along_axis(steps, order, axis=-1), axis=-1)[..., :-1])
    return (apart * np.diff(np.take_along_axis(places, order, axis=-1), axis=-1)).sum(axis=-1)


def _parts(counts: np.ndarray) -> np.ndarray:
    return counts / counts.sum(axis=-1, keepdims=True)


def _shares(counts: np.ndarray, there: np.ndarray) -> np.ndarray:
    has_empty = ((counts == 0) & there).any(axis=-1, keepdims=True)
    return _parts(np.where(has_empty & there, counts + 0.5, counts))


def _divergence(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    ratio = np.divide(left, right, out=np.ones_like(left), where=left > 0)
    return (left * np.log2(ratio)).sum(axis=-1)
