"""A rollout, its steps, and what is said of it at each look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from boathouse.serving.endpoints.policy import Canary


class RolloutState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    """The new version has all of its entity's traffic."""
    ABORTED = "aborted"
    """The old version has it back."""
    SUPERSEDED = "superseded"
    """The alias, or the configuration, went on to yet another version."""


class StepKind(StrEnum):
    BEGAN = "began"
    ADVANCED = "advanced"
    DONE = "done"
    ABORTED = "aborted"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Served:
    """Where a rollout happens."""

    endpoint_id: str
    endpoint: str
    entity: str
    """The name of the served entity."""
    model: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Stood:
    """What stands for a served entity: what a rollout comes from."""

    model: str
    version: int | None
    rejected: int | None = None
    """A version that was aborted; it is not tried again before the alias has left it."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """A version on its way to the traffic of a served entity."""

    rollout_id: str
    served: Served
    from_version: int
    to_version: int
    canary: Canary
    """The rules as they were when it began: they hold until its end."""
    state: RolloutState
    step: int
    """From 0; which of the canary's steps it stands at."""
    began_at: int
    """Milliseconds since 1970-01-01 UTC."""
    step_began_at: int
    begun_by: str
    revision: int = 0
    """Goes up with every change; whoever steps has seen the one before."""
    ended_at: int | None = None
    why: str | None = None
    """What the last look has said, or what ended it."""
    alias_is_due: bool = False
    """The abort has yet to move the alias back."""

    @property
    def percent(self) -> float:
        """The canary's share of what its entity gets."""
        match self.state:
            case RolloutState.RUNNING:
                return self.canary.steps[self.step] if self.step < len(self.canary.steps) else 100.0
            case RolloutState.DONE:
                return 100.0
            case _:
                return 0.0

    @property
    def next_percent(self) -> float:
        """What comes after this step; 100 is the end."""
        following = self.step + 1
        return self.canary.steps[following] if following < len(self.canary.steps) else 100.0


class Ruling(StrEnum):
    """What one rule says."""

    FINE = "fine"
    WAIT = "wait"
    """Too little is known, or it does not look good enough to go on."""
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule has found, with its numbers."""

    rule: str
    ruling: Ruling
    text: str
    value: float | None = None
    threshold: float | None = None
    rows: int = 0
    """What the value stands on."""
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Verdict:
    """All rules together: any abort aborts, any wait waits, otherwise it goes on."""

    findings: tuple[Finding, ...]

    @property
    def ruling(self) -> Ruling:
        rulings = {each.ruling for each in self.findings}
        return next((each for each in (Ruling.ABORT, Ruling.WAIT) if each in rulings), Ruling.FINE)

    @property
    def reasons(self) -> list[str]:
        """The sentences that decided."""
        return [each.text for each in self.findings if each.ruling is self.ruling]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that has happened to a rollout."""

    step_id: int
    rollout_id: str
    kind: StepKind
    at: int
    principal: str
    from_percent: float
    to_percent: float
    reason: str | None
    findings: tuple[Finding, ...] = ()
    evidence_id: str | None = None
    """The evaluation under which it stands in the model's evidence; None: not yet written."""
