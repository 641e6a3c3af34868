"""What the candidate's decisions are worth by the cost matrix, beside the champion's, and beside never acting.

The value of a row is the matrix's cell for what was decided and what became of it. It is acted from a threshold on: the
declared one, or the one of the highest value. That one is chosen on one half of the rows and measured on the other, and
the other way round: chosen and measured on the same rows, a threshold looks better than it is.
"""

from collections.abc import Iterable, Sequence

from pydantic import Field

from boathouse.foundation.errors import InvalidInput
from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import End, Measurement, Rule
from boathouse.models.gates.contract import Gate, GateSettings, by_settings
from boathouse.models.gates.measuring import no_champion
from boathouse.models.requirements.requirements import CostMatrix, Problem, Requirements

VALUE = "value_per_row"
OVER_CHAMPION = "value_per_row_improvement"
OVER_NEVER = "value_per_row_over_never"
NEVER = "never acting"


class Settings(GateSettings):
    """What the gate can be told."""

    tolerance: float = Field(default=0.0, ge=0)
    """How much less than the champion's a row may be worth, in the currency."""
    margin: float = Field(default=0.0, ge=0)
    """How much more than without a model a row has to be worth."""
    replicates: int = Field(default=1000, ge=100, le=10_000)
    minimum_rows: int | None = Field(default=None, ge=1)
    """By default those of ``evaluation``."""


def measure(case: Case, settings: Settings) -> Iterable[Measurement]:
    """The value of a row, alone, over the champion and over never acting."""
    from boathouse.models.evaluation.comparing import Look, require_candidate
    from boathouse.models.evaluation.deciding import decided, mean_difference, never_acting

    matrix = _matrix(case.requirements)
    look = Look.at(case, replicates=settings.replicates)
    rows, label = len(look.label), look.label
    if reason := look.why_not("accuracy"):
        for name in (VALUE, OVER_NEVER, OVER_CHAMPION):
            yield Measurement(GATE.name, name, None, rows, problem=reason)
        return
    own = decided(matrix, label, require_candidate(case).values, look.resampling)
    never = never_acting(matrix, label)
    value, interval = mean_difference(own.values, None, look.resampling)
    details: dict[str, object] = {"currency": matrix.currency, "threshold": own.threshold, **own.counts}
    yield Measurement(GATE.name, VALUE, value, rows, interval=interval, details={**details, "curve": own.curve})
    value, interval = mean_difference(own.values, never, look.resampling)
    yield Measurement(GATE.name, OVER_NEVER, value, rows, interval=interval, baseline=NEVER, details=details)
    if case.champion is None and "champion" in case.missing:
        yield Measurement(GATE.name, OVER_CHAMPION, None, rows, problem=no_champion(case, GATE.name))
        return
    other, whose = never, NEVER
    if case.champion is None:
        details = {**details, "first_version": "there is no champion yet; never acting stands for it"}
    else:
        theirs = decided(matrix, label, case.champion.values, look.resampling)
        other, whose = theirs.values, case.champion.whose
        details = {**details, "baseline_threshold": theirs.threshold}
    value, interval = mean_difference(own.values, other, look.resampling)
    yield Measurement(GATE.name, OVER_CHAMPION, value, rows, interval=interval, baseline=whose, details=details)


def rules(requirements: Requirements, settings: Settings) -> Sequence[Rule]:
    """Worth more than never acting, and not less than the champion, at the lower end of the interval."""
    _matrix(requirements)
    needed = settings.minimum_rows or requirements.evaluation.minimum_rows
    return [
        Rule(GATE.name, OVER_NEVER, minimum=settings.margin, is_strict=True, judged_by=End.LOWER, minimum_rows=needed),
        Rule(GATE.name, OVER_CHAMPION, minimum=-settings.tolerance, judged_by=End.LOWER, minimum_rows=needed),
    ]


def _matrix(requirements: Requirements) -> CostMatrix:
    """The cost matrix.

    Raises:
        InvalidInput: There is none, it says nothing, or the model does not decide between two things.
    """
    matrix = requirements.cost_matrix
    if requirements.problem is not Problem.BINARY:
        raise InvalidInput("A cost matrix weighs decisions between two classes.", hint="Turn this gate off.")
    if matrix is None:
        raise InvalidInput("There is no cost_matrix to weigh decisions by.", hint="Write one, or turn this gate off.")
    if matrix.true_positive == matrix.false_negative and matrix.false_positive == matrix.true_negative:
        raise InvalidInput("By the cost_matrix it makes no difference what is decided.", hint="Give its costs.")
    return matrix


GATE = Gate(
    "business_value",
    "Are its decisions worth more than those without it?",
    Settings,
    measure,
    rules,
    shaped_by=by_settings("replicates"),
)
