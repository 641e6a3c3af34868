"""Who is told of what fires and ends: one message for all that belongs together, none while it is silenced.

What was told is written down in the transaction that puts the message into the outbox; the courier does the rest.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock, epoch_ms, from_epoch_ms
from boathouse.foundation.event_filter import matches
from boathouse.foundation.spans import parse_span
from boathouse.monitoring.alerts import firings as fired
from boathouse.monitoring.alerts import repository as rows
from boathouse.monitoring.alerts.nouns import Alert, Firing, Silence
from boathouse.notifications.addresses import is_address
from boathouse.notifications.messages import Message
from boathouse.notifications.outbox import write

if TYPE_CHECKING:
    from sqlalchemy import Connection

FIRED, RESOLVED, LASTS, ESCALATED = "alert.fired", "alert.resolved", "alert.lasts", "alert.escalated"
EVENT_TYPES = (FIRED, RESOLVED, LASTS, ESCALATED)
_MOST_LINES = 40
_WORDS = {
    FIRED: "fires",
    LASTS: "still fires",
    ESCALATED: "still fires, and nobody has acknowledged it",
    RESOLVED: "is fine again",
}


@dataclass(frozen=True, slots=True)
class Due:
    """A firing of which somebody is to be told."""

    alert: Alert
    firing: Firing
    what: str
    step: int | None = None
    """Of the escalation, from 0."""

    @property
    def destinations(self) -> list[str]:
        """Whoever was told that it fires is told that it is fine."""
        rule = self.alert.rule
        if self.step is not None:
            return rule.escalate[self.step].tell
        told = rule.escalate[: self.firing.escalated] if self.what == RESOLVED else []
        return list(dict.fromkeys([*rule.tell, *(name for step in told for name in step.tell)]))


class Telling:
    """Puts messages about alerts into the outbox."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._database = catalog.database
        self._clock = clock

    def tell(self) -> int:
        """One round; gives the number of messages."""
        now = epoch_ms(self._clock.now())
        with self._database.read() as connection:
            due, muted = _to_do(connection, now)
        if not due and not muted:
            return 0
        with self._database.write() as connection:
            due, muted = _to_do(connection, now)
            messages = messages_of(due, _lasting(connection), now)
            write(connection, messages, now)
            fired.told(connection, muted, is_settled=True)
            for each in due:
                fired.told(connection, [each.firing.firing_id], is_settled=_is_settled(each), **_told(each, now))
        return len(messages)


def _to_do(connection: "Connection", now: int) -> tuple[list[Due], list[str]]:
    """Of what somebody is to be told, and what came and went while nobody wanted to know."""
    waiting = fired.unsettled(connection)
    if not waiting:
        return [], []
    alerts = rows.by_ids(connection, sorted({each.alert_id for each in waiting}))
    silences = fired.silences(connection, now=now)
    due: list[Due] = []
    muted: list[str] = []
    for each in waiting:
        alert = alerts[each.alert_id]
        if not is_silenced(alert, silences):
            due += _due(alert, each, now)
        elif not each.is_open:
            muted.append(each.firing_id)
    return due, muted


def _lasting(connection: "Connection") -> set[str]:
    """Groups of which something is still wrong; a pager is only called off when nothing is."""
    found = fired.every_open(connection)
    alerts = rows.by_ids(connection, sorted({each.alert_id for each in found}))
    return {_group(each) for each in alerts.values()}


def is_silenced(alert: Alert, silences: Sequence[Silence]) -> bool:
    return any(matches(each.pattern, alert.name) for each in silences)


def _due(alert: Alert, firing: Firing, now: int) -> list[Due]:
    if firing.told_at is None:
        return [Due(alert, firing, what) for what in ([FIRED] if firing.is_open else [FIRED, RESOLVED])]
    if not firing.is_open:
        return [Due(alert, firing, RESOLVED)] if firing.told_resolved_at is None else []
    if firing.acknowledged_at is not None:
        return []
    again = alert.rule.tell_again
    is_due = again is not None and _has_passed(again, firing.told_at, now)
    since = firing.first_told_at or firing.told_at
    steps = enumerate(alert.rule.escalate)
    due = [step for step, each in steps if step >= firing.escalated and _has_passed(each.after, since, now)]
    return [*([Due(alert, firing, LASTS)] if is_due else []), *(Due(alert, firing, ESCALATED, step) for step in due)]


def _has_passed(span: str, since: int, now: int) -> bool:
    return now - since >= parse_span(span).total_seconds() * 1000


def _told(due: Due, now: int) -> dict[str, int]:
    """What is written down of a firing when a message about it goes out."""
    if due.what == RESOLVED:
        return {"told_resolved_at": now}
    if due.step is not None:
        return {"escalated": due.step + 1}
    return {"told_at": now, **({"first_told_at": now} if due.what == FIRED else {})}


def _is_settled(due: Due) -> bool:
    """Whether nothing can be left to tell before it is fine."""
    rule = due.alert.rule
    steps = due.firing.escalated if due.step is None else due.step + 1
    return due.what == RESOLVED or (rule.tell_again is None and steps >= len(rule.escalate))


def messages_of(due: Sequence[Due], lasting: set[str], now: int) -> list[Message]:
    """One message for each destination, each group and each thing that happened to it."""
    groups: dict[tuple[str, str, str], list[Due]] = defaultdict(list)
    for each in sorted(due, key=lambda one: list(_WORDS).index(one.what)):  # what ended has begun before
        for destination in each.destinations:
            groups[(destination, each.what, _group(each.alert))].append(each)
    return [
        Message(what, destination, _payload(what, group, found, group in lasting, now), is_address(destination))
        for (destination, what, group), found in groups.items()
    ]


def _group(alert: Alert) -> str:
    return alert.rule.subject if alert.rule.group else alert.name


def _payload(what: str, group: str, found: Sequence[Due], lasts: bool, now: int) -> dict[str, Any]:
    ordered = sorted(found, key=lambda each: (-each.firing.severity.rank, each.alert.name, each.firing.sequence))
    worst = ordered[0]
    names = list(dict.fromkeys(each.alert.name for each in ordered))
    return {
        "event_type": what,
        "workspace_id": "1",
        "timestamp_ms": now,
        "severity": worst.firing.severity.value,
        "title": title_of(what, ordered),
        "lines": lines_of(what, ordered),
        "dedup_key": f"boathouse-alert-{group}"[:255],
        "is_over": what == RESOLVED and not lasts,
        "alerts": [
            {
                "alert": name,
                "severity": each.rule.severity.value,
                "owner": each.owner,
                "subject": each.rule.subject,
                "metric": each.rule.metric,
                "runbook": each.rule.runbook,
                "firings": [_firing_json(one.firing) for one in ordered if one.alert.name == name][:_MOST_LINES],
            }
            for name in names
            for each in [next(one.alert for one in ordered if one.alert.name == name)]
        ],
    }


def title_of(what: str, found: Sequence[Due]) -> str:
    """``CRITICAL: prod.flights.weather.nulls fires for wind_speed (and 3 more)``."""
    worst = found[0]
    series = worst.firing.series.text
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    whose = f" for {series}" if series and not worst.firing.is_problem else ""
    if worst.firing.is_problem and what == FIRED:
        return f"{worst.firing.severity.upper()}: {worst.alert.name} cannot be judged{more}"
    return f"{worst.firing.severity.upper()}: {worst.alert.name} {_WORDS[what]}{whose}{more}"


def lines_of(what: str, found: Sequence[Due]) -> list[str]:
    """What people read below the title."""
    lines: list[str] = []
    for each in found[:_MOST_LINES]:
        firing, rule = each.firing, each.alert.rule
        why = firing.resolution if what == RESOLVED and firing.resolution else firing.why
        of = ", ".join(part for part in (rule.metric or "", firing.series.text) if part)
        lines.append(f"{each.alert.name}: {f'{of}: ' if of else ''}{why} [{_window(firing)}]")
    if len(found) > _MOST_LINES:
        lines.append(f"... and {len(found) - _MOST_LINES} more")
    owners = list(dict.fromkeys(each.alert.owner for each in found))
    lines.append(f"Owner: {', '.join(owners)}")
    lines += list(dict.fromkeys(f"Runbook: {each.alert.rule.runbook}" for each in found if each.alert.rule.runbook))
    return lines


def _window(firing: Firing) -> str:
    start = from_epoch_ms(firing.window_start).strftime("%Y-%m-%d %H:%M")
    if firing.window_end == firing.window_start:
        return start
    return f"{start} to {from_epoch_ms(firing.window_end).strftime('%Y-%m-%d %H:%M')}"


def _firing_json(firing: Firing) -> dict[str, Any]:
    return {
        "firing_id": firing.firing_id, "series": dict(firing.series.parts), "value": firing.value,
        "threshold": firing.threshold, "why": firing.why, "window_start": firing.window_start,
        "window_end": firing.window_end, "resolution": firing.resolution,
    }  # fmt: skip
