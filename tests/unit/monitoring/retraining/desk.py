"""A model with a loop: real jobs that run nowhere, real rows, a clock moved by hand, a world that a test describes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.models.ground import MODEL, Ground

from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.jobs import Jobs
from boathouse.jobs.records import Attempt, Outcome, Run, State
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.rows import ended, task_columns
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.models.requirements import Requirements
from boathouse.monitoring.retraining import repository as rows
from boathouse.monitoring.retraining.candidates import Judged
from boathouse.monitoring.retraining.loop import Retraining
from boathouse.monitoring.retraining.nouns import Decision
from boathouse.monitoring.retraining.nouns import State as Stage
from boathouse.monitoring.retraining.policy import RetrainingPolicy
from boathouse.monitoring.retraining.trainings import TrainingRuns
from boathouse.monitoring.retraining.triggers.contract import Champion, Figure, MetricQuestion, SeenTable

TRAINING: dict[str, Any] = {
    "name": "training",
    "tasks": [{"task_key": "train", "python_wheel_task": {"package_name": "x", "entry_point": "y"}}],
    "parameters": [{"name": "as_of", "default": ""}, {"name": "size", "default": "full"}],
}


@dataclass
class World:
    """What there is to be seen."""

    tables: dict[str, SeenTable] = field(default_factory=dict[str, SeenTable])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    seen: dict[str, Sequence[Figure]] = field(default_factory=dict[str, Sequence[Figure]])
    in_production: Champion | None = None
    questions: list[MetricQuestion] = field(default_factory=list[MetricQuestion])

    def table(self, principal: Principal, name: str) -> SeenTable:
        if name not in self.tables:
            raise NotFound(f"Table {name} was not found.")
        return self.tables[name]

    def count(self, principal: Principal, name: str) -> int:
        return self.counts[name]

    def figures(self, principal: Principal, question: MetricQuestion) -> Sequence[Figure]:
        self.questions.append(question)
        place = f"{question.table}_{'drift' if question.is_drift else 'profile'}_metrics"
        if place not in self.seen:
            raise NotFound(f"Table {place} was not found.")
        found = self.seen[place]
        return [each for each in found if question.until is None or each.window_end <= question.until]

    def champion(self, model: str) -> Champion | None:
        return self.in_production


@dataclass
class Lineup:
    """Which versions there are, and what their gates say."""

    world: World
    runs: TrainingRuns
    are_known: bool = True
    asked: Requirements | None = None
    made: dict[int, int] = field(default_factory=dict[int, int])
    """Version by the run that made it."""
    standings: dict[int, Judged] = field(default_factory=dict[int, Judged])

    def requirements(self, model: str) -> Requirements | None:
        return self.asked

    def champion(self, model: str) -> Champion | None:
        return self.world.in_production

    def made_by(self, model: str, run_id: int) -> int | None:
        return self.made.get(run_id)

    def judged(self, model: str, version: int) -> Judged:
        return self.standings.get(version, Judged(Stage.JUDGING, "Not yet."))


@dataclass
class Desk(Ground):
    """Everything that retraining has to do with."""

    jobs: Jobs
    world: World
    lineup: Lineup
    loop: Retraining
    job_id: int = 0

    def put(self, by: Principal | None = None, **said: Any) -> None:
        brakes = {"benefit": {"method": "none"}, **said.pop("brakes", {})}
        policy = RetrainingPolicy.model_validate({"job": "training", "brakes": brakes, **said})
        self.loop.book.put(by or self.ada, MODEL, policy)

    def decisions(self) -> list[Decision]:
        """Oldest first."""
        with self.database.read() as connection:
            return rows.decisions(connection, str(MODEL), 1000)[::-1]

    def happen(self, type: EventType, subject: str, **data: Any) -> None:
        with self.database.write() as connection:
            events.write(connection, [NewEvent(type, subject, SYSTEM.name, data)], epoch_ms(self.clock.now()))

    def told(self) -> list[Mapping[str, Any]]:
        """What the platform heard of decisions, oldest first."""
        found = events.after(self.database, 0, 1000)
        return [each.data for each in found if each.type == EventType.RETRAINING_DECIDED]

    def pass_by(self, **span: float) -> None:
        self.clock.advance(timedelta(**span))

    def round(self) -> None:
        """Some rounds of the loop, at one instant of the clock but for the pauses between steps."""
        self.loop._poll_at = 0.0  # type: ignore[attr-defined]  # every round polls
        self.loop.round()
        self.pass_by(seconds=2)

    def job_runs(self) -> list[Run]:
        """Oldest first."""
        return [self.jobs.get_run(SYSTEM, each.run_id) for each in self.jobs.list_runs(SYSTEM)][::-1]

    def end(self, run_id: int, result: ResultState = ResultState.SUCCESS, **values: Any) -> None:
        """Let a run end as a worker would; its last task leaves the values."""
        runs, now = RunRepository(self.database), epoch_ms(self.clock.now())
        runs.claim("w", 10)
        runs.start(run_id, "w", now)
        found = runs.find(run_id)
        assert found is not None
        for task in found.tasks:
            attempt = Attempt(task.task_run_id, task.attempt, "w", now)
            runs.begin_attempt(attempt, environment_key=None, setup_ms=1)
            self.leave(task.task_run_id, values)
            over = Attempt(task.task_run_id, task.attempt, "w", now, ended_at=now, result=result, exit_code=0)
            columns = task_columns(ended(Outcome(result)), ended_at=now, execution_ms=1)
            runs.end_attempt(over, {**columns, "cpu_seconds": 1800.0}, "w")
        life = LifeCycleState.TERMINATED if result is ResultState.SUCCESS else LifeCycleState.INTERNAL_ERROR
        runs.finish(run_id, "w", State(life, result, "it broke" if result is ResultState.FAILED else ""), now)

    def leave(self, task_run_id: int, values: Mapping[str, Any]) -> None:
        import json

        from sqlalchemy import insert

        from boathouse.jobs.schema import task_values

        with self.database.write() as connection:
            for name, value in values.items():
                row = {"task_run_id": task_run_id, "name": name, "value": json.dumps(value)}
                connection.execute(insert(task_values).values(row))


def figure(column: str, value: float | None, end: datetime, hours: float = 24) -> Figure:
    start = end - timedelta(hours=hours)
    return Figure(column, "1 day", epoch_ms(start), epoch_ms(end), value)


def day(number: int, month: int = 3) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)
