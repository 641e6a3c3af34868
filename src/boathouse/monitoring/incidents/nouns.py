"""What incidents are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from boathouse.monitoring.alerts.rules import Severity
from boathouse.monitoring.incidents.playbook import Playbook, PlaybookStep


@dataclass(frozen=True, slots=True)
class KeptPlaybook:
    """A playbook as it is in force, or was."""

    name: str
    playbook: Playbook
    revision: int
    principal: str
    """Who has put it: with whose rights its steps are done."""
    valid_from: int
    valid_to: int | None
    job_id: int | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that is, or was, wrong. Instants are milliseconds since 1970-01-01 UTC."""

    number: int
    title: str
    subject: str
    """What it is about: a table, or what an event happened to."""
    is_table: bool
    severity: Severity
    owner: str
    alert: str | None
    """The name of the alert that has opened it."""
    opened_at: int
    opened_by: str
    window: tuple[int, int] | None = None
    """The first window that was wrong, in the data's own time."""
    closed_at: int | None = None
    closed_by: str | None = None
    resolution: str | None = None
    playbook: str | None = None
    playbook_revision: int | None = None
    run_id: int | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class EntryKind(StrEnum):
    OPENED = "opened"
    ALERT = "alert"
    CHANGE = "change"
    """Something had changed before it broke."""
    NOTE = "note"
    ASSIGNED = "assigned"
    PLAYBOOK = "playbook"
    STEP = "step"
    APPROVAL = "approval"
    REVIEW = "review"
    """Somebody wrote the review; its text stands in the data."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timeline."""

    sequence: int
    number: int
    at: int
    kind: EntryKind
    text: str
    principal: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a principal may do about an incident as it stands."""

    decide: bool = False
    """Assign it, close it, write its review."""
    start: bool = False
    resume: bool = False
    approve: frozenset[int] = frozenset()
    """The steps that wait for somebody like them."""


class StepState(StrEnum):
    WAITING = "WAITING"
    AWAITS_APPROVAL = "AWAITS_APPROVAL"
    BEGUN = "BEGUN"
    """It is being done, or whoever did it died over it: it is done again, and nothing twice."""
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an incident's playbook, and how far it is."""

    number: int
    position: int
    step: PlaybookStep
    state: StepState
    detail: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What was there before it began, so that a second attempt knows what the first has done."""
    begun_at: int | None = None
    done_at: int | None = None
    attempts: int = 0
    approved_by: str | None = None
    approved_at: int | None = None

    @property
    def is_approved(self) -> bool:
        return self.step.approval is None or self.approved_by is not None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that had changed before an incident began, and how likely it is the reason."""

    at: int
    kind: str
    subject: str
    text: str
    principal: str
    hops: int
    """Steps of lineage between it and what broke."""
    likelihood: float
    """Between 0 and 1; only good for comparing."""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
