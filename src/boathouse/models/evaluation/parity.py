"""Differences between groups in how often, and how rightly, a binary decision falls.

Counts of (group, outcome, decision) say everything that these measures need. So fairlearn computes them from one row
per cell with its count as weight, however many rows there are, and a bootstrap over rows is a multinomial draw of
counts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from boathouse.models.evaluation.bootstrap import interval_of

Array = np.ndarray[Any, Any]

DEMOGRAPHIC_PARITY = "demographic_parity_difference"
EQUALISED_ODDS = "equalised_odds_difference"


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows of each group, outcome and decision: an array of shape (groups, 2, 2)."""

    groups: tuple[str, ...]
    counts: Array

    @classmethod
    def of(cls, groups: tuple[str, ...], group_of: Array, positive: Array, acted: Array) -> "Cells":
        """Count the rows."""
        place = group_of * 4 + positive.astype(np.int64) * 2 + acted
        return cls(groups, np.bincount(place, minlength=4 * len(groups)).reshape(len(groups), 2, 2))

    @property
    def rows(self) -> int:
        return int(self.counts.sum())


def differences(cells: Cells) -> dict[str, float]:
    """Both measures, by fairlearn: the largest difference of selection rates, and the larger one of the largest
    differences of true and of false positive rates."""
    from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

    group, outcome, decision = (each.ravel() for each in np.indices(cells.counts.shape))
    weight = cells.counts.ravel()
    kept = weight > 0
    told: dict[str, Any] = {
        "y_true": outcome[kept],
        "y_pred": decision[kept],
        "sensitive_features": group[kept],
        "sample_weight": weight[kept],
    }
    return {
        DEMOGRAPHIC_PARITY: float(demographic_parity_difference(**told)),
        EQUALISED_ODDS: float(equalized_odds_difference(**told)),
    }


def intervals(cells: Cells, *, replicates: int, seed: int, confidence: float) -> dict[str, tuple[float, float] | None]:
    """Percentile intervals of both measures."""
    random = np.random.default_rng([seed, cells.rows])
    shares = cells.counts.ravel() / cells.rows
    drawn = random.multinomial(cells.rows, shares, size=replicates).reshape(replicates, *cells.counts.shape)
    found = differences_of(drawn.astype(np.float64))
    return {name: interval_of(samples, confidence) for name, samples in found.items()}


def differences_of(counts: Array) -> dict[str, Array]:
    """Both measures of many tables of counts, of shape (tables, groups, 2, 2). NaN where a rate has no rows."""
    acted = counts[..., 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        selection = acted.sum(axis=2) / counts.sum(axis=(2, 3))
        rates = acted / counts.sum(axis=3)
    odds = np.maximum(_spread(rates[:, :, 0]), _spread(rates[:, :, 1]))
    return {DEMOGRAPHIC_PARITY: _spread(selection), EQUALISED_ODDS: odds}


def rates_by_group(cells: Cells) -> dict[str, dict[str, float | int]]:
    """What the card shows of each group."""
    shown: dict[str, dict[str, float | int]] = {}
    for name, counts in zip(cells.groups, cells.counts, strict=True):
        of_outcome = np.maximum(counts.sum(axis=1), 1)
        shown[name] = {
            "rows": int(counts.sum()),
            "selection_rate": round(float(counts[:, 1].sum() / max(counts.sum(), 1)), 6),
            "false_positive_rate": round(float(counts[0, 1] / of_outcome[0]), 6),
            "true_positive_rate": round(float(counts[1, 1] / of_outcome[1]), 6),
        }
    return shown


def _spread(rates: Array) -> Array:
    return rates.max(axis=1) - rates.min(axis=1)
