"""What has happened on the platform, as webhooks are told of it. A job's principal is told of what it may see."""

from datetime import datetime
from typing import Any

from boathouse.catalog.events import Event, EventType
from boathouse.catalog.law import Catalog
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.event_filter import EventFilter
from boathouse.foundation.principals import Principal
from boathouse.jobs.starting.starters import Fire, Starter, Verdict
from boathouse.jobs.starting.triggers.events import CHECK_AGAIN_MS, ToldEvents, one_run_for_all

TRIGGER = "EVENT"
_FILTER = tuple(EventFilter.model_fields)
_FACTS = ("version", "alias", "gate", "run_id")
"""Of an event's data, those that a reference can name by themselves."""


class EventTrigger:
    """Starts a run when something has happened, for each event or for all."""

    def __init__(self, events: ToldEvents) -> None:
        self._events = events

    def look(self, starter: Starter, now: datetime) -> Verdict:
        events = self._events.events(starter.job_id)
        if not starter.details.get("run_for_each"):
            return one_run_for_all(starter, events, now, TRIGGER, "event")
        fires = tuple(
            Fire(f"event:{starter.job_id}:{number}", TRIGGER, {"time_ms": epoch_ms(now), "event": facts})
            for number, _, facts in events
        )
        upto = events[-1][0] if events else None
        return Verdict(due_at=epoch_ms(now) + CHECK_AGAIN_MS, fires=fires, events_upto=upto)


def facts_of(starter: Starter, event: Event, catalog: Catalog, principal: Principal) -> dict[str, Any] | None:
    """What the event means for the trigger; None when it is none of its business."""
    wanted = EventFilter.model_validate({name: starter.details[name] for name in _FILTER if name in starter.details})
    if not wanted.takes(event.type, event.subject, event.data) or _would_go_round(starter, event, wanted):
        return None
    if not catalog.events.may_see(principal, event):
        return None
    told = {name: event.data.get(name) for name in _FACTS}
    facts = {
        "type": event.type,
        "subject": event.subject,
        "by": event.principal,
        "event_id": event.event_id,
        **told,
        "data": dict(event.data),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _would_go_round(starter: Starter, event: Event, wanted: EventFilter) -> bool:
    """Whether the event comes of the job itself. The failure of a run that an event has started counts only for those
    who name its job: else jobs that look after failures would start each other for ever."""
    mine = str(starter.job_id)
    if event.job_id == starter.job_id:
        return True
    if event.type != EventType.RUN_FAILED:
        return False
    return event.subject == mine or (event.data.get("trigger") == TRIGGER and wanted.subject != event.subject)
