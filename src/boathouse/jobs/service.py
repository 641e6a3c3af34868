"""The verbs on jobs and runs. They write down what is wanted; workers do it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from boathouse.catalog import Privilege, Securable
from boathouse.catalog.law import Catalog
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.context import TaskContext
from boathouse.foundation.errors import Conflict, Denied, did_you_mean
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.foundation.shapes import DoesNotFit, Problem
from boathouse.jobs import logs
from boathouse.jobs.access import JOB, SUBMIT_RUN, Access, RunNotFound
from boathouse.jobs.again.backfills import BackfillRepository
from boathouse.jobs.again.repairs import RepairRepository
from boathouse.jobs.again.replaying import Replays, value_left_before
from boathouse.jobs.again.rerunning import Backfills, Repairs
from boathouse.jobs.executing.iterations import IterationRepository
from boathouse.jobs.files import NOTEBOOK_SUFFIXES, task_file
from boathouse.jobs.git.snapshots import GitSnapshots
from boathouse.jobs.git.source import uses_git
from boathouse.jobs.overview import JobOverview
from boathouse.jobs.parameters import check_choice, read_as_of, run_parameters
from boathouse.jobs.records import Attempt, DeploymentRef, Job, Run, Start, TaskOverrides, TaskRun
from boathouse.jobs.repository import JobRepository, NewRun, RunRepository
from boathouse.jobs.repository.overview import OverviewRepository
from boathouse.jobs.run_views import RunViews
from boathouse.jobs.settings import JobSettings
from boathouse.jobs.starting.repository import StarterRepository
from boathouse.jobs.starting.verbs import Starting
from boathouse.jobs.task_values import TaskValueRepository, value_as_json
from boathouse.jobs.validation import checked, tasks_within
from boathouse.metastore import Database


@dataclass(frozen=True, slots=True)
class TaskLog:
    """Where the output of one attempt at a task is."""

    run: Run
    task: TaskRun
    attempt: int
    file: Path


@dataclass(frozen=True, slots=True)
class TaskOutput:
    """The end of what a task has printed, and whether the beginning was left out."""

    run: Run
    task: TaskRun
    logs: str
    is_truncated: bool


class Jobs:
    """Job definitions and their runs. Every verb takes the acting principal, is authorised and audited."""

    def __init__(self, database: Database, catalog: Catalog, home: Home, clock: Clock) -> None:
        self._jobs = JobRepository(database)
        self._runs = RunRepository(database)
        self._values = TaskValueRepository(database)
        self._snapshots = GitSnapshots(database)
        self._catalog = catalog
        self._home = home
        self._clock = clock
        self._access = Access(catalog, self._jobs, self._runs)
        repairs = RepairRepository(database)
        self.views = RunViews(self._access, self._runs, IterationRepository(database), repairs, self._snapshots)
        self.repairs = Repairs(self._access, self._jobs, repairs, clock)
        backfills = BackfillRepository(database, self._runs)
        self.backfills = Backfills(self._access, backfills, self._runs, self.repairs, clock)
        self.replays = Replays(database, self._access, self._runs, clock)
        starters = StarterRepository(database)
        self.starting = Starting(self._access, self._jobs, starters, self.update)
        self.overview = JobOverview(self._access, self._jobs, OverviewRepository(database), starters)

    # Definitions

    def create(self, principal: Principal, settings: JobSettings, *, deployment: DeploymentRef | None = None) -> int:
        """Keep a new job; the principal owns it.

        Raises:
            DoesNotFit: The definition contradicts itself or needs what we do not have.
            Denied: The principal may not create jobs, or not one that runs as somebody else.
        """
        with self._access.verb(principal, "create", None, name=settings.name):
            job = self._new_job(principal, settings, deployment)
            job_id = self._jobs.insert(job, is_registered=False)
            try:
                self._catalog.securables.register(
                    principal, JOB, str(job_id), title=settings.name, comment=settings.description
                )
            except BaseException:
                self._jobs.delete(job_id)
                raise
            self._jobs.mark_registered(job_id)
            return job_id

    def reset(
        self, principal: Principal, job_id: int, settings: JobSettings, *, deployment: DeploymentRef | None = None
    ) -> None:
        """Replace the definition; runs under way keep the one they began with."""
        with self._access.verb(principal, "reset", job_id):
            job = self._access.job(principal, Privilege.MANAGE, job_id)
            self._replace(principal, job, settings, deployment or job.deployment)

    def update(
        self, principal: Principal, job_id: int, changes: JobSettings, *, fields_to_remove: Iterable[str] = ()
    ) -> None:
        """Change single fields: tasks, parameters and environments merge by their keys, all else is replaced."""
        with self._access.verb(principal, "update", job_id):
            job = self._access.job(principal, Privilege.MANAGE, job_id)
            merged = merge_settings(job.settings, changes, fields_to_remove)
            self._replace(principal, job, merged, job.deployment)

    def delete(self, principal: Principal, job_id: int) -> None:
        """Forget the job and end what it runs; its runs can still be read by administrators."""
        with self._access.verb(principal, "delete", job_id):
            self._access.job(principal, Privilege.MANAGE, job_id)
            self._cancel(self._runs.open_ids_of_job(job_id))
            self._catalog.securables.forget(principal, JOB, str(job_id))
            self._jobs.delete(job_id)

    def get(self, principal: Principal, job_id: int) -> Job:
        with self._access.verb(principal, "get", job_id):
            return self._access.job(principal, Privilege.VIEW_JOB, job_id)

    def list(
        self, principal: Principal, *, name: str | None = None, limit: int = 100, offset: int = 0
    ) -> Sequence[Job]:
        """The visible jobs, newest first."""
        with self._access.verb(principal, "list", None):
            ids = self._access.visible_ids(principal, name)
            return self._jobs.many(ids[offset : offset + limit])

    # Runs

    def run_now(
        self,
        principal: Principal,
        job_id: int,
        *,
        parameters: Mapping[str, Any] | None = None,
        as_of: str | None = None,
        idempotency_token: str | None = None,
        overrides: TaskOverrides | None = None,
        start: Start | None = None,
    ) -> int:
        """Ask for a run. With a token used before, no second run is made.

        Raises:
            UnknownParameter: A value is given for a parameter that the job does not declare.
            InvalidInput: A task is chosen that the job does not have.
        """
        with self._access.verb(principal, "runNow", job_id, as_of=as_of):
            job = self._access.job(principal, Privilege.RUN_JOB, job_id)
            start = start or Start()
            check_choice(job.settings, start.only)
            new = NewRun(
                job=job,
                parameters=run_parameters(job.settings, parameters),
                overrides=overrides or TaskOverrides(),
                as_of=read_as_of(as_of),
                creator=principal.name,
                idempotency_token=idempotency_token or None,
                name=job.settings.name,
                start=start,
            )
            return self._runs.insert(new, epoch_ms(self._clock.now()))

    def submit(self, principal: Principal, settings: JobSettings, *, idempotency_token: str | None = None) -> int:
        """Run tasks once, without a job. The principal and administrators see the run.

        Raises:
            DoesNotFit: The tasks contradict each other or need what we do not have.
            Denied: The principal may not create jobs.
        """
        with self._access.verb(principal, "submitRun", None, name=settings.name):
            self._access.require_submit(principal)
            job = self._new_job(principal, settings, None)
            new = NewRun(
                job=job,
                parameters=run_parameters(settings, None),
                overrides=TaskOverrides(),
                as_of=None,
                creator=principal.name,
                idempotency_token=idempotency_token or None,
                name=settings.name,
                run_type=SUBMIT_RUN,
            )
            return self._runs.insert(new, epoch_ms(self._clock.now()))

    def get_run(self, principal: Principal, run_id: int) -> Run:
        """A run with its tasks; the id may be that of a task's run."""
        with self._access.verb(principal, "getRun", None, run_id=run_id):
            return self._snapshots.on(self._access.run(principal, Privilege.VIEW_JOB, run_id))

    def list_runs(
        self,
        principal: Principal,
        *,
        job_id: int | None = None,
        active: bool | None = None,
        limit: int = 25,
        before: int | None = None,
    ) -> Sequence[Run]:
        """Runs of the visible jobs and one's own one-time runs, newest first, without their tasks."""
        with self._access.verb(principal, "listRuns", job_id):
            if job_id is not None:
                self._access.job(principal, Privilege.VIEW_JOB, job_id)
                return self._runs.list(job_ids=[job_id], limit=limit, before=before, active=active)
            visible = None if principal.is_admin else self._access.visible_ids(principal, None)
            return self._runs.list_seen_by(principal.name, visible, limit=limit, before=before, active=active)

    def require_may_act(self, principal: Principal, run_id: int) -> None:
        """Whether one may cancel and repair a run: who may run the job, or who has sent a run that is of none.

        Raises:
            RunNotFound, Denied: One may not.
        """
        self._access.head(principal, Privilege.RUN_JOB, run_id)

    def cancel_run(self, principal: Principal, run_id: int) -> None:
        """Ask for the run to end; it is over when its state says so. Cancelling what has ended changes nothing."""
        with self._access.verb(principal, "cancelRun", None, run_id=run_id):
            run = self._access.run(principal, Privilege.RUN_JOB, run_id)
            self._cancel([run.run_id])

    def cancel_runs(self, principal: Principal, job_id: int, *, only_queued: bool = False) -> None:
        """Ask for all runs of a job to end that are under way or wait, or only for those that wait."""
        with self._access.verb(principal, "cancelAllRuns", job_id, only_queued=only_queued):
            self._access.job(principal, Privilege.RUN_JOB, job_id)
            self._cancel(self._runs.open_ids_of_job(job_id, only_queued=only_queued))

    def delete_run(self, principal: Principal, run_id: int) -> None:
        """Forget a run that has ended.

        Raises:
            Conflict: It has not.
        """
        with self._access.verb(principal, "deleteRun", None, run_id=run_id):
            run = self._access.run(principal, Privilege.MANAGE, run_id)
            if not run.state.life_cycle.is_final:
                raise Conflict(f"The run {run.run_id} is still {run.state.life_cycle}.", hint="Cancel it first.")
            self._runs.delete(run.run_id)

    def attempts(self, principal: Principal, task_run_id: int) -> Sequence[Attempt]:
        """Every process that tried to do a task, oldest first."""
        with self._access.verb(principal, "getAttempts", None, run_id=task_run_id):
            self._access.run(principal, Privilege.VIEW_JOB, task_run_id)
            return self._runs.attempts(task_run_id)

    def task_logs(
        self, principal: Principal, run_id: int, task_key: str | None = None, *,
        attempt: int | None = None, last_bytes: int | None = None,
    ) -> logs.LogReader:  # fmt: skip
        """What a task has printed and, while it runs, what it goes on to print; of what is there already only the last
        bytes, from the beginning of a line, if so many are named.

        Raises:
            RunNotFound: There is no such run, task or attempt.
        """
        with self._access.verb(principal, "getLogs", None, run_id=run_id):
            log = self._task_log(principal, run_id, task_key, attempt)
        return logs.LogReader(log.file, lambda: self._is_over(log), last_bytes=last_bytes)

    def output(self, principal: Principal, run_id: int, *, limit_bytes: int = 5 << 20) -> TaskOutput:
        """What a task, or the only task of a run, has printed and left."""
        with self._access.verb(principal, "getRunOutput", None, run_id=run_id):
            log = self._task_log(principal, run_id, None, None)
        text, is_truncated = logs.tail(log.file, limit_bytes=limit_bytes)
        return TaskOutput(log.run, log.task, text, is_truncated)

    def log_tail(
        self, principal: Principal, run_id: int, task_key: str | None = None, *,
        attempt: int | None = None, limit_bytes: int = 5 << 20,
    ) -> tuple[str, bool]:  # fmt: skip
        """The end of what a task has printed so far, and whether the beginning was left out."""
        with self._access.verb(principal, "getLogs", None, run_id=run_id):
            log = self._task_log(principal, run_id, task_key, attempt)
        return logs.tail(log.file, limit_bytes=limit_bytes)

    def executed_notebook(
        self, principal: Principal, run_id: int, task_key: str | None = None, *, attempt: int | None = None
    ) -> Path:
        """The file of a notebook with what its cells gave out.

        Raises:
            RunNotFound: There is no such run, task or attempt, or it has left no notebook.
        """
        with self._access.verb(principal, "exportRun", None, run_id=run_id):
            log = self._task_log(principal, run_id, task_key, attempt)
            return logs.notebook_of(log.file, log.task.task_key)

    # Task values

    def set_task_value(self, principal: Principal, context: TaskContext | None, key: str, value: Any) -> None:
        """Leave a JSON value for the tasks after the one that asks; ``context`` is that of its token.

        Raises:
            Denied: It is no task that asks, or one that is over.
            InvalidInput: The value is no JSON, or too large.
        """
        job_id = context.job_id if context else None
        with self._access.verb(principal, "setTaskValue", job_id, key=key, task_run_id=context and context.task_run_id):
            self._values.put(_in_task(context), key, value_as_json(key, value))

    def get_task_value(self, principal: Principal, context: TaskContext | None, task_key: str, key: str) -> Any:
        """What another task of the same run has left.

        Raises:
            TaskValueNotFound: It has left no such value, so far.
        """
        job_id = context.job_id if context else None
        with self._access.verb(principal, "getTaskValue", job_id, task_key=task_key, key=key):
            run_id = _in_task(context).run_id
            if context is not None and context.reproduction is not None and (run := self._runs.head(run_id)):
                try:
                    return value_left_before(run, task_key, key)
                except KeyError:
                    pass  # perhaps it is one of this run itself
            return self._values.get(run_id, task_key, key)

    def reconcile(self) -> None:
        """Undo what a process that died left half done."""
        for job_id in self._jobs.unregistered():
            if self._catalog.grants.visible(SYSTEM, JOB, [str(job_id)]):
                self._jobs.mark_registered(job_id)
            else:
                self._jobs.delete(job_id)

    # Within

    def _cancel(self, run_ids: Iterable[int]) -> None:
        now = epoch_ms(self._clock.now())
        for run_id in run_ids:
            self._runs.request_cancel(run_id, now)

    def _new_job(self, principal: Principal, settings: JobSettings, deployment: DeploymentRef | None) -> Job:
        checked(settings)
        self._check_children(principal, settings, None)
        check_files(settings, deployment)
        now = epoch_ms(self._clock.now())
        run_as = self._run_as(principal, settings, principal.name)
        return Job(0, settings, run_as, principal.name, now, now, deployment)

    def _replace(self, principal: Principal, job: Job, settings: JobSettings, deployment: DeploymentRef | None) -> None:
        checked(settings)
        self._check_children(principal, settings, job.job_id)
        check_files(settings, deployment)
        run_as = self._run_as(principal, settings, job.run_as)
        now = epoch_ms(self._clock.now())
        self._jobs.replace(replace(job, settings=settings, run_as=run_as, updated_at=now, deployment=deployment))
        if settings.name != job.settings.name or settings.description != job.settings.description:
            self._describe(principal, job.job_id, settings)

    def _describe(self, principal: Principal, job_id: int, settings: JobSettings) -> Securable:
        return self._catalog.securables.update(
            principal, JOB, str(job_id), title=settings.name, comment=settings.description
        )

    def _check_children(self, principal: Principal, settings: JobSettings, own_id: int | None) -> None:
        """Refuse to run jobs that are not there, or the job itself."""
        problems: list[Problem] = []
        for path, task in tasks_within(settings):
            if task.run_job_task is None:
                continue
            job_id, where = task.run_job_task.job_id, (*path, "run_job_task", "job_id")
            if job_id == own_id:
                problems.append(Problem(where, "a job cannot run itself."))
            elif self._jobs.find(job_id) is None or not self._catalog.grants.visible(principal, JOB, [str(job_id)]):
                problems.append(Problem(where, f"there is no job {job_id}.", "List them with: boathouse jobs list"))
        if problems:
            raise DoesNotFit(f"The job {settings.name!r}", problems)

    def _run_as(self, principal: Principal, settings: JobSettings, before: str) -> str:
        return self._access.run_as(principal, settings.run_as.name if settings.run_as else None, before)

    def _task_log(self, principal: Principal, run_id: int, task_key: str | None, attempt: int | None) -> TaskLog:
        run = self._access.run(principal, Privilege.VIEW_JOB, run_id)
        task = self._find_task(run, run_id, task_key)
        number = task.attempt if attempt is None else attempt
        if not 0 <= number <= task.attempt:
            raise RunNotFound(f"The task {task.task_key} of run {run.run_id} has no attempt {number}.")
        return TaskLog(run, task, number, logs.log_file(self._home, run.run_id, task.place, number))

    def _find_task(self, run: Run, run_id: int, task_key: str | None) -> TaskRun:
        """By its own id, by its key, by ``KEY/NUMBER`` for an iteration, or the only one."""
        if run_id != run.run_id and (found := self._runs.find_task(run_id)):
            return found
        keys = [task.task_key for task in run.tasks]
        if task_key is None:
            if len(keys) == 1:
                return run.tasks[0]
            raise RunNotFound(f"The run {run.run_id} has several tasks.", hint=f"Name one of {', '.join(keys[:20])}.")
        for task in self._runs.tasks_named(run.run_id, task_key.partition("/")[0]):
            if task.place == task_key:
                return task
        hint = _iterations_of(run, task_key) or did_you_mean(task_key, keys)
        raise RunNotFound(f"The run {run.run_id} has no task {task_key!r}.", hint=hint)

    def _is_over(self, log: TaskLog) -> bool:
        task = self._runs.find_task(log.task.task_run_id)
        return task is None or task.state.life_cycle.is_final or task.attempt > log.attempt


def _iterations_of(run: Run, task_key: str) -> str | None:
    """How the iterations of a loop are named, for who asks by the name of the loop."""
    for task in run.settings.tasks:
        if task.for_each_task is not None and task.task_key == task_key.partition("/")[0]:
            inner = task.for_each_task.task.task_key
            return f"The iterations of {task.task_key} are {inner}/0, {inner}/1 and so on."
    return None


def check_files(settings: JobSettings, deployment: DeploymentRef | None) -> None:
    """Refuse files that are not there, as long as their names hold no references.

    Raises:
        FileOutside, TaskFileNotFound: The first such file.
    """
    for _, task in tasks_within(settings):
        if uses_git(task, settings):
            continue  # which files there are is known when the run has its commit
        for path, suffixes in (
            (task.spark_python_task and task.spark_python_task.python_file, ("",)),
            (task.notebook_task and task.notebook_task.notebook_path, NOTEBOOK_SUFFIXES),
            (task.sql_task and task.sql_task.file and task.sql_task.file.path, ("",)),
        ):
            if path and "{{" not in path:
                task_file(path, deployment, suffixes=suffixes)


def _in_task(context: TaskContext | None) -> TaskContext:
    if context is None:
        raise Denied("Task values are for tasks of a run; this call comes from outside of any.")
    return context


_KEYED = {"tasks": "task_key", "parameters": "name", "environments": "environment_key"}


def merge_settings(before: JobSettings, changes: JobSettings, fields_to_remove: Iterable[str]) -> JobSettings:
    """The settings after ``jobs/update``."""
    data = before.to_json()
    for name, value in changes.to_json().items():
        if key := _KEYED.get(name):
            merged = {item[key]: item for item in data.get(name, [])}
            merged.update({item[key]: item for item in value})
            value = list(merged.values())
        data[name] = value
    for field in fields_to_remove:
        name, _, inner = field.partition("/")
        if inner and name in _KEYED:
            data[name] = [item for item in data.get(name, []) if item[_KEYED[name]] != inner]
        else:
            data.pop(name, None)
    return JobSettings.model_validate(data)
