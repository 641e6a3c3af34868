"""Turns a task of a run into something that can be started: its environment, its files, its variables."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from boathouse.catalog.law import Catalog
from boathouse.environments import EnvironmentRequest, Environments, PythonEnvironment
from boathouse.foundation.context import TaskContext
from boathouse.foundation.principals import Principal
from boathouse.jobs.again.replaying import ENVIRONMENT, reproduction_of
from boathouse.jobs.executing.secret_references import with_marks
from boathouse.jobs.files import NOTEBOOK_SUFFIXES, code_from_git, source_root, task_file
from boathouse.jobs.git.checkouts import GitCheckouts
from boathouse.jobs.git.snapshots import GitSnapshots
from boathouse.jobs.git.source import require_may_use, uses_git
from boathouse.jobs.parameters import resolved_task
from boathouse.jobs.records import Run, TaskRun
from boathouse.jobs.settings import Task
from boathouse.jobs.validation import kind_of

_NOT_INHERITED_PREFIXES = ("BOATHOUSE_", "MLFLOW_", "DATABRICKS_", "DBOS_")
_NOT_INHERITED = frozenset({"PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP", "PYTHONHOME"})


@dataclass(frozen=True, slots=True)
class PreparedTask:
    """A task that can be started."""

    task: Task
    environment: PythonEnvironment
    spec: Mapping[str, Any]
    context: TaskContext
    source_root: Path | None
    """The folder that its code is in, where that is known."""
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """The values of the secrets that the definition names, by what stands for them in ``spec``."""


class Preparation:
    """Prepares the tasks of a worker: finds their secrets, code and environments."""

    def __init__(
        self, catalog: Catalog, environments: Environments, checkouts: GitCheckouts, snapshots: GitSnapshots
    ) -> None:
        self._secrets = catalog.secrets
        self._identities = catalog.identities
        self._environments = environments
        self._checkouts = checkouts
        self._snapshots = snapshots

    def prepare(self, run: Run, task_run: TaskRun) -> PreparedTask:
        """Resolve everything that the latest attempt at a task needs.

        Raises:
            BoathouseError: A file, a secret, a commit or the environment cannot be had; the message says which and why.
        """
        of_bundle = source_root(run.deployment)
        run, marks = with_marks(run, task_run)
        task = resolved_task(run, task_run)
        if uses_git(task, run.settings):
            run = self._with_git_code(run)
        request = environment_request(run, task, of_bundle or source_root(run.deployment))
        locked = run.trigger_info.get(ENVIRONMENT) if reproduction_of(run) else None
        environment = self._environments.again(request, locked) if locked else self._environments.resolve(request)
        context = task_context(run, task_run, task_run.attempt, environment.key)
        spec = {**_spec(run, task, environment), "variables": marks.marked(own_variables(run, task))}
        secrets = marks.values(lambda scope, key: self._secrets.get(self._principal(run), scope, key))
        if secrets:
            spec["job_parameters"] = run.parameters
        return PreparedTask(task, environment, spec, context, source_root(run.deployment), secrets)

    def _with_git_code(self, run: Run) -> Run:
        """The run with its code where its commit is."""
        source = run.settings.git_source
        assert source is not None
        require_may_use(self._principal(run), source)
        commit = self._snapshots.find(run.run_id)
        if commit is None:
            commit = self._snapshots.keep(run.run_id, self._checkouts.commit_of(source))
        folder = self._checkouts.folder(source, commit)
        return replace(run, deployment=code_from_git(run.deployment, source, commit, folder))

    def _principal(self, run: Run) -> Principal:
        return self._identities.principal(run.run_as)


def environment_request(run: Run, task: Task, root: Path | None) -> EnvironmentRequest:
    """What the task's environment and its libraries ask for together; ``root`` is where their files are: in the bundle,
    if there is one, as its YAML files name them, else in the repository."""
    lines: list[str] = []
    for each in run.settings.environments:
        if each.environment_key == task.environment_key and each.spec:
            lines += each.spec.dependencies
    for library in task.libraries:
        if library.whl:
            lines.append(library.whl)
        elif library.pypi:
            lines.append(library.pypi.package)
        elif library.requirements:
            lines.append(f"-r {library.requirements}")
    return EnvironmentRequest(tuple(lines), root)


def own_variables(run: Run, task: Task) -> dict[str, str]:
    """The environment variables that the job itself gives to the task."""
    for each in run.settings.environment_variables:
        if each.environment_variables_key == task.environment_variables_key and each.spec:
            return dict(each.spec.variables)
    return {}


def task_context(run: Run, task_run: TaskRun, attempt: int, environment_key: str) -> TaskContext:
    """What the task's token says about where it came from."""
    origin = run.deployment
    return TaskContext(
        job_id=run.job_id,
        job_name=run.settings.name,
        run_id=run.run_id,
        task_key=task_run.task_key,
        task_run_id=task_run.task_run_id,
        attempt=attempt,
        bundle=(origin.bundle or None) if origin else None,
        target=(origin.target or None) if origin else None,
        deployment_id=(origin.deployment_id or None) if origin else None,
        git_commit=origin.git_commit if origin else None,
        git_branch=origin.git_branch if origin else None,
        git_origin=origin.git_origin if origin else None,
        git_dirty=origin.git_dirty if origin else None,
        environment_key=environment_key,
        as_of=run.as_of,
        reproduction=reproduction_of(run),
    )


def task_variables(run: Run, prepared: PreparedTask, url: str, token: str, hooks: str) -> dict[str, str]:
    """The environment variables of a task's process."""
    context = prepared.context
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in _NOT_INHERITED and not name.startswith(_NOT_INHERITED_PREFIXES)
    }
    folder = str(prepared.environment.python.parent)
    ours: dict[str, str | None] = {
        "BOATHOUSE_URL": url,
        "BOATHOUSE_TOKEN": token,
        "MLFLOW_TRACKING_URI": url,
        "MLFLOW_TRACKING_TOKEN": token,
        "DATABRICKS_HOST": url,
        "DATABRICKS_TOKEN": token,
        "BOATHOUSE_AS_OF": context.as_of,
        "BOATHOUSE_PARAMETERS": json.dumps(run.parameters),
        "BOATHOUSE_JOB_ID": str(context.job_id),
        "BOATHOUSE_JOB_NAME": context.job_name,
        "BOATHOUSE_RUN_ID": str(context.run_id),
        "BOATHOUSE_TASK_KEY": context.task_key,
        "BOATHOUSE_TASK_RUN_ID": str(context.task_run_id),
        "BOATHOUSE_ATTEMPT": str(context.attempt),
        "BOATHOUSE_BUNDLE": context.bundle,
        "BOATHOUSE_TARGET": context.target,
        "BOATHOUSE_SOURCE_ROOT": str(prepared.source_root) if prepared.source_root else None,
        "BOATHOUSE_TASK_HOOKS": hooks or None,
        "VIRTUAL_ENV": str(prepared.environment.python.parent.parent),
        "PATH": f"{folder}{os.pathsep}{inherited.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
    }
    return {**inherited, **{name: value for name, value in ours.items() if value is not None}}


def _spec(run: Run, task: Task, environment: PythonEnvironment) -> dict[str, Any]:
    kind = kind_of(task)
    root = [str(folder)] if (folder := source_root(run.deployment)) else []
    wheels = [str(path) for path in environment.paths]
    spec, folders = _details(run, task)
    return {"kind": kind, "first_paths": folders, "paths": [*wheels, *root], **spec}


def _details(run: Run, task: Task) -> tuple[dict[str, Any], list[str]]:
    """What the process needs to know, and the folder that its file is in."""
    if (script := task.spark_python_task) is not None:
        file = task_file(script.python_file, run.deployment)
        return {"file": str(file), "parameters": script.parameters}, [str(file.parent)]
    if (notebook := task.notebook_task) is not None:
        file = task_file(notebook.notebook_path, run.deployment, suffixes=NOTEBOOK_SUFFIXES)
        return {"file": str(file), "parameters": notebook.base_parameters}, [str(file.parent)]
    if (wheel := task.python_wheel_task) is not None:
        return wheel.model_dump(mode="json"), []
    assert task.sql_task is not None
    return {"text": _sql_text(run, task), "parameters": task.sql_task.parameters}, []


def _sql_text(run: Run, task: Task) -> str:
    assert task.sql_task is not None
    if task.sql_task.file is not None:
        return task_file(task.sql_task.file.path, run.deployment).read_text(encoding="utf-8")
    assert task.sql_task.query is not None
    return task.sql_task.query.query_text or ""
