"""A new run as soon as the last one has ended. After failures it waits, longer each time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from boathouse.foundation.clock import epoch_ms
from boathouse.jobs.records import Run
from boathouse.jobs.starting.starters import Fire, Starter, Verdict
from boathouse.jobs.states import ResultState

LOOK_AGAIN_MS = 1000
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 10_000, 3_600_000
"""Between a failed run and the next: doubled with each failure in a row, up to an hour."""
_LOOKED_AT = 10
_FAILED = (ResultState.FAILED, ResultState.TIMEDOUT, ResultState.MAXIMUM_CONCURRENT_RUNS_REACHED)


class LatestRuns(Protocol):
    def list(self, *, job_ids: Sequence[int], limit: int) -> Sequence[Run]: ...


class ContinuousTrigger:
    """Keeps one run of the job going."""

    def __init__(self, runs: LatestRuns) -> None:
        self._runs = runs

    def look(self, starter: Starter, now: datetime) -> Verdict:
        latest = self._runs.list(job_ids=[starter.job_id], limit=_LOOKED_AT)
        if any(not run.state.life_cycle.is_final for run in latest):
            return Verdict(due_at=epoch_ms(now) + LOOK_AGAIN_MS)
        ready_at = _ready_at(latest, starter.since)
        if ready_at > epoch_ms(now):
            return Verdict(due_at=ready_at)
        before = latest[0].run_id if latest else 0
        fire = Fire(f"continuous:{starter.job_id}:{before}", "CONTINUOUS", {"time_ms": epoch_ms(now)})
        return Verdict(due_at=epoch_ms(now) + LOOK_AGAIN_MS, fires=(fire,))


def _ready_at(latest: Sequence[Run], since: int) -> int:
    failures = 0
    for run in latest:
        if run.state.result not in _FAILED or (run.ended_at or 0) < since:
            break
        failures += 1
    if not failures:
        return 0
    return (latest[0].ended_at or 0) + min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1))
