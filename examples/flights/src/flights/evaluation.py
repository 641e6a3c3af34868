"""How good is it, on a month it has not seen, and is it better than what we have?"""

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """May the challenger become champion, and why."""

    promote: bool
    reason: str


def judge(challenger: Score, naive: Score, champion: Score | None) -> Verdict:
    """The challenger must beat the naive forecast, and the champion if there is one, on the same flights."""
    if challenger.log_loss >= naive.log_loss:
        return Verdict(False, f"no better than the naive forecast: {_log_loss(challenger, naive)}")
    if champion is None:
        return Verdict(True, f"the first one, and better than the naive forecast: {_log_loss(challenger, naive)}")
    if challenger.log_loss >= champion.log_loss:
        return Verdict(False, f"no better than the champion: {_log_loss(challenger, champion)}")
    return Verdict(True, f"better than the champion: {_log_loss(challenger, champion)}")


def _log_loss(left: Score, right: Score) -> str:
    return f"log loss {left.log_loss:.4f} against {right.log_loss:.4f}"
