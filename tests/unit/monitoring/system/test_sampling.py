"""Figures of each minute: counted once, whoever dies or starts again, and seen by who may."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.models.ground import Ground, new_ground

from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.principals import SYSTEM
from boathouse.jobs import Jobs, read_job
from boathouse.jobs.records import State
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.monitoring.system.components import looked_at, of_data_plane, of_database, of_mlflow
from boathouse.monitoring.system.counting import added_since
from boathouse.monitoring.system.nouns import ComponentFigures
from boathouse.monitoring.system.prometheus import ControlPlaneMetrics
from boathouse.monitoring.system.sampling import Sampler, Sources
from boathouse.monitoring.system.system_tables import SystemFigures
from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS, Counts, Series, WorkerCounts

SERIES = Series("e1", "v1", "primary")
JOB: dict[str, Any] = {
    "name": "load",
    "tasks": [{"task_key": "t", "python_wheel_task": {"package_name": "x", "entry_point": "y"}}],
}


def counts(answers: int, errors: int = 0, bucket: int = 4) -> Counts:
    latency = [0] * (len(LATENCY_BOUNDS_MS) + 1)
    latency[bucket] = answers + errors
    return Counts({200: answers, 500: errors}, 0, tuple(latency), 2.0 * (answers + errors), answers, ())


def worker(pid: int, *answers: int, started_at: int = 1, is_alive: bool = True, **more: Any) -> WorkerCounts:
    return WorkerCounts(pid, started_at, {SERIES: counts(*answers)}, 3, 0, is_alive, **more)


@dataclass
class Desk(Ground):
    workers: list[WorkerCounts] = field(default_factory=list[WorkerCounts])
    sampler: Sampler = None  # type: ignore[assignment]

    def take(self, **span: float) -> bool:
        self.clock.advance(timedelta(**span))
        return self.sampler.look()

    def endpoint_rows(self) -> list[dict[str, Any]]:
        return list(SystemFigures(self.database, self.catalog).endpoints(SYSTEM))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with new_ground(tmp_path) as ground:
        made = Desk(**vars(ground))
        made.sampler = Sampler(sources(made))
        yield made


def sources(desk: Desk) -> Sources:
    looks = [of_database(desk.database), of_data_plane(lambda: desk.workers)]
    return Sources(desk.database, lambda: desk.workers, lambda: {"e1": "delays"}, looks, desk.clock)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9), st.booleans()), min_size=1, max_size=15))
def test_sums_of_minutes_are_what_workers_counted_whenever_they_begin_again(
    minutes: list[tuple[int, int, bool]],
) -> None:
    answered = failed = seen_answers = seen_errors = 0
    life, total, errors = 1, 0, 0
    _, seen = added_since([worker(1, 0, 0)], None)
    for more, bad, is_new_life in minutes:
        if is_new_life:
            life, total, errors = life + 1, 0, 0
        total, errors, answered, failed = total + more, errors + bad, answered + more, failed + bad
        found, seen = added_since([worker(1, total, errors, started_at=life)], seen)
        each = found.get(SERIES)
        seen_answers += each.requests - each.errors if each else 0
        seen_errors += each.errors if each else 0
    assert (seen_answers, seen_errors) == (answered, failed)


def test_each_minute_is_a_row_and_a_control_plane_that_starts_again_counts_nothing_twice(desk: Desk) -> None:
    desk.workers = [worker(1, 5)]
    assert desk.take(seconds=5)
    assert not desk.take(seconds=5), "the minute is not over"
    desk.workers = [worker(1, 25, 5), worker(2, 10)]
    desk.sampler = Sampler(sources(desk))
    assert desk.take(minutes=1)
    assert desk.take(minutes=1)

    (row,) = desk.endpoint_rows()
    assert (row["endpoint_name"], row["requests"], row["errors"], row["rows"]) == ("delays", 35, 5, 30)
    assert (row["window_end"] - row["window_start"]) == timedelta(minutes=1)
    assert row["latency_mean_ms"] == 2.0
    assert LATENCY_BOUNDS_MS[3] < row["latency_p50_ms"] <= row["latency_p99_ms"] <= LATENCY_BOUNDS_MS[4]


def test_a_clock_that_was_put_back_begins_anew(desk: Desk) -> None:
    desk.take(days=2)
    assert desk.take(days=-1)
    desk.workers = [worker(1, 7)]
    assert desk.take(minutes=1)
    assert [row["requests"] for row in desk.endpoint_rows()] == [7]


def test_what_is_too_old_is_forgotten(desk: Desk) -> None:
    figures = SystemFigures(desk.database, desk.catalog)
    desk.take(minutes=1)
    desk.take(days=15)
    assert len({row["window_end"] for row in figures.components(SYSTEM)}) == 1


def test_jobs_tell_what_ended_and_what_is_open(desk: Desk) -> None:
    jobs, runs = Jobs(desk.database, desk.catalog, desk.home, desk.clock), RunRepository(desk.database)
    job_id = jobs.create(desk.ada, read_job(JOB))
    desk.take(minutes=1)
    first = jobs.run_now(desk.ada, job_id)
    desk.clock.advance(timedelta(seconds=10))
    runs.claim("w", 10)
    runs.start(first, "w", epoch_ms(desk.clock.now()))
    desk.clock.advance(timedelta(seconds=20))
    over = State(LifeCycleState.TERMINATED, ResultState.SUCCESS)
    runs.finish(first, "w", over, epoch_ms(desk.clock.now()))
    jobs.run_now(desk.ada, job_id)
    desk.take(minutes=1)

    figures = SystemFigures(desk.database, desk.catalog)
    row = list(figures.jobs(SYSTEM))[-1]
    assert (row["job_name"], row["succeeded"], row["queued"]) == ("load", 1, 1)
    assert (row["waited_ms"], row["took_ms"], row["longest_ms"]) == (10_000, 20_000, 20_000)
    stranger = desk.person("sam", privilege=None)
    assert list(figures.jobs(stranger)) == []
    assert len(list(figures.components(stranger))) > 0

    metrics = ControlPlaneMetrics(desk.database, desk.catalog, [of_database(desk.database)])
    assert (
        f'boathouse_job_runs_kept{{job="load",job_id="{job_id}",result="succeeded"}} 1.0'
        in metrics.text(SYSTEM).decode()
    )
    text = metrics.text(stranger).decode()
    assert 'boathouse_up{component="database",kind="database"} 1.0' in text
    assert "load" not in text


def test_parts_that_do_not_answer_are_rows() -> None:
    broken = looked_at(
        [of_mlflow(lambda: "failed: no database"), of_data_plane(lambda: [worker(1, 1, is_alive=False)])]
    )
    assert broken == [
        ComponentFigures("mlflow", "mlflow", False, "failed: no database"),
        ComponentFigures("data_plane", "data_plane", False, "no worker is alive", waiting=0),
    ]


def test_without_a_data_plane_none_is_missed() -> None:
    assert looked_at([of_data_plane(list)]) == []
