"""What an explanation is, whoever made it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class NotExplained(Exception):
    """A model that cannot be explained here; the message says why, and what would help."""


@dataclass(frozen=True, slots=True)
class Explained:
    """How much each input moves each answer away from the mean one."""

    names: tuple[str, ...]
    values: Array
    """Shapley values of shape (rows, inputs, outputs), in the units of ``raw``."""
    base: Array
    """Per output, what is answered when nothing is known: of shape (outputs,), or (rows, outputs)."""
    raw: Array
    """What the model says before it is made a probability, of shape (rows, outputs)."""
    inputs: Array
    """The inputs as numbers, of shape (rows, inputs); NaN where one is no number."""
    method: str
    """``native of LightGBM``, ``exact for a linear model``, ``permutation``."""
    unit: str = "raw score"

    @property
    def rows(self) -> int:
        return self.values.shape[0]

    @property
    def error(self) -> float:
        """The largest gap between an answer and the sum of what explains it, as a share of how much answers vary."""
        gap = np.abs(self.values.sum(axis=1) + self.base - self.raw).max()
        spread = float(np.std(self.raw, axis=0).max())
        return float(gap / spread) if spread > 0 else float(gap)

    @property
    def importances(self) -> Array:
        """Mean size of each input's values, over rows and outputs."""
        return np.abs(self.values).mean(axis=(0, 2))


def summary(found: Explained, most: int = 50) -> dict[str, Any]:
    """The explanation as JSON: the inputs by importance, and which way they push. No row is in it."""
    sizes = found.importances
    total = float(sizes.sum())
    order = np.argsort(-sizes, kind="stable")[:most]
    return {
        "method": found.method,
        "unit": found.unit,
        "rows": found.rows,
        "outputs": int(found.values.shape[2]),
        "additivity_error": found.error,
        "features": [
            {
                "feature": found.names[at],
                "mean_absolute": float(sizes[at]),
                "share": float(sizes[at]) / total if total else 0.0,
                "direction": _direction(found, int(at)),
            }
            for at in order
        ],
    }


def _direction(found: Explained, at: int) -> float | None:
    """Correlation of an input with what it adds to the last output: 1 when more of it always adds more."""
    inputs, values = found.inputs[:, at], found.values[:, at, -1]
    there = np.isfinite(inputs)
    if there.sum() < 3 or inputs[there].std() == 0 or values[there].std() == 0:
        return None
    return float(np.corrcoef(inputs[there], values[there])[0, 1])
