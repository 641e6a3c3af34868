"""The candidate on each declared slice: a better mean may hide that it got worse for somebody.

A slice says less than all rows, and there are many of them. So a slice fails when the candidate is surely worse there:
when even the upper end of the improvement's interval is below minus the tolerance. With k slices the interval's
confidence is 1 - 0.05 / k (C. E. Bonferroni), so that good candidates seldom meet a slice that fails by chance. Ends so
far out are taken by the bootstrap's standard error.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from boathouse.models.evaluation.case import Case
from boathouse.models.evaluation.metrics import Metric
from boathouse.models.evidence.nouns import End, Measurement, Rule, Scope, Slice
from boathouse.models.gates.contract import Gate
from boathouse.models.gates.measuring import (
    MetricSettings,
    baseline_of,
    improvement_name,
    metric_of,
    of_compared,
    of_measured,
)
from boathouse.models.requirements.requirements import Requirements

if TYPE_CHECKING:
    from boathouse.models.evaluation.comparing import Look

_ERROR = 0.05
"""How often a good candidate may meet an interval that leaves the truth out, over all slices."""
_UNDECLARED = "no slices are declared; name columns or predicates in slices, or turn this gate off with a reason"
_LISTED = 100


class Settings(MetricSettings):
    """What the gate can be told."""

    minimum_rows: int | None = Field(default=None, ge=1)
    """Of each slice; by default ``evaluation.minimum_slice_rows``."""
    tolerance: float = Field(default=0.0, ge=0)
    """How much worse than the champion a slice may be, in the metric's own unit."""
    minimum: float | None = None
    maximum: float | None = None
    """Bounds of the metric on each slice."""
    strict: bool = False
    """Whether each slice has to show that it is not worse: the lower end decides, not the upper."""
    skip_small_values: bool = False
    """Whether values of a column with too few rows are only counted. The slice of a predicate is always judged."""


def measure(case: Case, settings: Settings) -> Iterable[Measurement]:
    """The metric, and its improvement over the champion, on each slice."""
    from boathouse.models.evaluation.comparing import Look, require_rows

    metric = metric_of(case.requirements, settings)
    slices: Mapping[Slice, Any] = require_rows(case).slices
    if not slices:
        problem = case.missing.get("slices", _UNDECLARED)
        yield Measurement(GATE.name, improvement_name(metric), None, 0, Slice("slice", "any"), problem=problem)
        return
    if settings.skip_small_values:
        small = _small_values(case.requirements, settings, slices)
        listed = [str(each) for each in small[:_LISTED]]
        rows = sum(len(slices[each]) for each in small)
        yield Measurement(GATE.name, "small_slices", float(len(small)), rows, details={"slices": listed})
        slices = {slice_: positions for slice_, positions in slices.items() if slice_ not in small}
    look = Look.at(case, replicates=settings.replicates, threshold=settings.threshold)
    measuring = _Measuring(case, look, metric, 1 - _ERROR / max(len(slices), 1))
    for slice_, positions in slices.items():
        yield from measuring.of(slice_, positions)


def rules(requirements: Requirements, settings: Settings) -> Sequence[Rule]:
    """Each slice has to be not surely worse than the champion, and within the bounds, if any."""
    metric, rows = metric_of(requirements, settings), _rows_needed(requirements, settings)
    end = End.LOWER if settings.strict else End.UPPER
    found = [
        Rule(
            GATE.name,
            improvement_name(metric),
            minimum=-settings.tolerance,
            judged_by=end,
            minimum_rows=rows,
            scope=Scope.EACH_SLICE,
        )
    ]
    if settings.minimum is not None or settings.maximum is not None:
        found.append(
            Rule(
                GATE.name,
                metric.name,
                settings.minimum,
                settings.maximum,
                minimum_rows=rows,
                scope=Scope.EACH_SLICE,
            )
        )
    return found


def shaped_by(requirements: Requirements, settings: Settings) -> Mapping[str, Any]:
    """How many rows a slice needs shapes nothing, unless smaller ones are not even looked at."""
    found = {"threshold": settings.threshold, "replicates": settings.replicates}
    if not settings.skip_small_values:
        return {**found, "skip_small_values": False}
    return {**found, "skip_small_values": True, "minimum_rows": _rows_needed(requirements, settings)}


@dataclass(frozen=True)
class _Measuring:
    case: Case
    look: "Look"
    metric: Metric
    confidence: float

    def of(self, slice_: Slice, positions: Any) -> Iterator[Measurement]:
        from boathouse.models.evaluation.comparing import compared, measured, require_candidate

        name, rows = self.metric.name, len(positions)
        if rows == 0:
            for each in (name, improvement_name(self.metric)):
                yield Measurement(GATE.name, each, None, 0, slice_, problem="the slice is empty")
            return
        candidate = require_candidate(self.case)
        look = self.look.of(positions)
        yield of_measured(GATE.name, name, measured(look, [name], candidate)[name], slice_=slice_)
        baseline, problem, details = baseline_of(self.case, GATE.name)
        if baseline is None:
            yield Measurement(GATE.name, improvement_name(self.metric), None, rows, slice_, problem=problem)
            return
        found = compared(look.as_sure_as(self.confidence), name, candidate, baseline, normal=True)
        told = {"confidence": round(self.confidence, 6), **details}
        yield of_compared(GATE.name, self.metric, found, baseline.whose, slice_=slice_, details=told)


def _small_values(requirements: Requirements, settings: Settings, slices: Mapping[Slice, Any]) -> list[Slice]:
    predicates = {each.predicate for each in requirements.slices}
    needed = _rows_needed(requirements, settings)
    return [slice_ for slice_, found in slices.items() if len(found) < needed and slice_.key not in predicates]


def _rows_needed(requirements: Requirements, settings: Settings) -> int:
    return settings.minimum_rows or requirements.evaluation.minimum_slice_rows


GATE = Gate(
    "slices", "Is it good enough for everybody, not only in the mean?", Settings, measure, rules, shaped_by=shaped_by
)
