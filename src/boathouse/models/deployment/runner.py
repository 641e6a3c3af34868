"""What this room needs of the jobs beside it; the wiring brings it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from boathouse.foundation.principals import Principal

PARAMETERS = ("model_name", "model_version")
"""The convention of MLflow's deployment jobs: each takes these two."""


@dataclass(frozen=True, slots=True)
class BuiltInJob:
    """What the built-in deployment job of a model is made from."""

    model: str
    owner: str
    """Who deployed the requirements: the job is theirs."""
    run_as: str
    environment: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The spec of a job's environment; empty: Boathouse's own will do."""


class JobRunner(Protocol):
    """Jobs, as far as deployments need them."""

    def find(self, principal: Principal, text: str) -> int:
        """A job by its id or its name.

        Raises:
            NotFound: There is none that the principal may know of, or more than one has the name.
        """
        ...

    def require_may_run(self, principal: Principal, job_id: int) -> None:
        """
        Raises:
            Denied: The principal may not run the job.
            InvalidInput: The job does not take the parameters of a deployment job.
        """
        ...

    def run(self, asked_by: str, job_id: int, parameters: Mapping[str, str], token: str) -> int:
        """Ask for a run, which waits for its turn; the same token of the same person gives the same run."""
        ...

    def ensure(self, job: BuiltInJob, known: int | None) -> int:
        """The built-in job as it should be: the known one, brought up to date, or a new one."""
        ...

    def remove(self, job_id: int) -> None:
        """Take a job away; one that is gone already stays so."""
        ...

    def repair(self, run_id: int) -> bool:
        """Let a run go on with what has failed; False while it has not ended.

        Raises:
            BoathouseError: It cannot be repaired.
        """
        ...

    def approval_task(self, job_id: int) -> str | None:
        """The key of the job's first task whose key begins with ``approval``."""
        ...
