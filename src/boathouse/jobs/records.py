"""The nouns of this room: jobs, their runs, the runs' tasks, and the attempts at a task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from boathouse.jobs.settings import JobSettings, Task
from boathouse.jobs.states import LifeCycleState, ResultState


@dataclass(frozen=True, slots=True)
class DeploymentRef:
    """Where a job came from, when a bundle made it; its tasks find their files below ``source_root``."""

    bundle: str
    target: str
    deployment_id: str
    source_root: str
    """The folder of the deployed snapshot of the bundle's files."""
    git_commit: str | None = None
    git_branch: str | None = None
    git_origin: str | None = None
    git_dirty: bool | None = None
    is_from_git: bool = False
    """Whether the folder is a commit of the job's Git source instead of the bundle's files."""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "DeploymentRef":
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


@dataclass(frozen=True, slots=True)
class Job:
    """A definition that can be run."""

    job_id: int
    settings: JobSettings
    run_as: str
    """Name of the principal whose rights its tasks have."""
    creator: str
    created_at: int
    updated_at: int
    deployment: DeploymentRef | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A state with its reason."""

    life_cycle: LifeCycleState
    result: ResultState | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended."""

    result: ResultState
    message: str = ""
    answer: str = ""
    """Of a condition task: ``true`` or ``false``."""

    def to_json(self) -> dict[str, str]:
        return {"result": self.result.value, "message": self.message, "answer": self.answer}

    @classmethod
    def from_json(cls, data: dict[str, str]) -> "Outcome":
        return cls(ResultState(data["result"]), data["message"], data.get("answer", ""))


@dataclass(frozen=True, slots=True)
class TaskOverrides:
    """Parameters of tasks that a run-now request changes, by kind of task."""

    notebook_params: dict[str, str] = field(default_factory=dict[str, str])
    python_params: list[str] | None = None
    python_named_params: dict[str, str] = field(default_factory=dict[str, str])
    sql_params: dict[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One node of a run."""

    task_run_id: int
    run_id: int
    task_key: str
    position: int
    state: State
    attempt: int = 0
    """Number of the latest attempt, from 0."""
    started_at: int | None = None
    ended_at: int | None = None
    setup_ms: int = 0
    execution_ms: int = 0
    peak_memory_bytes: int | None = None
    cpu_seconds: float | None = None
    exit_code: int | None = None
    error: str | None = None
    error_trace: str | None = None
    result: str | None = None
    """What a notebook gave to ``dbutils.notebook.exit``."""
    environment_key: str | None = None
    first_attempt: int = 0
    """A repair starts a new task run, which goes on counting where the last one ended."""
    repair_id: int | None = None
    for_each: str | None = None
    """Key of the for-each task that this is an iteration of."""
    iteration: int | None = None
    input: str | None = None
    """Of an iteration, as JSON."""
    resolved: str | None = None
    """What the references of a task without a process became, as JSON."""
    child_run_id: int | None = None
    """The run that a run_job_task has started."""
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the task has left for others, where somebody asked for it."""
    known: Mapping[str, str] = field(default_factory=dict[str, str])
    """What its references to other tasks mean, known once it can start."""

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it has not."""
        if not self.state.life_cycle.is_final or self.state.result is None:
            return None
        return Outcome(self.state.result, self.state.message, self.result or "")

    @property
    def place(self) -> str:
        """Its folder below that of the run."""
        return self.task_key if self.iteration is None else f"{self.task_key}/{self.iteration}"


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a job, with the definition as it was when the run was asked for."""

    run_id: int
    job_id: int
    name: str
    settings: JobSettings
    state: State
    run_as: str
    creator: str
    created_at: int
    number_in_job: int
    trigger: str = "ONE_TIME"
    run_type: str = "JOB_RUN"
    started_at: int | None = None
    ended_at: int | None = None
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    """The job's parameters with the values of this run."""
    overrides: TaskOverrides = field(default_factory=TaskOverrides)
    as_of: str | None = None
    deployment: DeploymentRef | None = None
    cancel_requested_at: int | None = None
    executor_id: str | None = None
    trigger_info: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the trigger knows: its time, the files or tables it saw."""
    max_concurrent_runs: int | None = None
    """How many runs of the job may be under way with this one; None: any number."""
    parent_task_run_id: int | None = None
    """The run_job_task that waits for this run."""
    parent_run_id: int | None = None
    backfill_id: int | None = None
    repair_count: int = 0
    latest_repair_id: int | None = None
    used_commit: str | None = None
    """Of the job's Git source, as soon as it is known and where somebody asked for it."""
    tasks: tuple[TaskRun, ...] = ()
    """The latest run of each task, in the order of the definition; iterations are not among them."""

    def task(self, key: str) -> TaskRun:
        return next(task for task in self.tasks if task.task_key == key)

    def definition_of(self, task_run: TaskRun) -> Task:
        """What the definition says of a task; of an iteration, what its for-each says."""
        if task_run.for_each is None:
            return self.settings.task(task_run.task_key)
        loop = self.settings.task(task_run.for_each).for_each_task
        assert loop is not None
        return loop.task


class Standing(StrEnum):
    """How a job stands: by its last run, or by what starts it."""

    UNDER_WAY = "under way"
    FAILED = "failed"
    SUCCEEDED = "succeeded"
    CANCELED = "cancelled"
    NEVER_RUN = "never run"
    SCHEDULED = "scheduled"
    """Something starts it, and is not paused."""
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class RunMark:
    """A run as a mark in a list: no more than how and when."""

    run_id: int
    number_in_job: int
    state: State
    created_at: int
    started_at: int | None = None
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """What a run begins with, besides its parameters: who or what asked for it, and how far it goes."""

    trigger: str = "ONE_TIME"
    """A trigger type of the Databricks Jobs API."""
    trigger_info: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What ``{{job.trigger...}}`` refers to: ``time_ms``, ``location``."""
    only: frozenset[str] | None = None
    """The keys of the tasks that shall run; None: all."""
    is_queued: bool | None = None
    """Whether it waits when the job runs as often as it may; None: as the job says."""
    parent: TaskRun | None = None
    """The run_job_task that asks for it and waits."""
    backfill_id: int | None = None
    max_concurrent_runs: int | None = None
    """Fewer than the job allows."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One more go at what has failed in a run. Number 0 is the run as it was before the first."""

    repair_id: int
    run_id: int
    number: int
    started_at: int
    ended_at: int | None
    state: State
    task_run_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Backfill:
    """Runs of a job for each instant of a range."""

    backfill_id: int
    job_id: int
    first: str
    last: str
    every: str
    concurrency: int
    creator: str
    created_at: int
    states: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many of its runs are in which state."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One process that tried to do a task."""

    task_run_id: int
    attempt: int
    executor_id: str
    started_at: int
    token_id: str | None = None
    pid: int | None = None
    """The process that guards the task's own; both carry the attempt's marker in their environment."""
    ended_at: int | None = None
    result: ResultState | None = None
    message: str = ""
    peak_memory_bytes: int | None = None
    cpu_seconds: float | None = None
    exit_code: int | None = None
