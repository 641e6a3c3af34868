"""Counters and histograms, as they are read. Cumulative since the worker began; readers take differences."""

from collections.abc import Mapping
from dataclasses import dataclass

LATENCY_BOUNDS_MS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)
"""Upper bounds of the latency histogram's buckets; one more bucket holds the rest."""


@dataclass(frozen=True, slots=True)
class Series:
    """What is counted apart."""

    endpoint_id: str
    entity_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one series."""

    by_status: Mapping[int, int]
    fallen: int
    """Answers of a rung below."""
    latency: tuple[int, ...]
    """By bucket."""
    latency_sum_ms: float
    rows: int
    predictions: tuple[int, ...]
    """Histogram of predictions in the buckets of ``telemetry.reading.read_bounds``; zeros until those are known."""


@dataclass(frozen=True, slots=True)
class WorkerCounts:
    """What one worker has counted."""

    pid: int
    started_at: int
    """Milliseconds since 1970-01-01 UTC; another start begins from zero."""
    series: Mapping[Series, Counts]
    waiting: int
    journal_bytes: int
    is_alive: bool
    under_way: int = 0
    heartbeat_at: int = 0
    """When it last said that it is not stuck."""
    generation: int = 0
    """Of the snapshot that it answers by."""
    is_capture_degraded: bool = False
    shadows_dropped: int = 0
    """Requests that no shadow saw, because the worker had no time for it."""


@dataclass(frozen=True, slots=True)
class PredictionBuckets:
    """What the buckets of an endpoint's predictions are: either numbers or labels; the one after the last takes the
    rest."""

    numbers: tuple[float, ...] = ()
    """Upper bounds."""
    labels: tuple[float | str, ...] = ()
