"""How good are probabilities, over flights whose outcome is known? For looking; what counts are the gates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MINIMUM_ROWS = 200
"""A verdict on fewer flights than this is no verdict."""


@dataclass(frozen=True, slots=True)
class Score:
    """The quality of probabilities, over ``rows`` flights with a known outcome."""

    rows: int
    late_share: float
    auc: float
    log_loss: float
    brier: float
    calibration_error: float
    """The mean distance between what was said and what came, over ten groups of equal size."""

    def metrics(self, prefix: str = "") -> dict[str, float]:
        return {f"{prefix}{name}": float(getattr(self, name)) for name in self.__slots__}


def score(late: Sequence[bool], probability: Sequence[float]) -> Score:
    """Measure ``probability`` against what happened.

    Raises:
        ValueError: Nothing can be measured: too few flights, or all of them with one outcome.
    """
    from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

    truth, said = np.asarray(late, dtype=bool), np.asarray(probability, dtype=float)
    if len(truth) < MINIMUM_ROWS or truth.all() or not truth.any():
        raise ValueError(
            f"{len(truth)} flights with {int(truth.sum())} late ones measure nothing;"
            f" at least {MINIMUM_ROWS} with both outcomes are needed."
        )
    return Score(
        rows=len(truth),
        late_share=truth.mean(),
        auc=roc_auc_score(truth, said),
        log_loss=log_loss(truth, said),
        brier=brier_score_loss(truth, said),
        calibration_error=float(np.mean([abs(said - came) for said, came, _ in calibration(truth, said)])),
    )


def calibration(late: np.ndarray, probability: np.ndarray, groups: int = 10) -> list[tuple[float, float, int]]:
    """For each tenth of the flights, from surest on time to surest late: mean probability, late share, flights."""
    order = np.argsort(probability, kind="stable")
    return [
        (float(probability[part].mean()), float(late[part].mean()), len(part))
        for part in np.array_split(order, groups)
        if len(part)
    ]
