"""One alert as people write it: what it watches, when that is wrong, who is told.

Stands in ``boathouse.yml`` under ``alerts``; kept in time like everything that decides about production.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.event_filter import EventFilter
from boathouse.foundation.shapes import ExactShape
from boathouse.foundation.spans import parse_span
from boathouse.foundation.texts import Span, TableText

_METRIC = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_COLUMN = re.compile(r"[A-Za-z_]\w*")
_DRIFT = frozenset(
    {
        "count_delta", "avg_delta", "percent_null_delta", "percent_zeros_delta", "percent_distinct_delta",
        "js_distance", "ks_test", "pvalue_adjusted", "wasserstein_distance", "population_stability_index",
        "chi_squared_test", "tv_distance", "l_infinity_distance",
    }
)  # fmt: skip
"""Columns that only the drift table has."""
LONGEST_NAME = 400


def _metric(text: str) -> str:
    if not _METRIC.fullmatch(text):
        raise ValueError(f"{text!r} is no column: write percent_null, ks_test.statistic and so on.")
    return text


def _column(text: str) -> str:
    if not _COLUMN.fullmatch(text):
        raise ValueError(f"{text!r} is no plain name of a column.")
    return text


def alert_name(text: str) -> str:
    """
    Raises:
        InvalidInput: It is no name of an alert.
    """
    text = text.strip()
    if not 1 <= len(text) <= LONGEST_NAME or not text.isprintable() or "/" in text:
        raise InvalidInput(
            f"{text[:80]!r} is no name of an alert.", hint=f"Use 1 to {LONGEST_NAME} printable characters without /."
        )
    return text


def _name(text: str) -> str:
    try:
        return alert_name(text)
    except InvalidInput as error:
        raise ValueError(str(error)) from error


Metric = Annotated[str, AfterValidator(_metric)]
Column = Annotated[str, AfterValidator(_column)]
Name = Annotated[str, AfterValidator(_name)]


class Severity(StrEnum):
    """How much it matters; the worst comes last."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Change(ExactShape):
    """By how much a value differs from that of the window before."""

    above: float | None = None
    """It has grown by more than this."""
    below: float | None = None
    """It has grown by less than this: ``-0.05`` is a fall by more than 0.05."""
    relative: bool = False
    """Whether the difference counts as a share of the value before."""

    @model_validator(mode="after")
    def _says_something(self) -> "Change":
        if self.above is None and self.below is None:
            raise ValueError("above or below is needed.")
        return self


class Anomaly(ExactShape):
    """How far a value lies from those of the windows before it, as a robust z-score."""

    z: float = Field(default=3.5, gt=0)
    """0.6745 times the distance to the median, in median absolute deviations (Iglewicz and Hoaglin 1993)."""
    windows: int = Field(default=14, ge=3, le=200)
    """So many windows before it are looked at."""
    minimum_windows: int = Field(default=7, ge=3, le=200)
    """With fewer nothing can be said."""
    direction: Literal["both", "above", "below"] = "both"
    minimum_change: float = Field(default=0.0, ge=0)
    """A distance to the median that is no anomaly, however still it was before."""

    @model_validator(mode="after")
    def _fits(self) -> "Anomaly":
        if self.minimum_windows > self.windows:
            raise ValueError("minimum_windows is more than windows.")
        return self


class Rows(ExactShape):
    """Rows of any other table that the alert may read: one per instant and series."""

    table: TableText
    time: Column
    """When a row counts from."""
    by: list[Column] = Field(default_factory=list[str], max_length=8)
    """Columns that name the series: each is judged by itself."""
    where: str | None = None
    """A condition in SQL."""
    every: Span = "1m"
    """How often the table is looked at."""


class Escalation(ExactShape):
    """Who else is told when nobody has acknowledged it."""

    after: Span
    """Since somebody was told first."""
    tell: list[str] = Field(min_length=1, max_length=20)
    """Notification destinations, or e-mail addresses."""


class IncidentRule(ExactShape):
    """What is opened when the alert fires."""

    playbook: str | None = None
    """The steps that are prepared."""
    start: bool = False
    """Whether the playbook starts by itself; else somebody starts it."""


class AlertRule(ExactShape):
    """One alert in ``boathouse.yml``."""

    name: Name | None = None
    """By default the table and the key, ``prod.flights.weather.wind_speed_missing``; of events the key alone."""
    description: str | None = None

    # What is watched: a monitored table's metrics, rows of any table, or events.
    table: TableText | None = None
    """The monitored table."""
    metric: Metric | None = None
    """A column of its metric tables: ``percent_null``, ``population_stability_index``, ``ks_test.statistic``."""
    of: Literal["profile", "drift"] | None = None
    """Which of its metric tables; by default the one that has such a column."""
    columns: list[str] | None = Field(default=None, min_length=1)
    """Names or patterns of the table's columns; ``:table`` is the whole. By default all that have the metric."""
    granularity: str | None = None
    slices: Literal["all"] | dict[str, str] | None = None
    """``{origin: JFK}``, or ``all``. By default the whole table only."""
    model: str | None = None
    """A model id of an inference log; by default all of them together."""
    drift: Literal["baseline", "consecutive"] = "baseline"
    rows: Rows | None = None
    events: EventFilter | None = None

    # When it is wrong.
    above: float | None = None
    below: float | None = None
    change: Change | None = None
    anomaly: Anomaly | None = None
    missing: Span | None = None
    """No window has ended, no row has come for so long."""
    for_windows: int = Field(default=1, ge=1, le=100)
    """So many windows in a row have to be wrong."""
    minimum_rows: int | None = Field(default=None, ge=1)
    """A window of fewer rows is not judged."""
    resolved_by: EventFilter | None = None
    """The event that ends it; of an ``endpoint.fell`` by default ``endpoint.recovered``."""
    quiet: Span = "24h"
    """Without such an event it ends when nothing of the kind has happened for so long."""

    # Who answers for it.
    severity: Severity = Severity.WARNING
    owner: str | None = None
    """A user or a group; by default who has put the alert."""
    runbook: str | None = None
    """Where to read what to do."""
    tell: list[str] = Field(default_factory=list[str], max_length=20)
    """Notification destinations, or e-mail addresses."""
    tell_again: Span | None = None
    """Remind as long as it lasts and nobody has acknowledged it."""
    escalate: list[Escalation] = Field(default_factory=list[Escalation], max_length=10)
    """Who is told besides, step by step, until somebody acknowledges it or it is fine."""
    group: bool = True
    """Whether it shares one message with other alerts of its table."""
    incident: IncidentRule | None = None
    paused: bool = False

    @model_validator(mode="after")
    def _watches_one_thing(self) -> "AlertRule":
        said = [name for name in ("table", "rows", "events") if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(f"an alert watches exactly one of table, rows and events; this says {said or 'none'}.")
        if self.events is None:
            self._require_condition()
        elif self._conditions() or self.metric is not None:
            raise ValueError("an alert on events has no metric and no threshold: that it happens is wrong.")
        return self

    @model_validator(mode="after")
    def _escalates_upwards(self) -> "AlertRule":
        spans = [parse_span(each.after) for each in self.escalate]
        if any(one >= two for one, two in pairwise(spans)):
            raise ValueError("each step of escalate comes later than the one before.")
        return self

    def _require_condition(self) -> None:
        conditions = self._conditions()
        if len(conditions) != 1:
            raise ValueError(
                f"exactly one of above/below, change, anomaly and missing is needed; this says {conditions or 'none'}."
            )
        if (self.metric is None) != (conditions == ["missing"]):
            raise ValueError("missing stands alone; every other condition needs a metric.")
        if self.above is not None and self.below is not None and self.below > self.above:
            raise ValueError("every value is above the one or below the other.")

    def _conditions(self) -> list[str]:
        named = [name for name in ("change", "anomaly", "missing") if getattr(self, name) is not None]
        return (["above/below"] if self.above is not None or self.below is not None else []) + named

    @property
    def is_drift(self) -> bool:
        """Whether its metric stands in the drift table."""
        if self.of is not None:
            return self.of == "drift"
        return self.metric is not None and self.metric.split(".")[0] in _DRIFT

    @property
    def subject(self) -> str:
        """What it is about, as events name it."""
        if self.table is not None:
            return self.table
        if self.rows is not None:
            return self.rows.table
        assert self.events is not None
        return self.events.subject or ", ".join(self.events.types)

    @property
    def told(self) -> list[str]:
        """Everybody who may be told."""
        return [*self.tell, *(name for step in self.escalate for name in step.tell)]

    @property
    def resolving(self) -> EventFilter | None:
        """The events that end it."""
        if self.resolved_by is not None or self.events is None:
            return self.resolved_by
        ends = [_ENDS[each] for each in self.events.types if each in _ENDS]
        return EventFilter(types=ends) if ends else None


_ENDS = {
    "endpoint.fell": "endpoint.recovered",
    "alert.fired": "alert.resolved",
    "incident.opened": "incident.closed",
    "contract.broken": "contract.kept",
}


def matching(patterns: Sequence[str] | None, column: str) -> bool:
    """Whether a column is among those that a rule names; ``:table`` only when it is named."""
    from boathouse.foundation.event_filter import matches

    if patterns is None:
        return True
    if column == ":table":
        return column in patterns
    return any(matches(each, column) for each in patterns)


def named(rule: AlertRule, key: str) -> str:
    """The name of a rule that stands under a key: its own, or that of its table and the key."""
    table = rule.table or (rule.rows.table if rule.rows is not None else None)
    return rule.name or (f"{table}.{key}" if table is not None else key)


def without_name(rule: AlertRule) -> AlertRule:
    """A rule as it is kept: its name stands beside it."""
    return rule.model_copy(update={"name": None})
