"""An alert that fires, for as long as it does."""

from typing import Any

from boathouse.catalog.events import Event
from boathouse.catalog.events.nouns import EventType
from boathouse.foundation.event_filter import matches
from boathouse.monitoring.retraining.nouns import Signal
from boathouse.monitoring.retraining.policy import OnAlert, TriggerKind
from boathouse.monitoring.retraining.triggers.contract import Asked, Looked, instant_of

_FACTS = ("alert", "severity", "owner", "metric", "value", "threshold", "window", "table", "column",
          "count", "series", "why")  # fmt: skip


def look(asked: Asked) -> Looked:
    said: OnAlert = asked.settings
    firing: dict[str, Any] = {**asked.memory.get("firing", {})}
    for event in asked.events:
        if event.type == EventType.ALERT_FIRED and _is_meant(said, event):
            facts = {name: event.data[name] for name in _FACTS if event.data.get(name) is not None}
            before = firing.get(_which(event), {}).get("open", 0)
            firing[_which(event)] = {
                "open": before + _count(event),
                "event_id": event.event_id,
                "instant": instant_of(event.data) or (None if asked.is_replay else event.happened_at),
                "facts": {"table": event.subject, **facts},
            }
        elif event.type == EventType.ALERT_RESOLVED and (known := firing.pop(_which(event), None)) is not None:
            left = known["open"] - _count(event)
            if left > 0:
                firing[_which(event)] = {**known, "open": left}
    signals = tuple(_signal(asked, each) for each in firing.values())
    return Looked({"firing": firing}, signals)


def _is_meant(said: OnAlert, event: Event) -> bool:
    severity = str(event.data.get("severity", ""))
    return (
        _fits(said.name, str(event.data.get("alert", "")))
        and (not said.severity or severity.lower() in {each.lower() for each in said.severity})
        and (said.table is None or _fits(said.table, event.subject))
    )


def _fits(pattern: str, text: str) -> bool:
    return not matches(pattern[1:], text) if pattern.startswith("!") else matches(pattern, text)


def _which(event: Event) -> str:
    return f"{event.data.get('alert') or ''}|{event.subject}"


def _count(event: Event) -> int:
    """One alert may fire for several columns and slices of a table; they end one by one."""
    count = event.data.get("count")
    return count if isinstance(count, int) and count > 0 else 1


def _signal(asked: Asked, fired: dict[str, Any]) -> Signal:
    facts = fired["facts"]
    severity = f" ({facts['severity']})" if facts.get("severity") else ""
    return Signal(
        TriggerKind.ALERT,
        asked.name,
        f"alert:{asked.name}:{fired['event_id']}",
        f"The alert {facts.get('alert', 'without a name')}{severity} about {facts['table']} fires.",
        facts,
        fired["instant"],
        lasts=True,
    )
