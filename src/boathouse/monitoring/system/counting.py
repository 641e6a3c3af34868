"""What the data plane's workers have counted since the last look: pure. Counters begin at nought with each life of a
worker, so differences are taken worker by worker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS, Counts, Series, WorkerCounts

_BAD_REQUEST, _SERVER_ERROR = 400, 500
_LATENCIES = len(LATENCY_BOUNDS_MS) + 1
_PLAIN = 6

Vector = list[float]
"""Requests, errors, refused, fallen, rows, the sum of latencies, the histogram of latencies."""
Seen = Mapping[str, Mapping[str, Vector]]
"""By life of a worker, by series: what was counted at the last look."""


@dataclass(frozen=True, slots=True)
class Added:
    """What one series has answered."""

    requests: int
    errors: int
    """Server errors."""
    refused: int
    """What was the caller's fault."""
    fallen: int
    """Answers of a rung below."""
    rows: int
    latency_sum_ms: float
    latency: tuple[int, ...]
    """By bucket of ``LATENCY_BOUNDS_MS``."""


def added_since(
    workers: Sequence[WorkerCounts], seen: Seen | None
) -> tuple[dict[Series, Added], dict[str, dict[str, Vector]]]:
    """What has come since, by series, and what is seen now.

    Args:
        seen: None at the very first look: what was counted before anybody looked belongs to no minute.
    """
    found: dict[Series, Vector] = {}
    now: dict[str, dict[str, Vector]] = {}
    for worker in workers:
        life = f"{worker.pid}-{worker.started_at}"
        now[life] = {}
        for series, counts in worker.series.items():
            key, vector = "|".join((series.endpoint_id, series.entity_id, series.role)), _vector(counts)
            now[life][key] = vector
            if seen is None:
                continue
            was = seen.get(life, {}).get(key, [])
            more = [max(0.0, value - (was[at] if at < len(was) else 0.0)) for at, value in enumerate(vector)]
            found[series] = (
                [one + two for one, two in zip(found[series], more, strict=True)] if series in found else more
            )
    return {series: _added(vector) for series, vector in found.items() if any(vector)}, now


def _vector(counts: Counts) -> Vector:
    total = sum(counts.by_status.values())
    errors = sum(count for status, count in counts.by_status.items() if status >= _SERVER_ERROR)
    refused = sum(count for status, count in counts.by_status.items() if _BAD_REQUEST <= status < _SERVER_ERROR)
    return [total, errors, refused, counts.fallen, counts.rows, counts.latency_sum_ms, *counts.latency]


def _added(vector: Vector) -> Added:
    requests, errors, refused, fallen, rows = (int(value) for value in vector[: _PLAIN - 1])
    latency = tuple(int(value) for value in vector[_PLAIN : _PLAIN + _LATENCIES])
    return Added(requests, errors, refused, fallen, rows, vector[_PLAIN - 1], latency)


def seen_of(document: Any) -> dict[str, dict[str, Vector]] | None:
    """What was kept of the last look."""
    return document if isinstance(document, dict) else None  # pyright: ignore[reportUnknownVariableType]
