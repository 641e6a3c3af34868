"""A rollback, or the exercise of one."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where production points, and where a rollback would go."""

    alias: str
    current: int | None
    """None: the alias points nowhere."""
    earlier: tuple[int, ...]
    """The champions before this one that are still there, the last first; a rollback takes the first that answers."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """Production went back to an earlier version, or would have."""

    rollback_id: int
    model: str
    alias: str
    from_version: int | None
    to_version: int | None
    is_drill: bool
    """A drill takes every step but the last: the alias stays."""
    principal: str
    reason: str | None
    began_at: int
    """Milliseconds since 1970-01-01 UTC."""
    took_ms: int
    problem: str | None = None
    """Why it did not succeed."""
    details: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the serving check of each version that was tried has found."""

    @property
    def succeeded(self) -> bool:
        return self.problem is None
