"""The candidate beside the version in production, on the same rows, with what the draw of rows leaves open."""

from collections.abc import Iterable, Sequence

from pydantic import Field

from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import End, Measurement, Rule
from boathouse.models.gates.contract import Gate, by_settings
from boathouse.models.gates.measuring import (
    MetricSettings,
    baseline_of,
    improvement_name,
    metric_of,
    of_compared,
    rows_needed,
)
from boathouse.models.requirements.requirements import Requirements


class Settings(MetricSettings):
    """What the gate can be told."""

    tolerance: float = Field(default=0.0, ge=0)
    """How much worse the lower end of the improvement's interval may be, in the metric's own unit."""


def measure(case: Case, settings: Settings) -> Iterable[Measurement]:
    """The improvement of the metric over the champion; of a first version, over the naive baseline."""
    from boathouse.models.evaluation.comparing import Look, compared, require_candidate, require_rows

    metric = metric_of(case.requirements, settings)
    baseline, problem, details = baseline_of(case, GATE.name)
    if baseline is None:
        rows = require_rows(case).rows
        yield Measurement(GATE.name, improvement_name(metric), None, rows, problem=problem, details=details)
        return
    look = Look.at(case, replicates=settings.replicates, threshold=settings.threshold)
    found = compared(look, metric.name, require_candidate(case), baseline)
    yield of_compared(GATE.name, metric, found, baseline.whose, details=details)


def rules(requirements: Requirements, settings: Settings) -> Sequence[Rule]:
    """The lower end of the improvement, not the bare difference, has to be above minus the tolerance."""
    name = improvement_name(metric_of(requirements, settings))
    needed = rows_needed(requirements, settings)
    return [Rule(GATE.name, name, minimum=-settings.tolerance, judged_by=End.LOWER, minimum_rows=needed)]


GATE = Gate(
    "against_champion",
    "Is it at least as good as what is in production?",
    Settings,
    measure,
    rules,
    shaped_by=by_settings("threshold", "replicates"),
)
