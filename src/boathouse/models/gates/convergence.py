"""Had training come to its end? Looks at the loss curve that the run has logged, else at one that the model remembers.

A curve of what the model did not learn from is preferred; among several, losses before scores.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from boathouse.models.evaluation.case import Case
from boathouse.models.evaluation.metrics import METRICS
from boathouse.models.evidence.nouns import Measurement, Rule
from boathouse.models.gates.contract import Gate, GateSettings, by_settings
from boathouse.models.gates.inside_models import curves_inside, fitted_models, rounds_inside
from boathouse.models.gates.unmeasured import unmeasured
from boathouse.models.requirements.requirements import Requirements

NAME = "convergence"
NOT_FINITE, IMPROVEMENT, LATE, AT_LAST = "not_finite", "improvement", "late_improvement", "stopped_at_last_round"
_OF_CURVE = (IMPROVEMENT, LATE, AT_LAST)
_LARGEST = 1.7976931348623157e308
"""What MLflow's database keeps in place of infinity."""
_SHOWN_POINTS = 100
_SMALLEST = 1e-9
"""Less is no improvement."""


class Settings(GateSettings):
    curve: Literal["required", "iterations", "not_needed"] = "required"
    """``iterations``: a solver without a curve has to have ended before it had to. ``not_needed``: nothing is learnt in
    rounds (a closed formula, a forest); only the numbers have to be finite."""
    metric: str | None = None
    """The run's metric that is the curve; found by its name otherwise."""
    minimum_points: int = Field(default=5, ge=3)
    """Fewer rounds make no curve."""
    minimum_improvement: float = Field(default=0.0, ge=0)
    """From the first round to the best one, as a share of the first one's distance from zero."""
    maximum_late_improvement: float = Field(default=0.1, ge=0, le=1)
    """Share of all improvement that came in the last tenth of the rounds: more says that training was cut off."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric over the rounds."""

    metric: str
    values: Sequence[float]
    higher_is_better: bool
    is_held_out: bool
    """Whether it speaks of rows that the model did not learn from."""

    @property
    def losses(self) -> list[float]:
        """The values, turned so that less is better."""
        return [-value for value in self.values] if self.higher_is_better else list(self.values)

    @property
    def best(self) -> int:
        """The first of the best rounds."""
        losses = self.losses
        return min(range(len(losses)), key=lambda index: losses[index])


def measure(case: Case, settings: Settings) -> Iterator[Measurement]:
    if case.run is None:
        why = case.missing.get("run", "the run behind the version is not known")
        yield from unmeasured(NAME, (NOT_FINITE, *_OF_CURVE), why)
        return
    metrics = case.run.metrics
    if metrics:
        broken = sorted(name for name, history in metrics.items() if not all(is_finite(value) for _, value in history))
        yield Measurement(NAME, NOT_FINITE, float(len(broken)), len(metrics), details={"metrics": broken[:20]})
    else:
        yield from unmeasured(NAME, NOT_FINITE, "the run has logged no metrics")
    if settings.curve == "not_needed":
        return
    if settings.curve == "iterations":
        yield _iterations(case)
        return
    curve = curve_of(metrics, settings.metric, settings.minimum_points)
    if curve is None and settings.metric is None and case.folder is not None:
        curve = curve_of(curves_inside(fitted_models(case.folder)), None, settings.minimum_points)
    if curve is None:
        yield from unmeasured(NAME, _OF_CURVE, _why_no_curve(metrics, settings))
    elif not all(is_finite(value) for value in curve.values):
        yield from unmeasured(NAME, _OF_CURVE, f"the curve {curve.metric} has values that are no numbers")
    else:
        yield from _measured(curve, is_early_stopping(case.run.parameters, metrics))


def rules(requirements: Requirements, settings: Settings) -> list[Rule]:
    found = [Rule(NAME, NOT_FINITE, maximum=0)]
    if settings.curve == "not_needed":
        return found
    if settings.curve == "iterations":
        return [*found, Rule(NAME, AT_LAST, maximum=0)]
    return [
        *found,
        Rule(NAME, IMPROVEMENT, minimum=max(settings.minimum_improvement, _SMALLEST)),
        Rule(NAME, LATE, maximum=settings.maximum_late_improvement),
        Rule(NAME, AT_LAST, maximum=0),
    ]


def curve_of(
    metrics: Mapping[str, Sequence[tuple[int, float]]], named: str | None = None, minimum_points: int = 5
) -> Curve | None:
    """The curve that tells most about training, or the one that is named."""
    if named is not None:
        found = metrics.get(named)
        return _curve(named, found) if found is not None and _rounds(found) >= minimum_points else None
    curves = [_curve(name, history) for name, history in metrics.items() if _rounds(history) >= minimum_points]
    curves = [each for each in curves if not _NO_LOSS.search(each.metric)]
    known = [each for each in curves if _LOSS.search(each.metric) or _direction_word(each.metric) is not None]
    return min(known, key=_preference, default=None)


def improvement_of(curve: Curve) -> float:
    """From the first round to the best one, as a share of the first one's distance from zero."""
    losses = curve.losses
    gained = losses[0] - losses[curve.best]
    return gained / abs(losses[0]) if losses[0] else gained


def late_improvement_of(curve: Curve) -> float:
    """Share of all improvement that came in the last tenth of the rounds; 0 where nothing improved."""
    losses = curve.losses
    begin = len(losses) - max(1, len(losses) // 10)
    gained, best = losses[0] - min(losses), min(losses)
    return max(0.0, min(losses[:begin]) - best) / gained if gained > 0 else 0.0


def is_early_stopping(parameters: Mapping[str, str], metrics: Mapping[str, Sequence[tuple[int, float]]]) -> bool:
    """Whether training was to stop by itself, as far as the run says."""
    if any(name in metrics for name in ("best_iteration", "stopped_iteration", "stopped_epoch")):
        return True
    found = [value for name, value in parameters.items() if _EARLY.search(name)]
    return any(value.strip().lower() not in ("", "none", "0", "false", "-1") for value in found)


def is_finite(value: float) -> bool:
    return math.isfinite(value) and abs(value) < _LARGEST


def _measured(curve: Curve, early_stopping: bool) -> Iterator[Measurement]:
    rounds, best = len(curve.values), curve.best
    is_last = early_stopping and curve.is_held_out and best == rounds - 1
    step = max(1, math.ceil(rounds / _SHOWN_POINTS))
    details = {
        "curve": curve.metric,
        "held_out": curve.is_held_out,
        "rounds": rounds,
        "best_round": best + 1,
        "early_stopping": early_stopping,
        "points": [[index + 1, curve.values[index]] for index in range(0, rounds, step)],
    }
    yield Measurement(NAME, IMPROVEMENT, improvement_of(curve), rounds, details=details)
    yield Measurement(NAME, LATE, late_improvement_of(curve), rounds, details={"curve": curve.metric})
    yield Measurement(NAME, AT_LAST, float(is_last), rounds, details={"curve": curve.metric, "best_round": best + 1})


def _iterations(case: Case) -> Measurement:
    """Whether the solver of the model ended because it was not allowed any more."""
    if case.folder is None:
        return unmeasured(NAME, AT_LAST, case.missing.get("folder", "the model's files are not here"))[0]
    rounds = rounds_inside(fitted_models(case.folder))
    if rounds is None:
        return unmeasured(NAME, AT_LAST, "the model does not say how many rounds its solver took")[0]
    taken, allowed = rounds
    details = {"rounds": taken, "allowed": allowed}
    return Measurement(NAME, AT_LAST, float(taken >= allowed), taken, details=details)


def _curve(name: str, history: Sequence[tuple[int, float]]) -> Curve:
    """One value for each round: the last that was logged for it."""
    of_round = dict(sorted(history, key=lambda point: point[0]))
    word = _direction_word(name)
    return Curve(name, list(of_round.values()), word in _HIGHER, _HELD_OUT.search(name) is not None)


def _rounds(history: Sequence[tuple[int, float]]) -> int:
    return len({step for step, _ in history})


def _direction_word(name: str) -> str | None:
    """The metric that a name ends with or speaks of: ``auc`` of ``valid_0-auc``."""
    lowered = name.lower()
    words = re.split(r"[^a-z0-9]+", lowered)
    for word in (lowered, *words):
        if word in _HIGHER or word in _LOWER:
            return word
    return next((word for word in _HIGHER | _LOWER if "_" in word and word in lowered), None)


def _preference(curve: Curve) -> tuple[bool, bool, bool, str]:
    return not curve.is_held_out, _LOSS.search(curve.metric) is None, curve.higher_is_better, curve.metric


def _why_no_curve(metrics: Mapping[str, Sequence[tuple[int, float]]], settings: Settings) -> str:
    hint = "log the loss of each round; or say curve: iterations for a solver without one, or not_needed"
    if settings.metric is not None:
        points = _rounds(metrics.get(settings.metric, ()))
        return f"the run has {points} rounds of {settings.metric}; at least {settings.minimum_points} make a curve"
    return f"neither run nor model knows a loss over at least {settings.minimum_points} rounds; {hint}"


_HIGHER = {name for name, metric in METRICS.items() if not metric.lower_is_better} | {
    "acc", "aucpr", "ap", "map", "ndcg", "roc_auc", "f1_score", "iou", "bleu", "rouge", "score",
}  # fmt: skip
_LOWER = {name for name, metric in METRICS.items() if metric.lower_is_better} | {
    "loss", "logloss", "binary_logloss", "multi_logloss", "mlogloss", "error", "merror", "l1", "l2", "mse", "mape",
    "rmsle", "huber", "quantile", "cross_entropy", "crossentropy", "perplexity", "deviance", "nll",
}  # fmt: skip
_LOSS = re.compile(r"loss|error|entropy|deviance|nll|perplexity|rmse|mse|mae|\bl[12]\b|brier", re.IGNORECASE)
_NO_LOSS = re.compile(r"^(system/|lr\b|learning_rate|epoch$|grad)|stop_loss", re.IGNORECASE)
_HELD_OUT = re.compile(r"val|eval|test|held|dev(?!iance)|oob", re.IGNORECASE)
_EARLY = re.compile(r"early_?stop|patience|n_iter_no_change", re.IGNORECASE)

GATE = Gate(
    NAME,
    "Had training come to its end?",
    Settings,
    measure,
    rules,
    needs=("run",),
    shaped_by=by_settings("curve", "metric", "minimum_points"),
)
