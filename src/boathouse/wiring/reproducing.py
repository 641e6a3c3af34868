"""Reproductions, joined: models say what, jobs do it again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from boathouse.foundation.clock import Clock
from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal
from boathouse.jobs import Jobs
from boathouse.jobs.again.replaying import Replays
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.reproduction.nouns import TaskOutcome
from boathouse.models.reproduction.repository import ReproductionRepository
from boathouse.models.reproduction.service import Reproductions


class JobsAgain:
    """Has tasks done again through the replays of jobs."""

    def __init__(self, replays: Replays) -> None:
        self._replays = replays

    def recipe(self, task_run_id: int) -> Mapping[str, Any] | None:
        return self._replays.recipe(task_run_id)

    def submit(
        self,
        principal: Principal,
        recipe: Mapping[str, Any],
        *,
        reproduction: str,
        environment: str | None,
        then: tuple[str, Mapping[str, str]],
    ) -> int:
        return self._replays.submit(principal, recipe, reproduction=reproduction, environment=environment, then=then)

    def outcomes(self, job_run_id: int) -> Sequence[TaskOutcome] | None:
        run = self._replays.find(job_run_id)
        if run is None:
            return None
        return [
            TaskOutcome(
                task.task_key,
                task.outcome.result.value if task.outcome else None,
                task.error or task.state.message,
            )
            for task in sorted(run.tasks, key=lambda each: each.position)
        ]

    def task_run_ids(self, job_run_id: int) -> Sequence[int]:
        run = self._replays.find(job_run_id)
        return [task.task_run_id for task in run.tasks] if run else []


def build_reproductions(
    database: Database,
    models: Models,
    jobs: Jobs,
    clock: Clock,
    environment_lock: Callable[[str], str | None],
    home: Home,
) -> Reproductions:
    """The verbs, told of every new version, of models that change their names, and of what tasks would change."""
    repository = ReproductionRepository(database, clock)
    reproductions = Reproductions(models, repository, JobsAgain(jobs.replays), clock, environment_lock, home)
    models.provenance.tell(reproductions.version_made)
    models.provenance.follow(repository)
    models.gatekeeper.hold_back_with(reproductions)
    return reproductions
