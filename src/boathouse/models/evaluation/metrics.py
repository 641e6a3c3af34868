"""The metrics that gates know: for which problems, what they are made of, and which direction is better.

Names and directions only, so that rules can be read anywhere; ``statistics`` computes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.models.requirements.requirements import Problem

if TYPE_CHECKING:
    import numpy as np

Value = TypeVar("Value", float, "np.ndarray")

_BINARY, _MULTICLASS, _REGRESSION = Problem.BINARY, Problem.MULTICLASS, Problem.REGRESSION


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that says how good answers are."""

    name: str
    problems: tuple[Problem, ...]
    lower_is_better: bool = False
    takes_probabilities: bool = False
    """Whether a model that answers with classes alone has no such number."""
    by_threshold: bool = False
    """Whether, for two classes, it depends on the probability from which on a row counts as positive."""

    def improvement(self, candidate: Value, baseline: Value) -> Value:
        """How much better the candidate is, in one number or in many; negative when it is worse."""
        return baseline - candidate if self.lower_is_better else candidate - baseline


_CLASSES = (_BINARY, _MULTICLASS)

METRICS = {
    each.name: each
    for each in (
        Metric("log_loss", _CLASSES, lower_is_better=True, takes_probabilities=True),
        Metric("brier", _CLASSES, lower_is_better=True, takes_probabilities=True),
        Metric("auc", _CLASSES, takes_probabilities=True),
        Metric("average_precision", _CLASSES, takes_probabilities=True),
        Metric("accuracy", _CLASSES, by_threshold=True),
        Metric("f1", _CLASSES, by_threshold=True),
        Metric("precision", _CLASSES, by_threshold=True),
        Metric("recall", _CLASSES, by_threshold=True),
        Metric("rmse", (_REGRESSION,), lower_is_better=True),
        Metric("mae", (_REGRESSION,), lower_is_better=True),
        Metric("r2", (_REGRESSION,)),
    )
}


class UnknownMetric(InvalidInput):
    """No metric of this name, or none for this kind of answers."""


def metric_named(name: str, problem: Problem | None = None) -> Metric:
    """The metric of a name; with ``problem``, only if it measures such answers.

    Raises:
        UnknownMetric: There is none.
    """
    metric = METRICS.get(name)
    if metric is None:
        hint = did_you_mean(name, METRICS) or f"There are {', '.join(METRICS)}."
        raise UnknownMetric(f"There is no metric {name!r}.", hint=hint)
    if problem is not None and problem not in metric.problems:
        fitting = [each.name for each in metrics_of(problem)]
        raise UnknownMetric(f"The metric {name} does not measure {problem.value}.", hint=f"Use {' or '.join(fitting)}.")
    return metric


def metrics_of(problem: Problem) -> Sequence[Metric]:
    """All metrics for a kind of answers."""
    return [each for each in METRICS.values() if problem in each.problems]
