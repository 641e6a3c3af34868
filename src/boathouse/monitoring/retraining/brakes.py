"""What holds a training back: pure rules over what has happened. All of them are asked, so that the decision shows what
each one saw; the first that holds decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.spans import parse_span
from boathouse.monitoring.retraining.nouns import CAME_TO_NOTHING, CAME_TO_SOMETHING, Brake, BrakeSaid, State
from boathouse.monitoring.retraining.policy import Brakes, Budget

HOUR_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Spent:
    """What one decision has cost."""

    instant: int
    trainings: int
    processor_seconds: float


@dataclass(frozen=True, slots=True)
class Standing:
    """What brakes look at."""

    now: int
    """Milliseconds since 1970-01-01 UTC, by the clock of the policy."""
    frozen_why: str | None = None
    frozen_by: str | None = None
    under_way: int | None = None
    """The decision that is being carried out."""
    last_started: int | None = None
    """When the last training was started, by the same clock."""
    spent: Sequence[Spent] = ()
    """At least of the budget's span."""


def ask_all(brakes: Brakes, standing: Standing) -> list[BrakeSaid]:
    """What every brake says, in the order in which they are heard."""
    return [frozen(standing), busy(standing), cool_down(brakes, standing), budget(brakes, standing)]


def frozen(standing: Standing) -> BrakeSaid:
    """Only a person lets a frozen loop go on."""
    if standing.frozen_why is None:
        return BrakeSaid(Brake.FROZEN, False, "The loop is not frozen.")
    facts = {"frozen_by": standing.frozen_by}
    return BrakeSaid(Brake.FROZEN, True, f"The loop is frozen: {standing.frozen_why}", facts)


def busy(standing: Standing) -> BrakeSaid:
    """At most one at a time."""
    if standing.under_way is None:
        return BrakeSaid(Brake.BUSY, False, "Nothing is under way.")
    told = f"Decision {standing.under_way} is being carried out."
    return BrakeSaid(Brake.BUSY, True, told, {"under_way": standing.under_way})


def cool_down(brakes: Brakes, standing: Standing) -> BrakeSaid:
    """So long after a start no other one. A start in what is now the future, because a clock was put back, counts."""
    if brakes.cool_down is None or standing.last_started is None:
        why = "There is no cool-down." if brakes.cool_down is None else "No training was started before."
        return BrakeSaid(Brake.COOL_DOWN, False, why)
    until = standing.last_started + _milliseconds(parse_span(brakes.cool_down))
    facts = {"cool_down": brakes.cool_down, "last_started": _told(standing.last_started), "until": _told(until)}
    if standing.now < until:
        told = f"The last training was started at {facts['last_started']}; the next may start at {facts['until']}."
        return BrakeSaid(Brake.COOL_DOWN, True, told, facts)
    return BrakeSaid(Brake.COOL_DOWN, False, f"The cool-down of {brakes.cool_down} is over.", facts)


def budget(brakes: Brakes, standing: Standing) -> BrakeSaid:
    """What the last span has cost leaves room for one more."""
    asked = brakes.budget
    if asked is None:
        return BrakeSaid(Brake.BUDGET, False, "There is no budget.")
    since = standing.now - _milliseconds(parse_span(asked.per))
    spent = [each for each in standing.spent if each.instant > since]
    trainings = sum(each.trainings for each in spent)
    hours = sum(each.processor_seconds for each in spent) / HOUR_SECONDS
    facts = {"per": asked.per, "runs": trainings, "processor_hours": round(hours, 6)}
    if reason := _over(asked, trainings, hours):
        return BrakeSaid(Brake.BUDGET, True, reason, facts)
    return BrakeSaid(Brake.BUDGET, False, f"Of the last {asked.per}, {_spent(trainings, hours)} are spent.", facts)


def _over(asked: Budget, trainings: int, hours: float) -> str | None:
    if asked.runs is not None and trainings >= asked.runs:
        return f"The budget is {_counted(asked.runs)} per {asked.per}, and {_counted(trainings)} began in the last one."
    if asked.processor_hours is not None and hours >= asked.processor_hours:
        return (
            f"The budget is {asked.processor_hours:g} processor hours per {asked.per}, and {hours:.3g} were used in "
            "the last one."
        )
    return None


def should_freeze(outcomes: Sequence[State], after: int | None) -> bool:
    """Whether so many candidates in a row came to nothing. A training without a candidate says neither yes nor no.

    Args:
        outcomes: Of the trainings since a person last let the loop go on, newest first.
    """
    return after is not None and in_vain(outcomes) >= after


def in_vain(outcomes: Sequence[State]) -> int:
    """How many of the newest came to nothing, up to the last that came to something."""
    count = 0
    for each in outcomes:
        if each in CAME_TO_SOMETHING:
            break
        count += each in CAME_TO_NOTHING
    return count


def _counted(trainings: int) -> str:
    return f"{trainings} training{'' if trainings == 1 else 's'}"


def _spent(trainings: int, hours: float) -> str:
    return f"{_counted(trainings)} and {hours:.3g} processor hours"


def _milliseconds(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)


def _told(milliseconds: int) -> str:
    return from_epoch_ms(milliseconds).isoformat(timespec="seconds")
