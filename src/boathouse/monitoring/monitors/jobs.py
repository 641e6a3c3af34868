"""What monitors need of the jobs beside them; the wiring brings it."""

from dataclasses import dataclass
from typing import Protocol

from boathouse.monitoring.monitors.nouns import Monitor


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run has ended."""

    is_good: bool
    is_cancelled: bool
    message: str


class RefreshJobs(Protocol):
    """Jobs, as far as monitors need them: each monitor has one of its own, which carries its schedule."""

    def ensure(self, monitor: Monitor) -> int:
        """The monitor's job as it should be: the known one, brought up to date, or a new one.

        Raises:
            BoathouseError: The job is refused; a schedule that is none, say.
        """
        ...

    def remove(self, job_id: int) -> None:
        """Take a job away; one that is gone already stays so."""
        ...

    def run(self, monitor: Monitor, refresh_id: int) -> int:
        """Ask for the run of a refresh; the same refresh gives the same run."""
        ...

    def cancel(self, run_id: int) -> None: ...

    def end_of(self, run_id: int) -> RunEnd | None:
        """How a run has ended; None while it has not."""
        ...
