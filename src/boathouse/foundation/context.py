"""What surrounds a call: the request it came with and the job task it belongs to.

The acting principal is an argument of every verb; these facts describe, for audit and lineage. They decide two things:
within a task no token is made, and a task that reproduces a model changes nothing.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from boathouse.foundation.errors import Denied


@dataclass(frozen=True, slots=True)
class TaskContext:
    """The job task on whose behalf a token acts; stored with the token when the worker issues it."""

    job_id: int
    job_name: str
    run_id: int
    task_key: str
    task_run_id: int
    attempt: int = 0
    bundle: str | None = None
    target: str | None = None
    deployment_id: str | None = None
    git_commit: str | None = None
    git_branch: str | None = None
    git_origin: str | None = None
    git_dirty: bool | None = None
    environment_key: str | None = None
    """Hash of the environment lock the task runs in."""
    as_of: str | None = None
    """ISO 8601 instant of the replay clock, if the run has one."""
    reproduction: str | None = None
    """The reproduction of a model version that the task is part of: it reads the tables as they were, and changes
    nothing."""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "TaskContext":
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request at a door."""

    request_id: str = ""
    source_ip: str = ""
    user_agent: str = ""
    task: TaskContext | None = None
    session_id: str = ""


_current: ContextVar[RequestContext] = ContextVar("boathouse_request", default=RequestContext())  # noqa: B039 (it is frozen)


def current_request() -> RequestContext:
    """The request being served; an empty one outside any request."""
    return _current.get()


@contextmanager
def in_request(context: RequestContext) -> Generator[None]:
    """Make ``context`` the current request for the block."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def refuse_in_reproduction(what: str) -> None:
    """Refuse what would change something, within a task that reproduces a model.

    Raises:
        Denied: It is such a task.
    """
    task = current_request().task
    if task is not None and task.reproduction is not None:
        raise Denied(
            f"The task {task.task_key} reproduces a model; nothing may be {what} in it.",
            hint="Only what a task computes can be reproduced: let writing be a task of its own, after the training.",
        )
