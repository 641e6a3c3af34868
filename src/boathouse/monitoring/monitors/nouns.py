"""Monitors, their refreshes, and how far each has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from boathouse.foundation.names import SchemaName, TableName
from boathouse.monitoring.monitors.settings import MonitorSettings


class MonitorStatus(StrEnum):
    ACTIVE = "MONITOR_STATUS_ACTIVE"
    PENDING = "MONITOR_STATUS_PENDING"
    """Its table is not there yet."""
    ERROR = "MONITOR_STATUS_ERROR"
    """Its last refresh has failed."""


class RefreshState(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        return self in (RefreshState.SUCCESS, RefreshState.FAILED, RefreshState.CANCELED)


class RefreshTrigger(StrEnum):
    MANUAL = "MANUAL"
    SCHEDULE = "SCHEDULE"
    DATA_CHANGE = "DATA_CHANGE"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the refreshes of a monitor have come; what the next one goes on from."""

    table_version: int | None = None
    baseline_version: int | None = None
    labels_version: int | None = None
    table_id: str | None = None
    """Which table it was: another one may have taken its name."""
    newest: int | None = None
    """The newest time of any row so far, in milliseconds since 1970-01-01 UTC."""
    metrics_version: int | None = None
    """The monitor's version that the metric tables were written by."""
    edges: Mapping[str, list[float]] = field(default_factory=dict[str, list[float]])
    """The bins of each numeric column: every window has the same, so that summaries add up."""

    def to_json(self) -> dict[str, Any]:
        return {
            "table_version": self.table_version,
            "baseline_version": self.baseline_version,
            "labels_version": self.labels_version,
            "table_id": self.table_id,
            "newest": self.newest,
            "metrics_version": self.metrics_version,
            "edges": {name: list(found) for name, found in self.edges.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Progress":
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


@dataclass(frozen=True, slots=True)
class Monitor:
    """A table that is watched."""

    monitor_id: str
    table_name: str
    """Its full name."""
    settings: MonitorSettings
    version: int
    """Counts the changes of what is measured."""
    owner: str
    """With whose rights it reads and writes."""
    created_at: int
    changed_at: int
    table_id: str | None = None
    """None while the table is not there."""
    job_id: int | None = None
    failure: str | None = None
    """Why the last refresh failed, or why the monitor waits."""
    origin: str | None = None
    """The bundle and target that deploy it."""

    @property
    def table(self) -> TableName:
        return TableName.parse(self.table_name)

    @property
    def status(self) -> MonitorStatus:
        if self.job_id is None:
            return MonitorStatus.PENDING
        return MonitorStatus.ERROR if self.failure else MonitorStatus.ACTIVE

    @property
    def profile_table(self) -> TableName:
        return self._output("profile_metrics")

    @property
    def drift_table(self) -> TableName:
        return self._output("drift_metrics")

    @property
    def summary_table(self) -> TableName:
        """The mergeable summaries behind both."""
        return self._output("profile_summaries")

    def _output(self, suffix: str) -> TableName:
        schema = SchemaName.parse(self.settings.output_schema_name)
        return TableName(schema.catalog, schema.schema, f"{self.table.name}_{suffix}")


@dataclass(frozen=True, slots=True)
class MonitorStanding:
    """A monitor and how it stands."""

    monitor: Monitor
    latest: "Refresh | None" = None
    """Its newest refresh."""
    newest: int | None = None
    """Where the newest stretch begins of which it has seen rows."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, [start, end), in milliseconds since 1970-01-01 UTC."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Refresh:
    """One time that the metrics were brought up to date."""

    refresh_id: int
    monitor_id: str
    table_name: str
    state: RefreshState
    trigger: RefreshTrigger
    requested_by: str
    started_at: int
    ended_at: int | None = None
    message: str | None = None
    run_id: int | None = None
    backfill: Span | None = None
    """The stretch whose windows are computed anew, whatever has changed."""
    is_full: bool = False
    """Everything is computed anew."""
    result: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What it has done: windows, versions of the tables that it read and wrote."""
