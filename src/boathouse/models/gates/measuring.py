"""What gates over metrics share: which metric, how often rows are drawn, and measurements in gates' words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from boathouse.models.evaluation.case import Answers, Case
from boathouse.models.evaluation.metrics import Metric, UnknownMetric, metric_named
from boathouse.models.evidence.nouns import Measurement, Slice
from boathouse.models.gates.contract import GateSettings
from boathouse.models.requirements.requirements import Requirements

if TYPE_CHECKING:
    from boathouse.models.evaluation.comparing import Compared, Measured


def _known(name: str) -> str:
    try:
        return metric_named(name).name
    except UnknownMetric as error:
        raise ValueError(str(error)) from error


MetricName = Annotated[str, AfterValidator(_known)]
"""The name of a metric that there is."""


class MetricSettings(GateSettings):
    """What gates over a metric can be told."""

    metric: MetricName | None = None
    """By default the proxy of the success metric."""
    threshold: float = Field(default=0.5, ge=0, le=1)
    """From which probability on a row counts as positive, for metrics that need to know."""
    replicates: int = Field(default=1000, ge=100, le=10_000)
    """How often the rows are drawn again for an interval."""
    minimum_rows: int | None = Field(default=None, ge=1)
    """By default those of ``evaluation``."""


def metric_of(requirements: Requirements, settings: MetricSettings) -> Metric:
    """The metric that a gate looks at.

    Raises:
        UnknownMetric: There is no such metric for the kind of answers.
    """
    return metric_named(settings.metric or requirements.success.proxy, requirements.problem)


def rows_needed(requirements: Requirements, settings: MetricSettings) -> int:
    """How many rows a verdict stands on at least."""
    return settings.minimum_rows or requirements.evaluation.minimum_rows


def improvement_name(metric: Metric) -> str:
    """How the difference of a metric is called: more is better, whatever the metric's own direction."""
    return f"{metric.name}_improvement"


def no_champion(case: Case, gate: str) -> str:
    """Why the champion cannot be compared with, and the ways on: no successor would get past it otherwise."""
    reason = case.missing["champion"].removesuffix(".")
    back = f"boathouse model rollback {case.model} --reason ..."
    passing = f"gates: {{{gate}: {{inconclusive_blocks: false, reason: ...}}}}"
    return (
        f"the champion cannot be compared with: {reason}. Roll back to one that loads ({back}) and evaluate again, "
        f"or let this gate pass without it ({passing})"
    )


def baseline_of(case: Case, gate: str) -> tuple[Answers | None, str | None, Mapping[str, Any]]:
    """The champion's answers; those of the naive baseline when there is no champion yet; or why there are none of the
    two. What is said in details goes with the measurement."""
    if case.champion is not None:
        return case.champion, None, {}
    if "champion" in case.missing:
        return None, no_champion(case, gate), {}
    first = {"first_version": "there is no champion yet; the naive baseline stands for it"}
    if case.naive is not None:
        return case.naive, None, first
    return None, f"there is no champion yet, and no naive baseline: {case.missing.get('naive', 'none')}", first


def of_measured(
    gate: str, metric: str, found: "Measured", *, slice_: Slice | None = None, details: Mapping[str, Any] | None = None
) -> Measurement:
    """A value with its interval as a measurement of a gate."""
    return Measurement(
        gate, metric, found.value, found.rows, slice_, found.interval, None, found.problem, dict(details or {})
    )


def of_compared(
    gate: str,
    metric: Metric,
    found: "Compared",
    baseline: str,
    *,
    slice_: Slice | None = None,
    details: Mapping[str, Any] | None = None,
) -> Measurement:
    """A difference as a measurement of a gate, with both sides in the details."""
    improvement = found.improvement
    sides = {"metric": metric.name, "candidate": found.candidate, "baseline": found.baseline}
    return Measurement(
        gate,
        improvement_name(metric),
        improvement.value,
        improvement.rows,
        slice_,
        improvement.interval,
        baseline,
        improvement.problem,
        {**(sides if improvement.problem is None else {}), **(details or {})},
    )
