"""A task done once more as it was done before: the recipe that is kept of it, and the one-time run that follows it.

The recipe holds what the task was asked to do with every reference resolved, so it outlives the run that it is of.
References to secrets stay references: whoever has the task done again must be allowed to read them.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.principals import Principal
from boathouse.jobs.access import SUBMIT_RUN, Access
from boathouse.jobs.executing.upstream import Upstream
from boathouse.jobs.git.snapshots import GitSnapshots
from boathouse.jobs.parameters import resolved_task
from boathouse.jobs.records import DeploymentRef, Job, Run, Start, TaskOverrides
from boathouse.jobs.repository import NewRun, RunRepository
from boathouse.jobs.settings import JobSettings, Task
from boathouse.jobs.task_values import TaskValueRepository
from boathouse.jobs.validation import checked, kind_of
from boathouse.metastore import Database

Recipe = Mapping[str, Any]
"""JSON: what :meth:`Replays.recipe` gives."""

REPRODUCTION = "reproduction"
ENVIRONMENT = "environment"
VALUES = "values"
"""What a run that follows a recipe carries beside its definition: for what, in which environment, and what the tasks
before it had left."""

_NEVER_AGAIN = ("depends_on", "run_if", "max_retries", "disabled")


class Replays:
    """Keeps recipes of tasks, and has them done again."""

    def __init__(self, database: Database, access: Access, runs: RunRepository, clock: Clock) -> None:
        self._access = access
        self._runs = runs
        self._values = TaskValueRepository(database)
        self._snapshots = GitSnapshots(database)
        self._upstream = Upstream(database, "")
        self._clock = clock

    def recipe(self, task_run_id: int) -> Recipe | None:
        """How a task was done; None when nobody knows any more.

        Raises:
            InvalidInput: It refers to something that is no more.
        """
        task_run = self._runs.find_task(task_run_id)
        run = self._runs.find(task_run.run_id) if task_run is not None else None
        if task_run is None or run is None:
            return None
        known = {key: value for key, value in self._upstream.answers(run, task_run).items() if key != "workspace.url"}
        task = resolved_task(run, replace(task_run, known=known))
        return {
            "job_id": run.job_id,
            "job_name": run.settings.name,
            "run_id": run.run_id,
            "task_key": task_run.task_key,
            "settings": _settings_of(run, task, self._snapshots.find(run.run_id)),
            "deployment": run.deployment.to_json() if run.deployment else None,
            "parameters": dict(run.parameters),
            "as_of": run.as_of,
            "values": self._values.of_run(run.run_id),
        }

    def submit(
        self,
        principal: Principal,
        recipe: Recipe,
        *,
        reproduction: str,
        environment: str | None,
        then: tuple[str, Mapping[str, str]],
    ) -> int:
        """Have the task done again as ``principal``; ``then`` is an entry point of the package ``boathouse`` that runs
        after it in the same environment, with its parameters. Gives the run.

        Raises:
            Denied: The principal may not have tasks run.
            TaskFileNotFound: The code is not there any more.
        """
        with self._access.verb(principal, "submitRun", None, name=recipe["job_name"], reproduction=reproduction):
            self._access.require_submit(principal)
            settings = _with_follower(JobSettings.model_validate(recipe["settings"]), then)
            checked(settings)
            now = epoch_ms(self._clock.now())
            deployment = DeploymentRef.from_json(recipe["deployment"]) if recipe["deployment"] else None
            job = Job(0, settings, principal.name, principal.name, now, now, deployment)
            carried = {REPRODUCTION: reproduction, ENVIRONMENT: environment, VALUES: recipe["values"]}
            new = NewRun(
                job=job,
                parameters=recipe["parameters"],
                overrides=TaskOverrides(),
                as_of=recipe["as_of"],
                creator=principal.name,
                idempotency_token=None,
                name=settings.name,
                run_type=SUBMIT_RUN,
                start=Start(trigger_info=carried),
            )
            return self._runs.insert(new, now)

    def find(self, run_id: int) -> Run | None:
        """A run that follows a recipe, with its tasks; None when it has been forgotten."""
        return self._runs.find(run_id)


def reproduction_of(run: Run) -> str | None:
    """The reproduction that a run belongs to."""
    found = run.trigger_info.get(REPRODUCTION)
    return str(found) if found else None


def value_left_before(run: Run, task_key: str, key: str) -> Any:
    """A value that a task had left for the one that is done again.

    Raises:
        KeyError: There was none.
    """
    return json.loads(run.trigger_info[VALUES][task_key][key])


def _settings_of(run: Run, task: Task, commit: str | None) -> dict[str, Any]:
    """A definition with this one task, which needs nothing of any other."""
    again = task.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    for name in _NEVER_AGAIN:
        again.pop(name, None)
    kind = kind_of(task)
    again[kind] = getattr(task, kind).model_dump(mode="json", exclude_none=True)
    data = run.settings.to_json()
    kept = ("environments", "environment_variables", "parameters", "git_source")
    found: dict[str, Any] = {
        "name": run.settings.name,
        "tasks": [again],
        **{key: data[key] for key in kept if key in data},
    }
    if commit is not None and "git_source" in found:
        source = {key: value for key, value in found["git_source"].items() if key not in ("git_branch", "git_tag")}
        found["git_source"] = {**source, "git_commit": commit}
    return found


def _with_follower(settings: JobSettings, then: tuple[str, Mapping[str, str]]) -> JobSettings:
    entry_point, parameters = then
    (task,) = settings.tasks
    if kind_of(task) in ("condition_task", "for_each_task", "run_job_task"):
        raise InvalidInput(f"The task {task.task_key} runs no code of its own; it cannot be done again by itself.")
    follower: dict[str, Any] = {
        "task_key": "compare" if task.task_key != "compare" else "compare_again",
        "depends_on": [{"task_key": task.task_key}],
        "python_wheel_task": {
            "package_name": "boathouse",
            "entry_point": entry_point,
            "named_parameters": dict(parameters),
        },
    }
    for name in ("environment_key", "libraries"):
        if name in task.model_fields_set:
            value = getattr(task, name)
            follower[name] = value if isinstance(value, str) else [each.model_dump(mode="json") for each in value]
    data = settings.to_json()
    tasks = [*data["tasks"], follower]
    return JobSettings.model_validate({**data, "name": f"Reproduce {settings.name}", "tasks": tasks})
