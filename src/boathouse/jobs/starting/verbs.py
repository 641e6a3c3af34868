"""The verbs on what starts runs: look at it, pause it, let it go on."""

from collections.abc import Callable, Sequence

from boathouse.catalog import Privilege
from boathouse.foundation.errors import Conflict
from boathouse.foundation.principals import Principal
from boathouse.jobs.access import Access
from boathouse.jobs.records import Job
from boathouse.jobs.repository import JobRepository
from boathouse.jobs.settings import JobSettings, PauseStatus
from boathouse.jobs.starting.repository import StarterRepository
from boathouse.jobs.starting.starters import Starter

Change = Callable[[Principal, int, JobSettings], None]


class Starting:
    """What the doors call."""

    def __init__(self, access: Access, jobs: JobRepository, starters: StarterRepository, change: Change) -> None:
        self._access = access
        self._jobs = jobs
        self._starters = starters
        self._change = change

    def list(self, principal: Principal) -> Sequence[tuple[str, Starter]]:
        """What starts the visible jobs, each with the job's name, the one that is next first."""
        with self._access.verb(principal, "listSchedules", None):
            visible = set(self._access.visible_ids(principal, None))
            found = [starter for starter in self._starters.all() if starter.job_id in visible]
            names = {job.job_id: job.settings.name for job in self._jobs.many([each.job_id for each in found])}
        known = [(names[starter.job_id], starter) for starter in found if starter.job_id in names]
        return sorted(known, key=lambda each: (each[1].due_at is None, each[1].due_at or 0, each[1].job_id))

    def of(self, job: Job) -> Starter | None:
        """What starts a job that the principal has been shown."""
        return self._starters.find(job.job_id)

    def set_pause(self, principal: Principal, job_id: int, status: PauseStatus) -> None:
        """Pause what starts a job's runs, or let it go on; what happens meanwhile starts nothing later.

        Raises:
            Conflict: Nothing starts the job but people and programs.
        """
        job = self._access.job(principal, Privilege.MANAGE, job_id)
        settings = job.settings
        for name in ("schedule", "trigger", "continuous"):
            if (said := getattr(settings, name)) is not None:
                changed = said.model_copy(update={"pause_status": status})
                self._change(principal, job_id, JobSettings(name=settings.name, **{name: changed}))
                return
        raise Conflict(
            f"The job {settings.name!r} has no schedule, no trigger, and is not continuous.",
            hint="Give it a schedule first; people can run it any time.",
        )
