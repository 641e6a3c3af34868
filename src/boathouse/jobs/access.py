"""Who may see and do what with jobs and runs, and that it is written down."""

from collections.abc import Sequence
from typing import Any

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.law import Catalog
from boathouse.catalog.securables import METASTORE_NAME
from boathouse.foundation.errors import Denied, NotFound
from boathouse.foundation.principals import Principal
from boathouse.jobs.records import Job, Run
from boathouse.jobs.repository import JobRepository, RunRepository

JOB = SecurableKind.JOB
_SERVICE = "jobs"
SUBMIT_RUN = "SUBMIT_RUN"


class JobNotFound(NotFound):
    """There is no such job, or the principal may not know of it."""


class RunNotFound(NotFound):
    """There is no such run, or the principal may not see its job."""


class Access:
    """The one gate before every verb of this room."""

    def __init__(self, catalog: Catalog, jobs: JobRepository, runs: RunRepository) -> None:
        self._catalog = catalog
        self._jobs = jobs
        self._runs = runs

    def verb(self, principal: Principal, action: str, job_id: int | None, **params: Any) -> Any:
        """Audit the block as this verb."""
        name = None if job_id is None else str(job_id)
        return self._catalog.audit.verb(principal, _SERVICE, action, JOB, name, params)

    def job(self, principal: Principal, privilege: Privilege, job_id: int) -> Job:
        """The job, if the principal has the privilege on it."""
        job = self._jobs.find(job_id)
        missing = JobNotFound(f"There is no job {job_id}.", hint="List them with: boathouse jobs list")
        if job is None:
            raise missing
        try:
            self._catalog.grants.require(principal, privilege, JOB, str(job_id))
        except NotFound:
            raise missing from None
        return job

    def run(self, principal: Principal, privilege: Privilege, run_id: int) -> Run:
        """The run with its tasks, by its own id or that of one of its tasks."""
        run = self._runs.find(run_id)
        if run is None and (task := self._runs.find_task(run_id)):
            run = self._runs.find(task.run_id)
        return self._known(principal, privilege, run, run_id)

    def head(self, principal: Principal, privilege: Privilege, run_id: int) -> Run:
        """:meth:`run` without its tasks."""
        run = self._runs.head(run_id)
        if run is None and (task := self._runs.find_task(run_id)):
            run = self._runs.head(task.run_id)
        return self._known(principal, privilege, run, run_id)

    def require_submit(self, principal: Principal) -> None:
        """Whoever may create jobs may have tasks run without one."""
        self._catalog.grants.require(principal, Privilege.CREATE_JOB, SecurableKind.METASTORE, METASTORE_NAME)

    def visible_ids(self, principal: Principal, name: str | None) -> Sequence[int]:
        return self.only_visible(principal, self._jobs.ids(name=name))

    def only_visible(self, principal: Principal, ids: Sequence[int]) -> Sequence[int]:
        """Those jobs that the principal may know of, in the order given."""
        visible = self._catalog.grants.visible(principal, JOB, [str(job_id) for job_id in ids])
        return [job_id for job_id in ids if str(job_id) in visible]

    def run_as(self, principal: Principal, wanted: str | None, before: str) -> str:
        """Whose rights tasks have. Only administrators may lend somebody else's."""
        if wanted is None or wanted == before:
            return before
        if wanted != principal.name and not principal.is_admin:
            raise Denied(
                f"{principal} may not create a job that runs as {wanted}: only administrators may.",
                hint="Leave run_as out: the job then runs as you.",
            )
        return self._catalog.identities.principal(wanted).name

    def _known(self, principal: Principal, privilege: Privilege, run: Run | None, run_id: int) -> Run:
        if run is None or not self._may_know(principal, run):
            raise RunNotFound(f"There is no run {run_id}.", hint="List them with: boathouse jobs runs")
        if not principal.is_admin and run.run_type != SUBMIT_RUN:
            self._catalog.grants.require(principal, privilege, JOB, str(run.job_id))
        return run

    def _may_know(self, principal: Principal, run: Run) -> bool:
        if principal.is_admin:
            return True
        if run.run_type == SUBMIT_RUN:
            return principal.name == run.creator
        return bool(self._catalog.grants.visible(principal, JOB, [str(run.job_id)]))
