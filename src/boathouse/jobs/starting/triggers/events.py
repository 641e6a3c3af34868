"""What the triggers have in common that are told by an event: several at once start one run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from boathouse.foundation.clock import epoch_ms
from boathouse.jobs.starting.debounce import ready_at
from boathouse.jobs.starting.starters import Fire, Starter, Verdict

CHECK_AGAIN_MS = 900_000
"""How often a trigger by event looks whether it still may and can work."""

Event = tuple[int, int, dict[str, Any]]


class ToldEvents(Protocol):
    def events(self, job_id: int) -> Sequence[Event]: ...


def one_run_for_all(starter: Starter, events: Sequence[Event], now: datetime, trigger: str, name: str) -> Verdict:
    """A run for all events that are there, as soon as the trigger may fire."""
    if not events:
        return Verdict(due_at=epoch_ms(now) + CHECK_AGAIN_MS)
    number, happened_at, facts = events[-1]
    ready = ready_at(starter.details, happened_at, starter.last_fired_at)
    if ready > epoch_ms(now):
        return Verdict(due_at=ready)
    info = {"time_ms": epoch_ms(now), name: {**facts, "events": len(events)}}
    fire = Fire(f"{name}:{starter.job_id}:{number}", trigger, info)
    return Verdict(due_at=epoch_ms(now) + CHECK_AGAIN_MS, fires=(fire,), events_upto=number)
