"""A model, jobs that are real but run nowhere, and the parts that start and resume them."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.models.ground import MODEL, Ground, requirements

from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.principals import SYSTEM
from boathouse.jobs import Jobs, read_job
from boathouse.jobs.records import Attempt, Outcome, Run, State
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.rows import ended, task_columns
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.models.deployment.nouns import DeploymentStart
from boathouse.models.deployment.repository import DeploymentFollower, DeploymentRepository
from boathouse.models.deployment.starting import DeploymentJobs
from boathouse.models.nouns import NewVersion
from boathouse.models.repository import ModelRepository
from boathouse.models.requirements.nouns import Revision
from boathouse.wiring.deployment_jobs import ModelJobs

OWN: dict[str, Any] = {
    "name": "our deployment",
    "tasks": [{"task_key": "approval_by_risk", "python_wheel_task": {"package_name": "x", "entry_point": "y"}}],
    "parameters": [{"name": "model_name", "default": ""}, {"name": "model_version", "default": ""}],
}


@dataclass
class Desk(Ground):
    """Everything that a deployment job has to do with."""

    jobs: Jobs
    models: ModelRepository
    repository: DeploymentRepository
    runner: ModelJobs
    deploying: DeploymentJobs = None  # type: ignore[assignment]
    revisions: dict[str, Revision] = field(default_factory=dict[str, Revision])

    def require(self, by: str = "ada", **said: Any) -> Revision:
        self.revisions[str(MODEL)] = made = Revision(str(MODEL), len(self.revisions) + 1, requirements(**said), by, 0)
        return made

    def version(self, number: int, author: str = "ada", *, starts_job: bool = True) -> None:
        made = NewVersion(str(MODEL), number, None, author, starts_job)
        also = lambda connection: self.deploying.version_made(connection, made)  # noqa: E731
        self.models.add_source(str(MODEL), number, None, None, also=also)

    def start(self, number: int) -> DeploymentStart:
        return self.repository.starts(str(MODEL), number)[0]

    def runs(self) -> list[Run]:
        return [self.jobs.get_run(SYSTEM, each.run_id) for each in self.jobs.list_runs(SYSTEM)]

    def own_job(self, **changes: Any) -> int:
        return self.jobs.create(self.ada, read_job({**OWN, **changes}))

    def end(self, run_id: int, failed: str) -> None:
        """Let a run end as a worker would: all tasks before ``failed`` succeed, the rest does not."""
        runs, now = RunRepository(self.database), epoch_ms(self.clock.now())
        runs.claim("w", 10)
        runs.start(run_id, "w", now)
        state = ResultState.SUCCESS
        found = runs.find(run_id)
        assert found is not None
        for task in found.tasks:
            state = ResultState.FAILED if task.task_key == failed else state
            attempt = Attempt(task.task_run_id, task.attempt, "w", now)
            runs.begin_attempt(attempt, environment_key=None, setup_ms=1)
            over = Attempt(task.task_run_id, task.attempt, "w", now, ended_at=now, result=state, exit_code=0)
            runs.end_attempt(over, task_columns(ended(Outcome(state)), ended_at=now, execution_ms=1), "w")
        runs.finish(run_id, "w", State(LifeCycleState.TERMINATED, state), now)


@pytest.fixture
def desk(ground: Ground) -> Desk:
    jobs = Jobs(ground.database, ground.catalog, ground.home, ground.clock)
    models, repository = ModelRepository(ground.database), DeploymentRepository(ground.database)
    runner = ModelJobs(jobs, ground.catalog)
    made = Desk(**vars(ground), jobs=jobs, models=models, repository=repository, runner=runner)
    made.deploying = DeploymentJobs(
        made.catalog, made.clock, repository, runner, made.revisions.get, models.versions_of
    )
    models.follow(DeploymentFollower())
    return made
