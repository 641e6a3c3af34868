"""From signals to decisions, in one transaction with what is remembered: a signal is decided on once, whatever process
dies, and of two that look at once only one decides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from boathouse.catalog import Catalog
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.ids import new_id
from boathouse.foundation.spans import parse_span
from boathouse.jobs.parameters import read_as_of
from boathouse.metastore import Database
from boathouse.monitoring.retraining import brakes
from boathouse.monitoring.retraining import repository as rows
from boathouse.monitoring.retraining.brakes import Spent, Standing
from boathouse.monitoring.retraining.looking import Seen, When
from boathouse.monitoring.retraining.nouns import (
    PASSING,
    Brake,
    BrakeSaid,
    Choice,
    Decision,
    LoopState,
    Revision,
    Signal,
    State,
)
from boathouse.monitoring.retraining.policy import RetrainingPolicy, Timekeeping, TrialMethod, TriggerKind
from boathouse.monitoring.retraining.telling import tell
from boathouse.monitoring.retraining.trainings import TrainingRuns

_MOST_MET = 300
"""Signals of which it is remembered what was decided on them."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Whose loop it is, and by whom it is decided."""

    held: Revision
    principal: str
    has_champion: Callable[[], bool]
    """Asked only when something is to be decided. Without one there is nothing to compare with: the first version needs
    no trial."""


class Deciding:
    """Asks the brakes, and writes down what comes of it."""

    def __init__(self, database: Database, catalog: Catalog, trainings: TrainingRuns) -> None:
        self._database = database
        self._catalog = catalog
        self._trainings = trainings

    def decide(self, occasion: Occasion, known: LoopState, seen: Seen, when: When) -> list[Decision] | None:
        """Decide on what asks; None: somebody else has looked at the same time, and nothing is written."""
        held = occasion.held
        with self._database.read() as connection:
            is_quiet = not any(self._is_open(connection, held, known, each, seen, when) for each in seen.signals)
        kept = replace(
            known,
            position=seen.position,
            memory={**known.memory, "triggers": dict(seen.memory)},
            data_now=_data_now(held.policy, known, seen, when),
        )
        if is_quiet and kept == known:
            return []
        made: list[Decision] = []
        met: dict[str, int] = {**known.memory.get("met", {})}
        with self._database.write() as connection:
            if not rows.keep_state(connection, kept):
                return None
            for signal in seen.signals:
                found = self._decide(connection, occasion, kept, signal, (seen, when), met)
                if found is not None:
                    made.append(found)
            newest = dict(list(met.items())[-_MOST_MET:])
            if newest != known.memory.get("met", {}):
                memory = {**kept.memory, "met": newest}
                rows.keep_state(connection, replace(kept, memory=memory, version=kept.version + 1))
        return made

    def standing(self, connection: Connection, held: Revision, known: LoopState, instant: int) -> Standing:
        """What the brakes look at."""
        active = rows.under_way(connection, held.model)
        last = rows.last_run(connection, held.model)
        budget = held.policy.brakes.budget
        spent: list[Spent] = []
        if budget is not None:
            since = instant - _milliseconds(parse_span(budget.per))
            spent = [self._spent(each) for each in rows.spent_since(connection, held.model, since)]
        return Standing(
            now=instant,
            frozen_why=known.frozen_why if known.is_frozen else None,
            frozen_by=known.frozen_by,
            under_way=active.decision_id if active else None,
            last_started=last.instant if last else None,
            spent=spent,
        )

    # --- within

    def _is_open(
        self, connection: Connection, held: Revision, known: LoopState, signal: Signal, seen: Seen, when: When
    ) -> bool:
        """Whether there is something to decide: the fact is new, or lasts and the brake that met it has gone."""
        prior = _prior(connection, held.model, known.memory.get("met", {}), signal)
        if prior is None:
            return True
        if not signal.lasts or prior.brake not in PASSING:
            return False
        standing = self.standing(connection, held, known, _instant(held.policy, known, signal, seen, when))
        return not any(each.holds for each in brakes.ask_all(held.policy.brakes, standing))

    def _decide(
        self,
        connection: Connection,
        occasion: Occasion,
        known: LoopState,
        signal: Signal,
        at: tuple[Seen, When],
        met: dict[str, int],
    ) -> Decision | None:
        held, (seen, when) = occasion.held, at
        prior = _prior(connection, held.model, met, signal)
        if prior is not None and (not signal.lasts or prior.brake not in PASSING):
            return None
        instant = _instant(held.policy, known, signal, seen, when)
        said = brakes.ask_all(held.policy.brakes, self.standing(connection, held, known, instant))
        holding = next((each for each in said if each.holds), None)
        if holding is not None and prior is not None:
            return None
        if holding is not None and (same := self._repeated(connection, held.model, signal, holding.brake)) is not None:
            _put(met, signal.key, same.decision_id)
            again = replace(same, repeats=same.repeats + 1, updated_at=when.wall)
            rows.change_decision(connection, again, same.state)
            return None
        decision = _made(occasion, signal, said, holding, instant, when)
        if prior is not None:
            decision = replace(decision, signal_key=f"{signal.key}#{prior.decision_id}")
        decision = replace(decision, decision_id=rows.add_decision(connection, decision))
        _put(met, signal.key, decision.decision_id)
        tell(connection, self._catalog, decision, when.wall)
        return decision

    def _repeated(self, connection: Connection, model: str, signal: Signal, brake: Brake) -> Decision | None:
        """The last decision on this trigger, if the same brake met it: one row tells of all the times."""
        if signal.kind is TriggerKind.BY_HAND:
            return None
        last = rows.last_of_trigger(connection, model, signal.trigger)
        return last if last is not None and last.brake is brake and brake in PASSING else None

    def _spent(self, decision: Decision) -> Spent:
        runs = [decision.trial_run_id, decision.check_run_id, decision.run_id]
        seconds = sum(self._trainings.processor_seconds(each) for each in runs if each is not None)
        trainings = int(decision.choice is Choice.STARTED)
        return Spent(decision.instant, trainings, seconds)


def needs_trial(policy: RetrainingPolicy, kind: TriggerKind, *, has_champion: bool) -> bool:
    """Whether it is first found out if a training would help."""
    asked = policy.brakes.benefit
    return has_champion and asked.method is not TrialMethod.NONE and kind not in asked.except_for


def _made(
    occasion: Occasion, signal: Signal, said: Sequence[BrakeSaid], holding: BrakeSaid | None, instant: int, when: When
) -> Decision:
    held = occasion.held
    choice, state, reason = Choice.STARTED, State.STARTING, "No brake holds."
    if holding is not None:
        choice = Choice.FROZEN if holding.brake is Brake.FROZEN else Choice.DECLINED
        state, reason = State.DECLINED, holding.reason
    elif needs_trial(held.policy, signal.kind, has_champion=occasion.has_champion()):
        choice, reason = Choice.CHECKING, "A trial finds out whether a training would help."
        state = State.TRYING if held.policy.brakes.benefit.method is TrialMethod.JOB else State.CHECKING
    return Decision(
        decision_id=0,
        model=held.model,
        revision=held.revision,
        kind=signal.kind,
        trigger=signal.trigger,
        signal_key=signal.key,
        why=signal.why,
        figures=signal.figures,
        choice=choice,
        reason=reason,
        state=state,
        decided_at=when.wall,
        instant=instant,
        principal=occasion.principal,
        brake=holding.brake if holding else None,
        brakes=tuple(each.to_json() for each in said),
        as_of=_as_of(held.policy, instant, when),
        updated_at=when.wall,
    )


def _as_of(policy: RetrainingPolicy, instant: int, when: When) -> str | None:
    if when.as_of is None and policy.clock is Timekeeping.SYSTEM:
        return None
    return read_as_of(from_epoch_ms(when.as_of if when.as_of is not None else instant).isoformat())


def _prior(connection: Connection, model: str, met: Mapping[str, int], signal: Signal) -> Decision | None:
    """What was decided on the fact the last time."""
    number = met.get(signal.key)
    found = rows.decision(connection, number) if number is not None else None
    return found or rows.decided(connection, model, signal.key)


def _put(met: dict[str, int], key: str, number: int) -> None:
    met.pop(key, None)  # the newest stand last
    met[key] = number


def _instant(policy: RetrainingPolicy, known: LoopState, signal: Signal, seen: Seen, when: When) -> int:
    """The present that brakes are counted by."""
    if when.as_of is not None:
        return when.as_of
    if policy.clock is Timekeeping.SYSTEM:
        return when.wall
    shown = [each for each in (known.data_now, seen.now, signal.instant) if each is not None]
    return max(shown, default=when.wall)


def _data_now(policy: RetrainingPolicy, known: LoopState, seen: Seen, when: When) -> int | None:
    if policy.clock is Timekeeping.SYSTEM and when.as_of is None:
        return known.data_now
    shown = [known.data_now, when.as_of]
    if policy.clock is Timekeeping.DATA:
        shown += [each.instant for each in seen.signals]
    return max((each for each in shown if each is not None), default=None)


def _milliseconds(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)


def by_hand(principal: str, reason: str, when: When) -> Signal:
    """What somebody asks for."""
    shown: dict[str, Any] = {"reason": reason, "asked_by": principal}
    key = f"by_hand:{new_id()}"
    return Signal(
        TriggerKind.BY_HAND, TriggerKind.BY_HAND.value, key, f"{principal} asks for it: {reason}", shown, when.as_of
    )
