"""Jobs: graphs of tasks, their runs, and the workers that execute them durably."""

from typing import TYPE_CHECKING, Any

from boathouse.jobs.settings import JobSettings
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.jobs.validation import problems_of_job, read_job

if TYPE_CHECKING:
    from boathouse.jobs.records import Attempt, DeploymentRef, Job, Run, TaskRun
    from boathouse.jobs.service import Jobs

__all__ = [
    "Attempt",
    "DeploymentRef",
    "Job",
    "JobSettings",
    "Jobs",
    "LifeCycleState",
    "ResultState",
    "Run",
    "TaskRun",
    "problems_of_job",
    "read_job",
]

_LATER = {
    "Attempt": "boathouse.jobs.records",
    "DeploymentRef": "boathouse.jobs.records",
    "Job": "boathouse.jobs.records",
    "Run": "boathouse.jobs.records",
    "TaskRun": "boathouse.jobs.records",
    "Jobs": "boathouse.jobs.service",
}


def __getattr__(name: str) -> Any:
    """The verbs bring SQLAlchemy along; the shapes, which bundles are checked against, do not wait for it."""
    if module := _LATER.get(name):
        from importlib import import_module

        return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
