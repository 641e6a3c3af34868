"""The nouns of this room: jobs, their runs, the runs' tasks, and the attempts at a task."""

from dataclasses import dataclass, field
from typing import Any

from boathouse.jobs.settings import JobSettings
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

    def to_json(self) -> dict[str, str]:
        return {"result": self.result.value, "message": self.message}

    @classmethod
    def from_json(cls, data: dict[str, str]) -> "Outcome":
        return cls(ResultState(data["result"]), data["message"])


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
    tasks: tuple[TaskRun, ...] = ()

    def task(self, key: str) -> TaskRun:
        return next(task for task in self.tasks if task.task_key == key)


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
