"""The proxy of the success metric against its bounds, and beside it every metric of the problem, for the record."""

from collections.abc import Iterable, Sequence

from pydantic import Field

from boathouse.foundation.shapes import ExactShape
from boathouse.models.evaluation.case import Case
from boathouse.models.evaluation.metrics import metric_named, metrics_of
from boathouse.models.evidence.nouns import End, Measurement, Rule
from boathouse.models.gates.contract import Gate, by_settings
from boathouse.models.gates.measuring import MetricName, MetricSettings, metric_of, of_measured, rows_needed
from boathouse.models.requirements.requirements import Requirements


class Bounds(ExactShape):
    """What a metric has to be."""

    minimum: float | None = None
    maximum: float | None = None


class Settings(MetricSettings):
    """What the gate can be told."""

    minimum: float | None = None
    maximum: float | None = None
    """Bounds of the metric. Without any, it only has to be measured."""
    also: dict[MetricName, Bounds] = Field(default_factory=dict[str, Bounds])
    """Bounds of other metrics."""
    judge_interval: bool = False
    """Whether the worse end of the interval has to keep the bound, not only the value."""


def measure(case: Case, settings: Settings) -> Iterable[Measurement]:
    """All metrics of the problem, over all rows."""
    from boathouse.models.evaluation.comparing import Look, measured, require_candidate, require_rows

    requirements = case.requirements
    names = [metric_of(requirements, settings).name]
    names += [each.name for each in metrics_of(requirements.problem) if each.name not in names]
    look = Look.at(case, replicates=settings.replicates, threshold=settings.threshold)
    rows = require_rows(case)
    left_out = {"unlabelled_rows": rows.unlabelled} if rows.unlabelled else {}
    for name, found in measured(look, names, require_candidate(case)).items():
        at = {"threshold": settings.threshold} if metric_named(name).by_threshold else {}
        yield of_measured(GATE.name, name, found, details={**at, **left_out})


def rules(requirements: Requirements, settings: Settings) -> Sequence[Rule]:
    """One rule for the proxy, and one for each other metric that has bounds."""
    bounds = {metric_of(requirements, settings).name: Bounds(minimum=settings.minimum, maximum=settings.maximum)}
    bounds |= {metric_named(name, requirements.problem).name: each for name, each in settings.also.items()}
    needed = rows_needed(requirements, settings)
    return [rule for name, each in bounds.items() for rule in _rules(name, each, needed, settings.judge_interval)]


def _rules(name: str, bounds: Bounds, rows: int, judge_interval: bool) -> list[Rule]:
    if not judge_interval or bounds.minimum is bounds.maximum is None:
        return [Rule("metric", name, bounds.minimum, bounds.maximum, minimum_rows=rows)]
    found: list[Rule] = []
    if bounds.minimum is not None:
        found.append(Rule("metric", name, minimum=bounds.minimum, judged_by=End.LOWER, minimum_rows=rows))
    if bounds.maximum is not None:
        found.append(Rule("metric", name, maximum=bounds.maximum, judged_by=End.UPPER, minimum_rows=rows))
    return found


GATE = Gate(
    "metric",
    "Is the number that stands for success good enough?",
    Settings,
    measure,
    rules,
    shaped_by=by_settings("threshold", "replicates"),
)
