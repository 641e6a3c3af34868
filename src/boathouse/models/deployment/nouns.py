"""A version's deployment job: whether it is to start, has started, or why not."""

from dataclasses import dataclass
from enum import StrEnum


class StartState(StrEnum):
    """What became of a new version's job."""

    WAITING = "waiting"
    STARTED = "started"
    SKIPPED = "skipped"
    """The model has no deployment job, or its requirements say that none starts by itself."""
    FAILED = "failed"
    """It could not be started, and ``problem`` says why; ``boathouse model deploy`` tries again."""


@dataclass(frozen=True, slots=True)
class DeploymentStart:
    """The start of one version's deployment job; written in the transaction that makes the version known."""

    model: str
    version: int
    token: str
    """Of the run: asked for twice, it is made once."""
    principal: str
    created_at: int
    """Milliseconds since 1970-01-01 UTC."""
    state: StartState = StartState.WAITING
    job_id: int | None = None
    run_id: int | None = None
    problem: str | None = None
    attempts: int = 0
    next_at: int = 0
    """When it is tried again."""


@dataclass(frozen=True, slots=True)
class JobOfModel:
    """What we keep of a model's deployment job."""

    model: str
    named: str | None = None
    """MLflow's ``deployment_job_id``, as it was given."""
    named_by: str | None = None
    """Who gave it: their right to run the job is asked at each start."""
    built_in: int | None = None
    """The job that we have made ourselves."""
