"""Whether probabilities are what they say: of all rows with an answer of 0.3, three in ten should be positive.

Expected calibration error over bins of equal mass (M. P. Naeini and others, AAAI 2015, with the bins of K. Nguyen and
B. O'Connor, EMNLP 2015): the mean over bins, by rows, of |mean answer - share of positives|. With many classes it is
that of the class that the model names (C. Guo and others, ICML 2017). For numbers, the mean error of each bin of
answers, in standard deviations of the label. A finite sample never gives zero; the reliability curve is in the details.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import Measurement, Rule
from boathouse.models.gates.contract import Gate, GateSettings, by_settings
from boathouse.models.requirements.requirements import Problem, Requirements

if TYPE_CHECKING:
    from boathouse.models.evaluation.reliability import Reliability


class Settings(GateSettings):
    """What the gate can be told."""

    maximum: float = Field(default=0.05, gt=0)
    """Of the expected calibration error."""
    bins: int = Field(default=15, ge=2, le=100)
    replicates: int = Field(default=1000, ge=100, le=10_000)
    minimum_rows: int | None = Field(default=None, ge=1)
    """By default those of ``evaluation``."""


def measure(case: Case, settings: Settings) -> Iterable[Measurement]:
    """The calibration error over all rows, with the curve behind it."""
    from boathouse.models.evaluation.bootstrap import Resampling
    from boathouse.models.evaluation.comparing import Look, require_candidate
    from boathouse.models.evaluation.reliability import reliability

    problem, name = case.requirements.problem, _name(case.requirements)
    candidate = require_candidate(case)
    look = Look.at(case, replicates=settings.replicates)
    rows = len(look.label)
    why_not = look.why_not("log_loss", candidate) if problem is not Problem.REGRESSION else None
    if why_not is not None:
        yield Measurement(GATE.name, name, None, rows, problem=why_not)
        return
    resampling: Resampling = look.resampling
    found = reliability(problem, look.label, candidate.values, settings.bins, resampling)
    if found.error is None:
        yield Measurement(GATE.name, name, None, rows, problem="the label has one value, so there is nothing to spread")
        return
    yield Measurement(GATE.name, name, found.error, rows, interval=found.interval, details=_details(found))


def _details(found: "Reliability") -> dict[str, object]:
    curve = [
        {"answer": round(each.answer, 6), "observed": round(each.observed, 6), "rows": each.rows} for each in found.bins
    ]
    return {"curve": curve, "largest_error": found.largest}


def rules(requirements: Requirements, settings: Settings) -> Sequence[Rule]:
    """The error has to be small enough."""
    needed = settings.minimum_rows or requirements.evaluation.minimum_rows
    return [Rule(GATE.name, _name(requirements), maximum=settings.maximum, minimum_rows=needed)]


def _name(requirements: Requirements) -> str:
    is_number = requirements.problem is Problem.REGRESSION
    return "relative_calibration_error" if is_number else "expected_calibration_error"


GATE = Gate(
    "calibration",
    "Are probabilities what they say?",
    Settings,
    measure,
    rules,
    shaped_by=by_settings("bins", "replicates"),
)
