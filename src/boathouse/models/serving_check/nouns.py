"""What is asked of a model that shall serve, and what was found."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

LIGHT_SECONDS = 4.0
"""How long a light check may take: a rollback waits for it."""


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """How thoroughly a model is checked."""

    light: bool = False
    """Whether it only has to load and to answer; no load, no bad payloads."""
    timeout_seconds: float = 120.0
    """The check, from when the model is asked for anything; whatever still runs then, loading included, is killed."""
    load_seconds: float = 1.0
    """How long the model is asked again and again, one request after the other."""
    minimum_requests: int = 1
    """Fewer say nothing: the model is asked longer for them, up to ten times as long, or 30 s."""
    maximum_requests: int = 2_000
    rows_per_request: int = 1
    warm_up_requests: int = 20
    payload: Path | None = None
    """A Parquet file with rows to ask, where the model brings no input example."""
    memory_limit_mb: float | None = None
    """The model's process is killed when it takes more."""

    @classmethod
    def for_rollback(cls, timeout_seconds: float = LIGHT_SECONDS) -> "CheckOptions":
        """Load and answer, at most so long."""
        return cls(light=True, timeout_seconds=timeout_seconds)


@dataclass(frozen=True, slots=True)
class Latency:
    """Times of single requests, within the process: what comes on top in serving is not in it."""

    requests: int
    p50_ms: float
    p99_ms: float
    mean_ms: float

    @property
    def requests_per_second(self) -> float:
        return 1000.0 / self.mean_ms if self.mean_ms else 0.0


@dataclass(frozen=True, slots=True)
class BadPayload:
    """A request that is wrong, and how the model took it."""

    what: str
    """``column dep_delay is missing``."""
    refused: bool
    clear: bool
    """Whether the error names the column."""
    said: str
    """The error, or the answer that it should not have given."""


@dataclass(frozen=True, slots=True)
class ServingCheck:
    """What was found. Whatever is wrong is a problem; nothing raises."""

    problems: tuple[str, ...] = ()
    light: bool = False
    environment: str = ""
    """``platform``, or the key of the environment that was built for its requirements."""
    loaded: bool = False
    load_seconds: float | None = None
    has_signature: bool | None = None
    payload: str | None = None
    """What it was asked: ``input example``, ``evaluation rows``."""
    answered_rows: int = 0
    latency: Latency | None = None
    peak_memory_mb: float | None = None
    bad_payloads: tuple[BadPayload, ...] = ()
    log: str = ""
    """The end of what its process wrote."""
    versions: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def passed(self) -> bool:
        return not self.problems

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=2)

    @classmethod
    def from_json(cls, text: str | bytes) -> "ServingCheck":
        found: dict[str, Any] = json.loads(text)
        latency = found.get("latency")
        found["problems"] = tuple(found.get("problems", ()))
        found["latency"] = Latency(**latency) if latency else None
        found["bad_payloads"] = tuple(BadPayload(**each) for each in found.get("bad_payloads", ()))
        return cls(**found)
