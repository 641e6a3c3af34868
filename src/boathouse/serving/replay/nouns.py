"""A request that was answered, and what comes out when it is answered again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CannotReplay(Exception):
    """Why a request cannot be answered again."""


@dataclass(frozen=True, slots=True)
class Captured:
    """A request as it stands in an inference table."""

    request_id: str
    endpoint: str
    request_time: datetime
    status: int
    content_type: str
    request: str | None
    response: str | None
    features: str | None
    model: str | None
    version: int | None
    model_files: str | None
    """The digest of the model's files when it answered."""
    environment: str | None
    route: str
    rung: str | None
    masked: tuple[str, ...] = ()
    error_codes: tuple[str, ...] = ()
    rung_details: str | None = None
    """Which constant or function answered, as JSON."""
    rows: int | None = None


class Verdict(StrEnum):
    EQUAL = "equal"
    DIFFERS = "differs"
    IMPOSSIBLE = "impossible"
    """It cannot be answered again; the reason says why."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the answers differ."""

    output: str
    """``row 0``, ``row 3, probability``."""
    then: str
    now: str
    apart: float | None = None
    """Of numbers: how far."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of answering a request again."""

    request_id: str
    endpoint: str
    verdict: Verdict
    model: str | None = None
    version: int | None = None
    rung: str | None = None
    """Which rung answered, if not the routed version."""
    reason: str | None = None
    differences: tuple[Difference, ...] = ()
    """The first of them."""
    differing: int = 0
    """How many there are."""
    notes: tuple[str, ...] = ()
    """What else is not as it was: files of the model, libraries."""
