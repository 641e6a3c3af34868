"""Jobs, as far as retraining needs them: which one trains, asking for a run once, how it ended, what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.errors import Conflict, NotFound
from boathouse.foundation.principals import Principal
from boathouse.jobs import Jobs, read_job
from boathouse.jobs.records import Job, Start
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.repository.run_reading import TaskPage
from boathouse.jobs.schema import job_runs, task_runs
from boathouse.jobs.states import ResultState
from boathouse.metastore import Database
from boathouse.models.authority import with_authority

AS_OF = "as_of"
TRIGGER = "EVENT"
"""What started the run, in the words of the Jobs API; who wants to know more finds the decision in its facts."""
_MOST_TASKS = 1_000
_MOST_RUNS = 1_000
_MOST_DEPTH = 20
_ENVIRONMENT = "model"


@dataclass(frozen=True, slots=True)
class Training:
    """A run that is wanted."""

    job: str
    """An id or a name."""
    token: str
    """The same token of the same principal gives the same run."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    as_of: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the run says of why it was started."""


@dataclass(frozen=True, slots=True)
class Check:
    """A comparison of champion and trial that is wanted."""

    model: str
    version: int
    benefit: str
    """Its settings, as JSON."""
    token: str
    candidate: str | None = None
    as_of: str | None = None
    environment: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the model needs besides Boathouse."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    is_success: bool
    is_cancelled: bool = False
    message: str = ""


class TrainingRuns:
    """The verbs. Who asks is asked for the right to run the job each time."""

    def __init__(self, database: Database, jobs: Jobs, catalog: Catalog) -> None:
        self._database = database
        self._jobs = jobs
        self._catalog = catalog
        self._runs = RunRepository(database)

    def find(self, principal: Principal, text: str) -> Job:
        """A job by its id or its name.

        Raises:
            NotFound: There is none that the principal may know of.
            Conflict: Several have the name.
        """
        if text.isdecimal():
            return self._jobs.get(principal, int(text))
        found = self._jobs.list(principal, name=text, limit=2)
        if len(found) > 1:
            raise Conflict(f"Several jobs are called {text!r}.", hint="Name the job by its id.")
        if not found:
            raise NotFound(f"There is no job {text!r}.", hint="List them with: boathouse jobs list")
        return found[0]

    def require_may_run(self, principal: Principal, text: str) -> int:
        """
        Raises:
            Denied: The principal may not run the job.
        """
        job = self.find(principal, text)
        self._catalog.grants.require(principal, Privilege.RUN_JOB, SecurableKind.JOB, str(job.job_id))
        return job.job_id

    def train(self, principal: Principal, wanted: Training) -> tuple[int, int]:
        """Ask for a run, which waits for its turn; gives the job and the run."""
        job = self.find(principal, wanted.job)
        parameters = dict(wanted.parameters)
        if wanted.as_of is not None and any(each.name == AS_OF for each in job.settings.parameters):
            parameters.setdefault(AS_OF, wanted.as_of)
        start = Start(trigger=TRIGGER, trigger_info={"retraining": dict(wanted.facts)}, is_queued=True)
        run_id = self._jobs.run_now(
            principal,
            job.job_id,
            parameters=parameters,
            as_of=wanted.as_of,
            idempotency_token=wanted.token,
            start=start,
        )
        return job.job_id, run_id

    def check(self, principal: Principal, wanted: Check) -> int:
        """Ask for the run of a comparison. It has the principal's rights to data; that it may be made was decided
        with the policy."""
        named = {
            "model": wanted.model,
            "version": str(wanted.version),
            "benefit": wanted.benefit,
            "candidate": wanted.candidate or "",
            "as_of": wanted.as_of or "",
        }
        task: dict[str, Any] = {
            "task_key": "check_benefit",
            "description": "Would a new model beat the champion on the freshest labels?",
            "python_wheel_task": {
                "package_name": "boathouse",
                "entry_point": "check_benefit",
                "named_parameters": named,
            },
        }
        settings: dict[str, Any] = {"name": f"Would training {wanted.model} help?", "tasks": [task]}
        if wanted.environment:
            task["environment_key"] = _ENVIRONMENT
            settings["environments"] = [{"environment_key": _ENVIRONMENT, "spec": dict(wanted.environment)}]
        return self._jobs.submit(with_authority(principal), read_job(settings), idempotency_token=wanted.token)

    def ended(self, run_id: int) -> Ended | None:
        """How a run ended; None while it has not."""
        run = self._runs.head(run_id)
        if run is None:
            return Ended(False, message=f"the run {run_id} is gone")
        if not run.state.life_cycle.is_final:
            return None
        result = run.state.result
        done = (ResultState.SUCCESS, ResultState.SUCCESS_WITH_FAILURES)
        return Ended(result in done, result is ResultState.CANCELED, run.state.message)

    def value(self, run_id: int, name: str) -> Any:
        """What the tasks of a run have left under a name, the last one counts; None: nothing."""
        found: Any = None
        for each in self.tree(run_id):
            for task in self._runs.task_page(each, TaskPage(_MOST_TASKS)):
                found = task.values.get(name, found)
        return found

    def tree(self, run_id: int) -> list[int]:
        """A run, and those that its tasks have started."""
        found, newest = [run_id], [run_id]
        with self._database.read() as connection:
            for _ in range(_MOST_DEPTH):
                query = select(job_runs.c.run_id).where(job_runs.c.parent_run_id.in_(newest))
                newest = list(connection.execute(query.limit(_MOST_RUNS)).scalars())
                if not newest:
                    break
                found += newest
        return found

    def task_runs(self, run_id: int) -> list[int]:
        """All tasks that were run for a run, repairs and loops among them."""
        query = select(task_runs.c.task_run_id).where(task_runs.c.run_id.in_(self.tree(run_id)))
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def processor_seconds(self, run_id: int) -> float:
        """What a run has used, as far as it is known by now."""
        query = select(func.sum(task_runs.c.cpu_seconds)).where(task_runs.c.run_id.in_(self.tree(run_id)))
        with self._database.read() as connection:
            return float(connection.execute(query).scalar() or 0.0)
