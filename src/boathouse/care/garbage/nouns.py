"""Nouns of collecting garbage."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol


class Kind(StrEnum):
    """What kind of thing nothing refers to; the words of ``--only``."""

    RUNS = "runs"
    """Runs of MLflow that were deleted, with their artifacts."""
    MODELS = "models"
    """Logged models that were deleted, or whose run was, and that no version points to."""
    EXPERIMENTS = "experiments"
    """Deleted experiments with nothing left in them."""
    ARTIFACTS = "artifacts"
    """Folders of artifacts that belong to no run, model or trace."""
    TABLES = "tables"
    """Files of tables that are in no version that is kept."""
    VERSIONS = "versions"
    """Log entries of tables: versions that are too old to be read, and that nothing has pinned."""
    DROPPED = "dropped"
    """Folders of dropped tables and volumes, and of tables that never got their name."""
    BUNDLES = "bundles"
    """Deployed code that no deployment, job, run or model version goes back to."""
    LEFTOVERS = "leftovers"
    """Halves of uploads, drafts and trash that a process left when it died."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """One thing that nothing refers to."""

    kind: Kind
    what: str
    """How people know it: an id, a table's name, a path below the home."""
    why: str
    bytes: int
    files: int = 0
    handle: str = field(default="", repr=False, compare=False)
    """What its collector knows it by."""
    is_removed: bool | None = None
    """None: nobody has tried."""

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "what": self.what,
            "why": self.why,
            "bytes": self.bytes,
            "files": self.files,
            "is_removed": self.is_removed,
        }


class Collector(Protocol):
    """Knows one kind of thing: what of it is garbage, and how to take it away."""

    @property
    def kind(self) -> Kind: ...

    def find(self, before: int) -> Iterable[Garbage]:
        """What nothing refers to, and has not been touched since ``before`` (epoch milliseconds)."""
        ...

    def remove(self, item: Garbage, before: int) -> bool:
        """Take it away if it is still garbage; what has gone meanwhile is gone. False: it is needed again."""
        ...


SHORTEST = timedelta(hours=1)
"""What is younger may be in the making."""
USUAL = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Request:
    """What shall be looked for."""

    is_dry_run: bool = True
    older_than: timedelta = USUAL
    kinds: frozenset[Kind] = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of one kind."""

    count: int = 0
    files: int = 0
    bytes: int = 0
    removed: int = 0
    kept: int = 0
    """Found, but needed again when it was to be removed, or impossible to remove."""

    def plus(self, item: Garbage) -> "Total":
        return Total(
            self.count + 1,
            self.files + item.files,
            self.bytes + item.bytes,
            self.removed + (item.is_removed is True),
            self.kept + (item.is_removed is False),
        )

    def to_json(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Pass:
    """One look through everything."""

    id: str
    principal: str
    request: Request
    started_at: int
    ended_at: int | None = None
    at_work_on: Kind | None = None
    totals: dict[Kind, Total] = field(default_factory=dict[Kind, Total])
    error: str | None = None
