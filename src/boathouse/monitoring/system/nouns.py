"""The nouns: what a job and what a part did in a stretch of time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobFigures:
    """Runs of one job: those that ended in the stretch, and those that are open at its end."""

    job_id: int
    name: str | None
    queued: int = 0
    under_way: int = 0
    succeeded: int = 0
    failed: int = 0
    otherwise: int = 0
    """Cancelled, skipped, timed out."""
    waited_ms: int = 0
    """From being asked for to the start, of those that ended, together."""
    took_ms: int = 0
    longest_ms: int = 0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ComponentFigures:
    """One part of the platform."""

    component: str
    kind: str
    """``database``, ``mlflow``, ``control_plane``, ``job_worker``, ``serving_worker``, ``data_plane``."""
    is_healthy: bool
    message: str | None = None
    answer_ms: float | None = None
    """How long it took to answer a question that costs nothing."""
    cpu_seconds: float | None = None
    """Since its process began."""
    memory_bytes: int | None = None
    waiting: int | None = None
    """What waits for it: requests, tasks."""
