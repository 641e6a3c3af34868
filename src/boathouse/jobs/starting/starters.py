"""The nouns: what starts a job's runs, what it remembers, and what a look at it comes to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from boathouse.jobs.settings import JobSettings, PauseStatus


class StarterKind(StrEnum):
    """The ways to start runs, by the field of the job that says them."""

    SCHEDULE = "schedule"
    CONTINUOUS = "continuous"
    PERIODIC = "periodic"
    FILE_ARRIVAL = "file_arrival"
    TABLE_UPDATE = "table_update"
    MODEL = "model"
    JOB_COMPLETION = "job_completion"
    CATALOG_EVENT = "catalog_event"
    EVENT = "event"


POLLED = frozenset({StarterKind.FILE_ARRIVAL, StarterKind.TABLE_UPDATE})
"""Nobody tells us: we have to look."""

BY_EVENT = frozenset({StarterKind.MODEL, StarterKind.JOB_COMPLETION, StarterKind.CATALOG_EVENT, StarterKind.EVENT})
"""Told by what is written down anyway: the audit log, the platform's events, and the end of a run."""


@dataclass(frozen=True, slots=True)
class StarterDefinition:
    """What a job says about its starter."""

    kind: StarterKind
    details: Mapping[str, Any]
    is_paused: bool

    @property
    def text(self) -> str:
        return json.dumps(self.details, sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Starter:
    """What starts the runs of one job, as it stands."""

    job_id: int
    run_as: str
    """Name of the principal whose rights the job has."""
    kind: StarterKind
    details: Mapping[str, Any]
    is_paused: bool
    revision: int
    since: int
    """What happened before is not its business."""
    due_at: int | None
    memory: Mapping[str, Any]
    """What it has seen; each kind has its own."""
    fires: int = 0
    last_fired_at: int | None = None
    last_run_id: int | None = None
    missed: int = 0
    last_missed_at: int | None = None
    problem: str | None = None
    problem_since: int | None = None


@dataclass(frozen=True, slots=True)
class Fire:
    """A run that shall start."""

    token: str
    """What it is for; no second run is ever made for the same."""
    trigger: str
    """As the Jobs API calls it: ``PERIODIC``, ``FILE_ARRIVAL``..."""
    info: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the run can ask about its start: ``{{job.trigger.*}}``."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at a starter comes to."""

    due_at: int | None = None
    """When to look again; None: when something happens."""
    fires: tuple[Fire, ...] = ()
    memory: Mapping[str, Any] | None = None
    """None: as before."""
    problem: str | None = None
    """Why it cannot work at present."""
    missed: int = 0
    missed_at: int | None = None
    events_upto: int | None = None
    """The last event that it has dealt with."""
    files_seen: tuple[str, ...] = ()
    files_gone: tuple[str, ...] = ()

    def changes(self, starter: Starter) -> bool:
        """Whether anything of it has to be written down."""
        return bool(
            self.fires
            or self.missed
            or self.files_seen
            or self.files_gone
            or self.events_upto is not None
            or self.due_at != starter.due_at
            or self.problem != starter.problem
            or (self.memory is not None and self.memory != starter.memory)
        )


class Trigger(Protocol):
    """One way to start runs."""

    def look(self, starter: Starter, now: datetime) -> Verdict:
        """What is to be done at ``now``."""
        ...


def definition_of(settings: JobSettings) -> StarterDefinition | None:
    """What the settings say about starting runs; None: people and programs start them."""
    if settings.schedule is not None:
        return _definition(StarterKind.SCHEDULE, settings.schedule)
    if settings.continuous is not None:
        return _definition(StarterKind.CONTINUOUS, settings.continuous)
    if settings.trigger is None:
        return None
    for kind in StarterKind:
        details = getattr(settings.trigger, kind.value, None)
        if details is not None:
            is_paused = settings.trigger.pause_status is PauseStatus.PAUSED
            return StarterDefinition(kind, details.model_dump(mode="json"), is_paused)
    return None


def _definition(kind: StarterKind, said: Any) -> StarterDefinition:
    details = said.model_dump(mode="json", exclude={"pause_status"}, exclude_none=True)
    return StarterDefinition(kind, details, said.pause_status is PauseStatus.PAUSED)
