"""What rooms tell of a model's life. Whoever can tell nothing says so by None, which is no answer, never a good one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from boathouse.monitoring.maturity.findings import Finding


@dataclass(frozen=True, slots=True)
class Version:
    """A version, and how it came to be as the server wrote it down."""

    number: int
    run_id: str | None = None
    commit: str | None = None
    is_dirty: bool | None = None
    """Whether there were changes that were not committed."""
    tables: tuple[str, ...] = ()
    """What it was trained on: ``prod.flights.weather@12``."""
    has_lock: bool = False
    """Whether the lock of its run's environment was kept."""
    job: str | None = None
    """The job that trained it."""
    trigger: str | None = None
    """What started that job's run: ``PERIODIC``, ``TABLE`` ..., ``ONE_TIME`` for a person or a program."""
    has_signature: bool | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A version that went through its gates."""

    version: int
    at: int
    blocked_by: tuple[str, ...]
    """The gates that failed, and so kept it from production; one that could measure nothing has found nothing bad."""


@dataclass(frozen=True, slots=True)
class Move:
    """The production alias came to point at a version."""

    version: int
    at: int
    is_decided: bool
    """By a decision over evidence, not by hand."""
    approvals: int | None = None
    """Signatures that a promotion rested on; None: it was none."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """A rollback, or the drill of one."""

    at: int
    is_drill: bool
    took_ms: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """A version was trained again and compared."""

    version: int
    at: int
    status: str
    """``equal``, ``differs``, ``failed``."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The deployment that brought the code that trained a version."""

    what: str
    """``bundle/target``."""
    at: int
    principal: str
    is_program: bool
    """Whether a service principal did it: a pipeline, not a person."""
    commit: str | None = None
    is_dirty: bool | None = None


class Facts(Protocol):
    """One model's life."""

    @property
    def model(self) -> str: ...

    def subject(self) -> Version | None:
        """The version in production, else the newest; None: there is none."""
        ...

    def recent(self) -> Sequence[Version]:
        """The last few versions, newest first."""
        ...

    def judged(self) -> Sequence[Judged]:
        """Newest first."""
        ...

    def production(self) -> Sequence[Move]:
        """How production came to be what it is, newest first."""
        ...

    def exercises(self) -> Sequence[Exercise]:
        """Newest first."""
        ...

    def repeated(self) -> Sequence[Repeated]:
        """Newest first."""
        ...

    def deployed(self) -> Deployed | None:
        """Of the subject's code."""
        ...

    def reported(self, practice: str) -> Finding | None:
        """What a room says of a practice that only it can judge; None: there is no such room."""
        ...
