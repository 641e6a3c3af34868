"""What was read online, and how it compares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AskedRow:
    """One row of a request, with the features that it was answered with."""

    request_id: str
    row: int
    at: datetime
    inputs: Mapping[str, Any]
    """What the caller has sent: keys among them, and features that it brought itself."""
    values: Mapping[str, Any]
    """By feature: what was read."""
    events: Mapping[str, int | None]
    """By feature: of when that was, in microseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose features these are."""

    endpoint: str
    entity_id: str | None
    model: str
    version: int


@dataclass(slots=True)
class FeatureSkew:
    """How one feature compares."""

    feature: str
    table: str
    """Where it is looked up; of a computed one the function."""
    rows: int = 0
    mismatches: int = 0
    """Differences that nothing explains."""
    late: int = 0
    """Differences because the newer value had not been published yet: it was read as it was a little earlier."""
    corrected: int = 0
    """Values that were right then and have been changed in the table since; no difference."""
    examples: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])

    @property
    def rate(self) -> float:
        return self.mismatches / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Skew:
    """One measurement of one entity."""

    subject: Subject
    measured_at: datetime
    window_start: datetime
    window_end: datetime
    features: tuple[FeatureSkew, ...]
    left_out: int = 0
    """Rows that could not be measured: their keys are masked, or their text was not kept."""
    problem: str | None = None
    """Why nothing could be measured: the version was deleted, and its recipe with it."""
