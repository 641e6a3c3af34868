"""What alerts are made of: a value of a series in a window, what was said of it, and how long it was wrong."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from boathouse.monitoring.alerts.rules import AlertRule, Severity


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule as it is in force, or was at an instant."""

    alert_id: str
    name: str
    rule: AlertRule
    revision: int
    principal: str
    """Who has put the revision: with whose rights it looks."""
    valid_from: int
    valid_to: int | None
    created_at: int
    origin: str | None = None

    @property
    def owner(self) -> str:
        return self.rule.owner or self.principal


@dataclass(frozen=True, slots=True)
class Series:
    """Which of the values that an alert watches: a column, a slice, a granularity, an endpoint."""

    parts: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        return json.dumps(self.parts, ensure_ascii=False)

    @classmethod
    def read(cls, key: str) -> "Series":
        return cls(tuple((name, value) for name, value in json.loads(key)))

    @classmethod
    def of(cls, parts: Mapping[str, Any]) -> "Series":
        return cls(tuple((name, str(value)) for name, value in parts.items() if value is not None))

    def get(self, name: str) -> str | None:
        return dict(self.parts).get(name)

    @property
    def text(self) -> str:
        """For people: ``wind_speed, origin = JFK``."""
        said = dict(self.parts)
        words = [said.pop("column")] if "column" in said else []
        if "slice_key" in said:
            words.append(f"{said.pop('slice_key')} = {said.pop('slice_value', 'null')}")
        words += [f"{name} = {value}" for name, value in said.items() if name != "granularity" and value != "*"]
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Point:
    """A value of a series in a window. Instants are milliseconds since 1970-01-01 UTC."""

    start: int
    end: int
    value: float | None
    rows: int | None = None


class Say(StrEnum):
    BREACH = "breach"
    FINE = "fine"
    UNKNOWN = "unknown"
    """Nothing was measured, or too little: it neither fires nor ends."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a window."""

    point: Point
    say: Say
    why: str
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """Windows in a row that were wrong; ``ended`` is the verdict that it is fine again."""

    first: Verdict
    fired: Verdict
    last: Verdict
    ended: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires for one series, from when it began to when it was fine again."""

    firing_id: str
    sequence: int
    alert_id: str
    revision: int
    series: Series
    severity: Severity
    began: int
    """The start of the first window that was wrong, or when the event happened."""
    window_start: int
    """Of the last window that was seen wrong."""
    window_end: int
    value: float | None
    threshold: float | None
    why: str
    fired_at: int
    resolved_at: int | None = None
    resolved_window: int | None = None
    resolved_by: str | None = None
    """Who has ended it by hand."""
    resolution: str | None = None
    told_at: int | None = None
    told_resolved_at: int | None = None
    first_told_at: int | None = None
    escalated: int = 0
    """So many steps of the rule's escalation were told."""
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None
    acknowledgement: str | None = None
    incident: int | None = None

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def is_problem(self) -> bool:
        """That the alert cannot be judged, rather than that what it watches is wrong."""
        return self.series.get("problem") is not None


PROBLEM = Series((("problem", "cannot be judged"),))


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is told of an alert until an instant; what happens is written down all the same."""

    silence_id: str
    pattern: str
    """The alert's name, or a pattern of names."""
    until: int
    by: str
    why: str
    created_at: int
    ended_at: int | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """How far an alert has looked."""

    alert_id: str
    revision: int | None = None
    since: Mapping[str, int] = field(default_factory=dict[str, int])
    """By granularity, the start of the first window that counts: what was before the alert is history."""
    newest: int | None = None
    """The end of the newest window."""
    looked_at: int | None = None
    problem: str | None = None
