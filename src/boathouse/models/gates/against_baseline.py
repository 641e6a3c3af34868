"""The candidate beside the naive answer: a model that does not beat it has learnt nothing."""

from collections.abc import Iterable, Sequence

from pydantic import Field

from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import End, Measurement, Rule
from boathouse.models.gates.contract import Gate, by_settings
from boathouse.models.gates.measuring import MetricSettings, improvement_name, metric_of, of_compared, rows_needed
from boathouse.models.requirements.requirements import Requirements


class Settings(MetricSettings):
    """What the gate can be told."""

    margin: float = Field(default=0.0, ge=0)
    """By how much the lower end of the improvement's interval has to be above nothing, in the metric's own unit."""


def measure(case: Case, settings: Settings) -> Iterable[Measurement]:
    """The improvement of the metric over the naive answer."""
    from boathouse.models.evaluation.comparing import Look, compared, require_candidate
    from boathouse.models.evaluation.statistics import NotAnswers

    metric = metric_of(case.requirements, settings)
    if case.naive is None:
        raise NotAnswers("There is no naive baseline.")
    look = Look.at(case, replicates=settings.replicates, threshold=settings.threshold)
    found = compared(look, metric.name, require_candidate(case), case.naive)
    yield of_compared(GATE.name, metric, found, case.naive.whose)


def rules(requirements: Requirements, settings: Settings) -> Sequence[Rule]:
    """The lower end of the improvement has to be above nothing."""
    name = improvement_name(metric_of(requirements, settings))
    needed = rows_needed(requirements, settings)
    return [Rule(GATE.name, name, minimum=settings.margin, is_strict=True, judged_by=End.LOWER, minimum_rows=needed)]


GATE = Gate(
    "against_baseline",
    "Is it better than a naive answer?",
    Settings,
    measure,
    rules,
    needs=("rows", "candidate", "naive"),
    shaped_by=by_settings("threshold", "replicates"),
)
