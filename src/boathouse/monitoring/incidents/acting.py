"""What incidents need of other rooms: somebody who does the steps, and jobs that run them. The wiring brings both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from boathouse.foundation.principals import Principal
from boathouse.monitoring.incidents.playbook import PlaybookStep


@dataclass(frozen=True, slots=True)
class Order:
    """A step that is to be done now."""

    step: PlaybookStep
    incident: int
    title: str
    token: str
    """The same at every attempt: what has been asked for with it is not asked for twice."""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What was there before the first attempt."""


class Actions(Protocol):
    """Does single steps, with the rights of a principal."""

    def before(self, principal: Principal, step: PlaybookStep) -> Mapping[str, Any]:
        """What is there now and will be changed; kept before the step begins."""
        ...

    def do(self, principal: Principal, order: Order) -> str:
        """Do it, or find that it is done already; gives what came of it, in words."""
        ...

    def problems(self, principal: Principal, step: PlaybookStep) -> str | None:
        """Why the step could not be done if it were to be done now; None when nothing is known against it."""
        ...


class PlaybookJobs(Protocol):
    """The jobs that run playbooks."""

    def ensure(self, name: str, owner: str, titles: list[str], known: int | None) -> int:
        """The job of a playbook, made or brought up to date; gives its id."""
        ...

    def remove(self, job_id: int) -> None: ...

    def require_may_run(self, principal: Principal, job_id: int) -> None:
        """
        Raises:
            Denied: The principal may not run it.
        """
        ...

    def run(self, asked_by: Principal, job_id: int, incident: int, token: str) -> int:
        """Start it, once for a token; gives the run."""
        ...

    def go_on(self, run_id: int) -> bool:
        """Do again what has failed, and what comes after; False while the run is under way."""
        ...

    def state(self, run_id: int) -> str | None:
        """What has become of a run, in a word."""
        ...
