"""One look at all triggers of a model: what asks for a training now, and what is to be remembered."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boathouse.catalog.events.log import EventLog
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.principals import Principal
from boathouse.monitoring.retraining.nouns import LoopState, Revision, Signal
from boathouse.monitoring.retraining.policy import Timekeeping, Trigger, TriggerKind
from boathouse.monitoring.retraining.triggers import LOOKS
from boathouse.monitoring.retraining.triggers.contract import Asked, World

log = logging.getLogger(__name__)

_BY_CLOCK = frozenset({TriggerKind.SCHEDULE, TriggerKind.FRESHNESS, TriggerKind.TABLE_UPDATE, TriggerKind.DATA_VOLUME})
"""Whose signals have no instant of their own in the data: in a replay they wait until the data has shown one."""
_POLLED = frozenset({TriggerKind.TABLE_UPDATE, TriggerKind.DATA_VOLUME, TriggerKind.FRESHNESS})
"""What costs a look at something, and so is not looked at in every round."""
_MOST_EVENTS = 500


@dataclass(frozen=True, slots=True)
class When:
    """The present of a look."""

    wall: int
    """Milliseconds since 1970-01-01 UTC."""
    as_of: int | None = None
    """The present that somebody names, in a past that is replayed."""
    is_pressed: bool = False
    """Somebody asks at this moment; else it is one of many rounds."""
    polls: bool = True
    """Whether it is the turn of triggers that are polled."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look has shown."""

    signals: tuple[Signal, ...]
    memory: Mapping[str, Any]
    position: int
    """Of the last event that was looked at."""
    now: int | None
    """The present by the policy's clock; None: the data has shown none yet."""
    problems: Mapping[str, str] = field(default_factory=dict[str, str])


def look(
    held: Revision,
    known: LoopState,
    principal: Principal,
    world: World,
    events: EventLog,
    when: When,
    *,
    last_started: int,
) -> Seen:
    """Look at every trigger; one that cannot be looked at says why, and the others are looked at."""
    happened = events.settled_after(known.position, _MOST_EVENTS)
    visible = [each for each in happened if events.may_see(principal, each)]
    is_replay = held.policy.clock is Timekeeping.DATA
    now = when.as_of if when.as_of is not None else (known.data_now if is_replay else when.wall)
    before: Mapping[str, Any] = known.memory.get("triggers", {})
    memory: dict[str, Any] = {}
    problems: dict[str, str] = {}
    signals: list[Signal] = []
    for name, trigger in held.policy.named():
        mark = _mark(trigger)
        kept: Mapping[str, Any] = before.get(name, {})
        remembered: Mapping[str, Any] = kept.get("says", {}) if kept.get("of") == mark else {}
        is_due = trigger.kind not in _POLLED or when.polls or when.is_pressed
        if now is None and trigger.kind in _BY_CLOCK:
            memory[name] = {"of": mark, "says": remembered}
            continue
        if not is_due:
            memory[name] = kept if kept.get("of") == mark else {"of": mark, "says": {}}
            continue
        asked = Asked(
            held.model,
            name,
            trigger.settings,
            principal,
            world,
            when.wall if now is None else now,
            until=when.as_of,
            is_replay=is_replay or when.as_of is not None,
            events=visible,
            memory=remembered,
            last_started=last_started,
            is_pressed=when.is_pressed,
        )
        says, found, problem = _ask(trigger, asked)
        memory[name] = {"of": mark, "says": says} | ({"problem": problem} if problem else {})
        signals += found
        if problem:
            problems[name] = problem
    position = happened[-1].sequence if happened else known.position
    if held.policy.paused and not when.is_pressed:
        signals = []  # what lasts asks again once the pause is over
    return Seen(tuple(signals), memory, position, now, problems)


def _ask(trigger: Trigger, asked: Asked) -> tuple[Mapping[str, Any], Sequence[Signal], str | None]:
    try:
        looked = LOOKS[trigger.kind](asked)
    except BoathouseError as error:
        return asked.memory, (), str(error)
    except Exception as error:  # one that fails in a way we did not foresee must not keep the others from asking
        log.exception("The trigger %s of %s could not be looked at", asked.name, asked.model)
        return asked.memory, (), f"{type(error).__name__}: {error}"
    return looked.memory, looked.signals, None


def _mark(trigger: Trigger) -> str:
    """Of what a trigger says: one that says something else begins anew."""
    text = json.dumps(trigger.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
