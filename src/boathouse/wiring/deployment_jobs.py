"""Deployment jobs of models, joined with the jobs: what a model's new version starts, and what goes on when signed."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.clock import Clock
from boathouse.foundation.errors import Conflict, InvalidInput, NotFound
from boathouse.foundation.looping import Loop
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.jobs import Jobs, JobSettings, read_job
from boathouse.jobs.again.repairs import RepairRequest
from boathouse.jobs.records import Start
from boathouse.jobs.states import ResultState
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.approval.repository import ApprovalRepository
from boathouse.models.authority import with_authority
from boathouse.models.deployment.repository import DeploymentFollower, DeploymentRepository
from boathouse.models.deployment.resuming import Resuming
from boathouse.models.deployment.runner import PARAMETERS, BuiltInJob
from boathouse.models.deployment.starting import DeploymentJobs

LOOK_SECONDS = 0.5
CLEAN_SECONDS = 30.0
"""How often jobs of requirements that were withdrawn are looked for."""
ENVIRONMENT = "model"
STEPS = (
    ("evaluate", "evaluate_model", "Asks every gate of the policy and records the evidence"),
    ("gates", "check_gates", "Fails with what blocks"),
    ("approval", "check_approval", "Waits for whoever has to sign"),
    ("promote", "promote_model", "Moves the production alias"),
)


class ModelJobs:
    """The jobs as deployments need them (``models.deployment.JobRunner``)."""

    def __init__(self, jobs: Jobs, catalog: Catalog) -> None:
        self._jobs = jobs
        self._catalog = catalog

    def find(self, principal: Principal, text: str) -> int:
        if text.isdecimal():
            return self._jobs.get(principal, int(text)).job_id
        found = self._jobs.list(principal, name=text, limit=2)
        if len(found) > 1:
            raise Conflict(f"Several jobs are called {text!r}.", hint="Name the job by its id.")
        if not found:
            raise NotFound(f"There is no job {text!r}.", hint="List them with: boathouse jobs list")
        return found[0].job_id

    def require_may_run(self, principal: Principal, job_id: int) -> None:
        self._catalog.grants.require(principal, Privilege.RUN_JOB, SecurableKind.JOB, str(job_id))
        job = self._jobs.get(principal, job_id)
        missing = set(PARAMETERS) - {each.name for each in job.settings.parameters}
        if missing:
            raise InvalidInput(
                f"The job {job.settings.name!r} cannot be a deployment job: it has no parameter "
                f"{' and no parameter '.join(sorted(missing))}.",
                hint="A deployment job declares the parameters model_name and model_version.",
            )

    def run(self, asked_by: str, job_id: int, parameters: Mapping[str, str], token: str) -> int:
        # Whoever chose the job was asked for the right; whoever made the version has asked for this run.
        acting = with_authority(Principal(asked_by))
        return self._jobs.run_now(
            acting, job_id, parameters=parameters, idempotency_token=token, start=Start(is_queued=True)
        )

    def ensure(self, job: BuiltInJob, known: int | None) -> int:
        acting = with_authority(Principal(job.owner))
        wanted = built_in_settings(job)
        if known is not None:
            with suppress(NotFound):
                found = self._jobs.get(acting, known)
                if found.settings.to_json() != wanted.to_json() or found.run_as != job.run_as:
                    self._jobs.reset(acting, known, wanted)
                return known
        return self._jobs.create(acting, wanted)

    def remove(self, job_id: int) -> None:
        with suppress(NotFound):
            self._jobs.delete(SYSTEM, job_id)

    def repair(self, run_id: int) -> bool:
        run = self._jobs.get_run(SYSTEM, run_id)
        if not run.state.life_cycle.is_final:
            return False
        if run.state.result is ResultState.CANCELED:
            raise Conflict(f"The run {run_id} was cancelled.", hint="Start a new one: boathouse model deploy")
        request = RepairRequest(
            rerun_all_failed_tasks=True, rerun_dependent_tasks=True, latest_repair_id=run.latest_repair_id
        )
        self._jobs.repairs.begin(SYSTEM, run_id, request)
        return True

    def approval_task(self, job_id: int) -> str | None:
        tasks = self._jobs.get(SYSTEM, job_id).settings.tasks
        return next((task.task_key for task in tasks if task.task_key.lower().startswith("approval")), None)


def built_in_settings(job: BuiltInJob) -> JobSettings:
    """The built-in deployment job of a model."""
    before: str | None = None
    tasks: list[dict[str, Any]] = []
    for key, entry_point, description in STEPS:
        task: dict[str, Any] = {
            "task_key": key,
            "description": description,
            "python_wheel_task": {
                "package_name": "boathouse",
                "entry_point": entry_point,
                "named_parameters": {name: f"{{{{job.parameters.{name}}}}}" for name in PARAMETERS},
            },
        }
        if before is not None:
            task["depends_on"] = [{"task_key": before}]
        if job.environment and key == "evaluate":
            task["environment_key"] = ENVIRONMENT
        tasks.append(task)
        before = key
    settings: dict[str, Any] = {
        "name": f"Deployment of {job.model}",
        "description": "Made from the model's requirements; change those, not this.",
        "parameters": [{"name": "model_name", "default": job.model}, {"name": "model_version", "default": ""}],
        "tasks": tasks,
        "max_concurrent_runs": 1,
        "queue": {"enabled": True},
        "run_as": {"user_name": job.run_as},
    }
    if job.environment:
        settings["environments"] = [{"environment_key": ENVIRONMENT, "spec": dict(job.environment)}]
    return read_job(settings)


class DeploymentLoop:
    """Starts what waits and lets go on what was signed, in a thread of its own."""

    def __init__(self, jobs: DeploymentJobs, resuming: Resuming, is_ready: Callable[[], bool]) -> None:
        self._jobs = jobs
        self._resuming = resuming
        self._is_ready = is_ready
        self._clean_at = 0.0
        self._loop = Loop("deployments", LOOK_SECONDS, self.tick, trouble="Deployment jobs could not be looked at")

    def start(self) -> None:
        self._loop.start()

    def stop(self) -> None:
        self._loop.stop()

    def tick(self) -> int:
        """One round; how many runs were started or went on. Before MLflow is there, nothing can be said of versions."""
        if not self._is_ready():
            return 0
        if time.monotonic() >= self._clean_at:
            self._clean_at = time.monotonic() + CLEAN_SECONDS
            self._jobs.remove_orphans()
        return self._jobs.start_waiting() + self._resuming.go_on()


def build_deployment_jobs(
    database: Database, catalog: Catalog, models: Models, jobs: Jobs, clock: Clock
) -> tuple[DeploymentJobs, DeploymentLoop]:
    """Join models and jobs: every new version, every deployment of requirements and every signature is heard of."""
    runner = ModelJobs(jobs, catalog)
    deployed = models.requirements.deployed
    deploying = DeploymentJobs(
        catalog, clock, DeploymentRepository(database), runner, deployed, models.repository.versions_of
    )
    models.deployment_jobs = deploying
    models.provenance.tell(deploying.version_made)
    models.provenance.follow(DeploymentFollower())
    models.requirements.listen(deploying.requirements_deployed)
    models.approval_tags.key_of = deploying.approval_task
    resuming = Resuming(clock, ApprovalRepository(database), models.approvals, runner)
    return deploying, DeploymentLoop(deploying, resuming, lambda: models.state == "ready")
