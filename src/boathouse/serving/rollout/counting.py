"""What a canary and what it replaces have answered since a step began.

Workers count from their start on. Each look adds what has come since the one before, worker by worker; what was seen
and what was added are kept with the rollout, so that neither a worker nor a control plane that starts again loses more
than the time between two looks, or counts anything twice.

Both sides are counted over the same stretch of time. A step begins at the control plane, and the canary answers once
workers have loaded it; until then nothing is counted of what it replaces, which answers other callers at that hour.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS, Counts, WorkerCounts

_LATENCIES = len(LATENCY_BOUNDS_MS) + 1
_FIRST = 4
_BAD_REQUEST, _SERVER_ERROR = 400, 500

Vector = list[int]
"""Answers, errors, fallen, refused, the latency histogram, the histogram of predictions."""
Sides = Mapping[str, Iterable[str]]
"""``canary`` and ``replaced``: the entity ids of each."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one side has answered."""

    answers: int = 0
    """Without requests that were the caller's own fault."""
    errors: int = 0
    """Server errors."""
    fallen: int = 0
    """Answers that a rung below gave."""
    refused: int = 0
    """Requests that did not fit the model (400)."""
    latency: tuple[int, ...] = (0,) * _LATENCIES
    predictions: tuple[int, ...] = ()

    @property
    def bad(self) -> int:
        return self.errors + self.fallen


class Tallies:
    """Of one step of one rollout."""

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        """
        Args:
            kept: What ``to_json`` gave at the last look; None at the beginning of a step.
        """
        self._is_new = kept is None
        self._seen: dict[str, dict[str, Vector]] = dict(kept["seen"]) if kept else {}
        self._sums: dict[str, Vector] = dict(kept["sums"]) if kept else {}

    def look(self, workers: Sequence[WorkerCounts], endpoint_id: str, sides: Sides, *, since: int) -> bool:
        """Add what has come since the last look; whether anything has, which is then to be kept."""
        ids = {side: frozenset(entities) for side, entities in sides.items()}
        before = dict(self._seen)
        for worker in workers:
            key = f"{worker.pid}-{worker.started_at}"
            now = {side: _sum(worker, endpoint_id, entities, side) for side, entities in ids.items()}
            was = self._seen.get(key)
            if was is None and self._is_new and worker.started_at < since:
                was = now  # what it counted before the step began is not the step's
            for side, vector in now.items():
                added = _less(vector, (was or {}).get(side, []))
                self._sums[side] = _plus(self._sums.get(side, []), added)
            self._seen[key] = now
        if not any(self._sums.get("canary", ())):
            self._sums = {}  # the stretch over which both are compared begins when the canary does
        there = {f"{worker.pid}-{worker.started_at}" for worker in workers}
        self._seen = {key: seen for key, seen in self._seen.items() if key in there}
        changed = self._is_new or before != self._seen
        self._is_new = False
        return changed

    def of(self, side: str) -> Tally:
        vector = self._sums.get(side)
        if not vector:
            return Tally()
        answers, errors, fallen, refused = vector[:_FIRST]
        latency = tuple(vector[_FIRST : _FIRST + _LATENCIES])
        return Tally(answers, errors, fallen, refused, latency, tuple(vector[_FIRST + _LATENCIES :]))

    def to_json(self) -> dict[str, Any]:
        return {"seen": self._seen, "sums": self._sums}


def _sum(worker: WorkerCounts, endpoint_id: str, entities: frozenset[str], side: str) -> Vector:
    total: Vector = []
    for series, counts in worker.series.items():
        if series.endpoint_id != endpoint_id or series.entity_id not in entities or series.role == "shadow":
            continue
        if (series.role == "canary") == (side == "canary"):
            total = _plus(total, _vector(counts))
    return total


def _vector(counts: Counts) -> Vector:
    errors = sum(count for status, count in counts.by_status.items() if status >= _SERVER_ERROR)
    good = sum(count for status, count in counts.by_status.items() if status < _BAD_REQUEST)
    refused = counts.by_status.get(_BAD_REQUEST, 0)
    return [good + errors, errors, counts.fallen, refused, *counts.latency, *counts.predictions]


def _plus(left: Sequence[int], right: Sequence[int]) -> Vector:
    longer, shorter = (left, right) if len(left) >= len(right) else (right, left)
    return [value + (shorter[at] if at < len(shorter) else 0) for at, value in enumerate(longer)]


def _less(now: Sequence[int], was: Sequence[int]) -> Vector:
    """What was added; a counter is never less than it was, except that it began anew."""
    return [max(0, value - (was[at] if at < len(was) else 0)) for at, value in enumerate(now)]
