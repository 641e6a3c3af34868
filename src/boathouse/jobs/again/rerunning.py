"""The verbs that run something again, or for many instants: repairs and backfills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boathouse.catalog import Privilege
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.principals import Principal
from boathouse.jobs.access import SUBMIT_RUN, Access
from boathouse.jobs.again.backfills import BackfillRepository, instants
from boathouse.jobs.again.repairs import (
    Renewed,
    RepairRepository,
    RepairRequest,
    require_repairable,
    require_same_tasks,
    tasks_to_repeat,
)
from boathouse.jobs.parameters import read_as_of, run_parameters
from boathouse.jobs.records import Backfill, Job, Run, Start, TaskOverrides
from boathouse.jobs.repository import JobRepository, NewRun, RunRepository


class BackfillNotFound(NotFound):
    """There is no such backfill, or the principal may not see its job."""


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """A range of instants, and what the runs for them have in common."""

    first: str
    last: str
    every: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    concurrency: int | None = None
    """How many at a time; None: as many as the job may run."""


class Repairs:
    """Repairs of runs."""

    def __init__(self, access: Access, jobs: JobRepository, repairs: RepairRepository, clock: Clock) -> None:
        self._access = access
        self._jobs = jobs
        self._repairs = repairs
        self._clock = clock

    def begin(self, principal: Principal, run_id: int, request: RepairRequest) -> int:
        """Do again what has failed, or what is named; gives the id of the repair.

        The definition is that of the job as it is now, so that what was mended since is used.

        Raises:
            Conflict: The run has not ended, somebody else has repaired it, or the job has other tasks by now.
            InvalidInput: There is nothing to repair, or no such task.
        """
        with self._access.verb(principal, "repairRun", None, run_id=run_id):
            run = self._access.run(principal, Privilege.RUN_JOB, run_id)
            require_repairable(run, request)
            renewed = self._renewed(run, request)
            keys = tasks_to_repeat(run, renewed.settings.tasks, request)
            return self._repairs.begin(run, keys, renewed, epoch_ms(self._clock.now()))

    def _renewed(self, run: Run, request: RepairRequest) -> Renewed:
        job = self._jobs.find(run.job_id) if run.run_type != SUBMIT_RUN else None
        settings = job.settings if job else run.settings
        require_same_tasks(run, settings)
        known = {each.name for each in settings.parameters}
        before = {name: value for name, value in run.parameters.items() if name in known}
        return Renewed(
            settings=settings,
            deployment=job.deployment if job else run.deployment,
            run_as=job.run_as if job else run.run_as,
            parameters=run_parameters(settings, {**before, **request.parameters}),
            overrides=request.overrides or run.overrides,
        )


class Backfills:
    """Backfills of jobs."""

    def __init__(
        self, access: Access, backfills: BackfillRepository, runs: RunRepository, repairs: Repairs, clock: Clock
    ) -> None:
        self._access = access
        self._backfills = backfills
        self._runs = runs
        self._repairs = repairs
        self._clock = clock

    def begin(self, principal: Principal, job_id: int, request: BackfillRequest) -> int:
        """Ask for a run at each instant of the range; gives the id of the backfill.

        Raises:
            NonsenseRange: The range holds no instant, or too many.
            InvalidInput: More shall run at a time than the job may run.
        """
        with self._access.verb(principal, "backfill", job_id, first=request.first, last=request.last):
            job = self._access.job(principal, Privilege.RUN_JOB, job_id)
            first, last = read_as_of(request.first, "The start"), read_as_of(request.last, "The end")
            assert first is not None and last is not None
            at = instants(first, last, request.every)
            concurrency = _concurrency(job, request.concurrency)
            now = epoch_ms(self._clock.now())
            backfill = Backfill(0, job_id, first, last, request.every, concurrency, principal.name, now)
            new = NewRun(
                job=job,
                parameters=run_parameters(job.settings, request.parameters),
                overrides=TaskOverrides(),
                as_of=None,
                creator=principal.name,
                idempotency_token=None,
                name=job.settings.name,
                start=Start(),
            )
            return self._backfills.begin(backfill, new, at)

    def get(self, principal: Principal, backfill_id: int) -> Backfill:
        with self._access.verb(principal, "getBackfill", None, backfill_id=backfill_id):
            return self._require(principal, Privilege.VIEW_JOB, backfill_id)

    def list(self, principal: Principal, job_id: int) -> Sequence[Backfill]:
        """Those of a job, newest first."""
        with self._access.verb(principal, "listBackfills", job_id):
            self._access.job(principal, Privilege.VIEW_JOB, job_id)
            return self._backfills.of_job(job_id)

    def cancel(self, principal: Principal, backfill_id: int) -> int:
        """Cancel what has not ended; gives how many runs that were."""
        with self._access.verb(principal, "cancelBackfill", None, backfill_id=backfill_id):
            self._require(principal, Privilege.RUN_JOB, backfill_id)
            found = self._backfills.open_runs(backfill_id)
            for run_id in found:
                self._runs.request_cancel(run_id, epoch_ms(self._clock.now()))
            return len(found)

    def resume(self, principal: Principal, backfill_id: int) -> int:
        """Do again what failed or was cancelled; gives how many runs that were.

        Raises:
            Conflict: One of them cannot be repaired; those before it have been.
        """
        with self._access.verb(principal, "resumeBackfill", None, backfill_id=backfill_id):
            self._require(principal, Privilege.RUN_JOB, backfill_id)
            found = self._backfills.unsuccessful_runs(backfill_id)
            for run_id in found:
                run = self._access.run(principal, Privilege.RUN_JOB, run_id)
                request = RepairRequest(
                    rerun_all_failed_tasks=True, rerun_dependent_tasks=True, latest_repair_id=run.latest_repair_id
                )
                self._repairs.begin(principal, run_id, request)
            return len(found)

    def _require(self, principal: Principal, privilege: Privilege, backfill_id: int) -> Backfill:
        found = self._backfills.find(backfill_id)
        hint = "List them with: boathouse jobs backfills JOB"
        missing = BackfillNotFound(f"There is no backfill {backfill_id}.", hint=hint)
        if found is None:
            raise missing
        try:
            self._access.job(principal, privilege, found.job_id)
        except NotFound as error:
            raise missing from error
        return found


def _concurrency(job: Job, wanted: int | None) -> int:
    most = job.settings.max_concurrent_runs
    if most < 1:
        raise InvalidInput(f"The job {job.job_id} may not run: its max_concurrent_runs is 0.")
    if wanted is not None and not 1 <= wanted <= most:
        raise InvalidInput(
            f"{wanted} runs at a time are not possible: max_concurrent_runs of job {job.job_id} is {most}.",
            hint="Raise max_concurrent_runs of the job, or take fewer.",
        )
    return wanted or most
