"""Something that has happened on the platform."""

from boathouse.catalog.events import Event
from boathouse.catalog.events.nouns import EventType
from boathouse.foundation.event_filter import EventFilter
from boathouse.monitoring.retraining.nouns import Signal
from boathouse.monitoring.retraining.policy import TriggerKind
from boathouse.monitoring.retraining.triggers.contract import Asked, Looked, instant_of


def look(asked: Asked) -> Looked:
    said: EventFilter = asked.settings
    happened = [
        each
        for each in asked.events
        if said.takes(each.type, each.subject, each.data) and not _would_go_round(asked.model, each)
    ]
    if not happened:
        return Looked({})
    # Of several that came together the last one asks: they would all start the same training.
    last = happened[-1]
    more = f", and {len(happened) - 1} more before it" if len(happened) > 1 else ""
    signal = Signal(
        TriggerKind.EVENT,
        asked.name,
        f"event:{asked.name}:{last.event_id}",
        f"It happened: {last.type} of {last.subject}{more}.",
        {"event_id": last.event_id, "type": last.type, "subject": last.subject, "data": dict(last.data)},
        instant_of(last.data) or (None if asked.is_replay else last.happened_at),
    )
    return Looked({}, (signal,))


def _would_go_round(model: str, event: Event) -> bool:
    """Whether the event is this loop's own decision."""
    return event.type == EventType.RETRAINING_DECIDED and event.subject == model
