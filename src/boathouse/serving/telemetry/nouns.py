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
    """Histogram of numeric predictions between the bounds of ``prediction_bounds``; of classes one bucket each."""


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
