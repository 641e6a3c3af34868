"""Starts deployment jobs: once per new version, whatever dies in between, and again when somebody asks.

A new version leaves a start in the transaction that makes it known. A loop in the background asks for the run, with a
token that gives the same run when it is asked for twice, and writes down what became of it.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.models.deployment.choosing import ChosenJob, Kind, choose_job, starts_by_itself
from boathouse.models.deployment.nouns import DeploymentStart, StartState
from boathouse.models.deployment.repository import DeploymentRepository
from boathouse.models.deployment.runner import BuiltInJob, JobRunner
from boathouse.models.nouns import NewVersion
from boathouse.models.requirements.nouns import Revision

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

log = logging.getLogger(__name__)

KIND = SecurableKind.REGISTERED_MODEL
MOST_ATTEMPTS = 20
_FIRST_PAUSE_MS = 1_000
_LONGEST_PAUSE_MS = 60_000
_LASTING = (Conflict, Denied, InvalidInput, NotFound)
"""Trying again would not help: somebody has to change something."""
NO_JOB = "The model has no deployment job."
NOT_BY_ITSELF = "Its requirements say that no version starts the job by itself."


class NoDeploymentJob(Conflict):
    """There is no job that could be started for this model."""


class DeploymentJobs:
    """The verbs on deployment jobs, and the loop's part."""

    def __init__(
        self,
        catalog: "Catalog",
        clock: Clock,
        repository: DeploymentRepository,
        runner: JobRunner,
        deployed: Callable[[str], Revision | None],
        versions: Callable[[str], list[int]],
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._repository = repository
        self._runner = runner
        self._deployed = deployed
        self._versions = versions

    # --- new versions

    def version_made(self, connection: Connection, made: NewVersion) -> None:
        """Write down that a version's job is to start, in the transaction that makes the version known."""
        if made.starts_job and made.principal != SYSTEM.name:  # the system only finds versions that were there before
            start = DeploymentStart(made.model, made.version, new_id(), made.principal, self._now())
            self._repository.add(connection, start)

    def start_waiting(self) -> int:
        """Start what waits; gives how many runs that were."""
        return sum(self._settle(start) for start in self._repository.waiting(self._now()))

    # --- verbs

    def deploy(self, principal: Principal, name: ModelName, version: int) -> DeploymentStart:
        """Start a version's deployment job by hand, also once more.

        Raises:
            NoDeploymentJob: The model has none.
            Denied: The principal may not manage the model.
        """
        params = {"version": version}
        with self._catalog.audit.verb(principal, "models", "deployModelVersion", KIND, str(name), params):
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, str(name))
            known = self._versions(str(name))
            if version not in known:
                numbers = ", ".join(str(each) for each in sorted(known)[-10:]) or "none yet"
                raise NotFound(f"{name} has no version {version}.", hint=f"It has: {numbers}.")
            chosen, deployed = self._chosen(str(name))
            if chosen is None:
                raise NoDeploymentJob(
                    f"{name} has no deployment job.",
                    hint="Write its requirements in boathouse.yml and deploy them: boathouse bundle deploy",
                )
            start = DeploymentStart(str(name), version, new_id(), principal.name, self._now())
            done = self._started(start, self._job_to_start(chosen, deployed))
            self._repository.put(done)
            return done

    def starts(self, principal: Principal, name: ModelName, version: int | None = None) -> list[DeploymentStart]:
        """What was started for a model's versions, newest version first."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(name))
        return self._repository.starts(str(name), version)

    def job_of(self, principal: Principal, name: ModelName) -> ChosenJob | None:
        """The model's deployment job."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(name))
        return self._chosen(str(name))[0]

    # --- which job

    def requirements_deployed(self, principal: Principal, revision: Revision) -> None:
        """Make the built-in job, or bring it up to date; check a project's own.

        Raises:
            NotFound: There is no such job.
            Denied: The principal may not run it, or may not let it run as somebody else.
        """
        chosen = choose_job(self._repository.job_of(revision.model), revision)
        if chosen is None or chosen.kind is Kind.NAMED:
            return
        if chosen.kind is Kind.OWN:
            self._runner.require_may_run(principal, self._runner.find(principal, chosen.job))
        else:
            self._ensure_built_in(principal, revision)

    def remove_orphans(self) -> int:
        """Take away the built-in jobs of models whose requirements were withdrawn, or that are gone; how many."""
        found = self._repository.orphans()
        for known in found:
            if known.built_in is not None:
                self._runner.remove(known.built_in)
            self._repository.change_job(known.model, built_in=None)
        return len(found)

    def require_may_name(self, principal: Principal, text: str) -> None:
        """
        Raises:
            NotFound: There is no such job.
            Denied: The principal may not run it.
        """
        self._runner.require_may_run(principal, self._runner.find(principal, text))

    def name_job(self, principal: Principal, model: str, text: str | None) -> None:
        """Keep the job that MLflow's client has named for a model; None takes the name back."""
        self._repository.change_job(model, named=text or None, named_by=principal.name if text else None)

    def named_jobs(self, models: list[str]) -> dict[str, str]:
        """The jobs that MLflow's clients have named, by model."""
        return {name: known.named for name, known in self._repository.jobs_of(models).items() if known.named}

    def approval_task(self, model: str) -> str | None:
        """The key of the task of a model's job that waits for signatures; None when that cannot be said."""
        chosen, _ = self._chosen(model)
        if chosen is None or not chosen.job:
            return None
        try:
            return self._runner.approval_task(self._runner.find(SYSTEM, chosen.job))
        except NotFound:
            return None

    # --- within

    def _now(self) -> int:
        return epoch_ms(self._clock.now())

    def _chosen(self, model: str) -> tuple[ChosenJob | None, Revision | None]:
        deployed = self._deployed(model)
        return choose_job(self._repository.job_of(model), deployed), deployed

    def _settle(self, start: DeploymentStart) -> int:
        """Start one that waits; 1 when a run came of it."""
        chosen, deployed = self._chosen(start.model)
        if chosen is None or not starts_by_itself(chosen, deployed):
            problem = NO_JOB if chosen is None else NOT_BY_ITSELF
            self._repository.settle(replace(start, state=StartState.SKIPPED, problem=problem))
            return 0
        try:
            if start.job_id is None:
                start = replace(start, job_id=self._job_to_start(chosen, deployed))
                # Whoever goes on after a crash asks for a run of the same job, and so gets the one that was made.
                self._repository.settle(start)
            done = self._started(start, start.job_id)
        except _LASTING as error:
            done = replace(start, state=StartState.FAILED, problem=str(error))
        except BoathouseError as error:
            done = self._later(start, str(error))
        except Exception as error:  # one that fails in a way we did not foresee must not keep the others from starting
            log.exception("The deployment job of version %d of %s could not be started", start.version, start.model)
            done = self._later(start, f"{type(error).__name__}: {error}")
        self._repository.settle(done)
        return int(done.state is StartState.STARTED)

    def _later(self, start: DeploymentStart, problem: str) -> DeploymentStart:
        attempts = start.attempts + 1
        if attempts >= MOST_ATTEMPTS:
            return replace(start, state=StartState.FAILED, attempts=attempts, problem=problem)
        pause = min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS << (attempts - 1))
        return replace(start, attempts=attempts, next_at=self._now() + pause, problem=problem)

    def _started(self, start: DeploymentStart, job_id: int | None) -> DeploymentStart:
        assert job_id is not None
        parameters = {"model_name": start.model, "model_version": str(start.version)}
        run_id = self._runner.run(start.principal, job_id, parameters, f"deployment:{start.token}")
        return replace(start, state=StartState.STARTED, job_id=job_id, run_id=run_id, problem=None)

    def _job_to_start(self, chosen: ChosenJob, deployed: Revision | None) -> int:
        asker = self._catalog.identities.principal(chosen.asker)
        if chosen.kind is Kind.BUILT_IN:
            assert deployed is not None
            return self._ensure_built_in(asker, deployed)
        job_id = self._runner.find(asker, chosen.job)
        self._runner.require_may_run(asker, job_id)
        return job_id

    def _ensure_built_in(self, asker: Principal, deployed: Revision) -> int:
        settings = deployed.requirements.deployment
        run_as = settings.run_as or asker.name
        if run_as != asker.name and not asker.is_admin:
            raise Denied(
                f"{asker} may not let the deployment job of {deployed.model} run as {run_as}: only administrators may.",
                hint="Leave deployment.run_as out: the job then runs as you.",
            )
        known = self._repository.job_of(deployed.model).built_in
        wanted = BuiltInJob(deployed.model, asker.name, run_as, settings.environment or {})
        job_id = self._runner.ensure(wanted, known)
        if job_id != known:
            self._repository.change_job(deployed.model, built_in=job_id)
        return job_id
