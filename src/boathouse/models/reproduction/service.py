"""The verbs: whether a version can be reproduced, begin to, and what came of it."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.context import TaskContext
from boathouse.foundation.errors import BoathouseError, Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.home import Home
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.models.aliases import ModelNotFound
from boathouse.models.artifact_addresses import artifact_path
from boathouse.models.nouns import NewVersion
from boathouse.models.reproduction import results
from boathouse.models.reproduction.comparing import status_of
from boathouse.models.reproduction.diverting import Diversions
from boathouse.models.reproduction.finding import Counterparts
from boathouse.models.reproduction.looking import Looking
from boathouse.models.reproduction.nouns import (
    Aspect,
    Plan,
    Registered,
    Reproduction,
    Status,
    TaskOutcome,
    Verdict,
)
from boathouse.models.reproduction.planning import plan_of
from boathouse.models.reproduction.repository import ReproductionRepository, with_held_back, with_registered

if TYPE_CHECKING:
    from boathouse.models.parts import ModelParts

log = logging.getLogger(__name__)

KIND = SecurableKind.REGISTERED_MODEL
ENTRY_POINT = "compare_predictions"
"""The task that asks both models, of the package ``boathouse``."""


class CannotReproduce(Conflict):
    """Something that it takes is not there; the message says what."""


class ReproductionNotFound(NotFound):
    """There is no such reproduction of the version."""


class Again(Protocol):
    """Has tasks of jobs done again."""

    def recipe(self, task_run_id: int) -> Mapping[str, Any] | None:
        """How a task was done; None when nobody knows."""
        ...

    def submit(
        self,
        principal: Principal,
        recipe: Mapping[str, Any],
        *,
        reproduction: str,
        environment: str | None,
        then: tuple[str, Mapping[str, str]],
    ) -> int: ...

    def outcomes(self, job_run_id: int) -> Sequence[TaskOutcome] | None:
        """How far the tasks have come, in order; None when the run is not known any more."""
        ...

    def task_run_ids(self, job_run_id: int) -> Sequence[int]: ...


class Reproductions:
    """Reproduces model versions."""

    def __init__(
        self,
        models: "ModelParts",
        repository: ReproductionRepository,
        again: Again,
        clock: Clock,
        environment_lock: Callable[[str], str | None],
        home: Home,
    ) -> None:
        self._catalog = models.catalog
        self._stores = models.stores
        self._models = models.repository
        self._files = models.files
        self._repository = repository
        self._again = again
        self._clock = clock
        self._lock = environment_lock
        self._looking = Looking(models.stores, models.catalog, models.repository, repository, environment_lock)
        self._counterparts = Counterparts(models.stores, models.repository)
        self.diversions = Diversions(home, self.held_versions, self.hold_back)
        self._one_at_a_time = threading.Lock()

    # --- the verbs

    def plan(self, principal: Principal, model: str, version: int) -> Plan:
        """What it would take, and why it cannot be done."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, model)
        self._require_version(model, version)
        return plan_of(self._looking.facts(model, version))

    def begin(self, principal: Principal, model: str, version: int) -> Reproduction:
        """Have the task of a version done again, as ``principal``; nothing that it does changes anything.

        Raises:
            CannotReproduce: Something that it takes is not there.
            Denied: The principal may not manage the model, or have tasks run.
        """
        params = {"version": str(version)}
        with self._catalog.audit.verb(principal, "models", "reproduceModelVersion", KIND, model, params):
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, model)
            self._require_version(model, version)
            plan = plan_of(self._looking.facts(model, version))
            if plan.obstacles or plan.recipe is None or plan.run_id is None:
                raise CannotReproduce(
                    f"Version {version} of {model} cannot be reproduced. {' '.join(plan.obstacles)}",
                    hint="Versions that tasks of deployed jobs register from tables can be.",
                )
            new = Reproduction(
                id=new_id(),
                model=model,
                version=version,
                run_id=plan.run_id,
                job_run_id=0,
                principal=principal.name,
                status=Status.RUNNING,
                started_at=epoch_ms(self._clock.now()),
                held=plan.held,
                limits=plan.limits,
            )
            self._repository.add(new)
            told = {"reproduction": new.id, "model": model, "version": str(version)}
            try:
                run_id = self._again.submit(
                    principal,
                    plan.recipe,
                    reproduction=new.id,
                    environment=plan.environment,
                    then=(ENTRY_POINT, told),
                )
            except BaseException:
                self._repository.drop(new.id)
                raise
            self._repository.started(new.id, run_id)
            return replace(new, job_run_id=run_id)

    def get(self, principal: Principal, model: str, version: int, id: str) -> Reproduction:
        """A reproduction; when its run is over, what came of it."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, model)
        return self._settled(self._require(model, version, id))

    def of_version(self, principal: Principal, model: str, version: int | None = None) -> list[Reproduction]:
        """The reproductions of a model or one of its versions, newest first."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, model)
        return [self._settled(each) for each in self._repository.of_version(model, version)]

    # --- what the tasks of a reproduction ask and tell

    def held_versions(self, id: str) -> Mapping[str, int]:
        """The versions of tables that its tasks read."""
        found = self._repository.find(id)
        return {each.table_id: each.version for each in found.held} if found else {}

    def models_to_ask(self, principal: Principal, model: str, version: int, id: str) -> dict[str, Any]:
        """Both models, for the task that compares their answers."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, model)
        found = self._require(model, version, id)
        run_id = self._counterparts.run(found, self._again.task_run_ids(found.job_run_id))
        model_id = self._counterparts.model_id(found, run_id) if run_id else None
        return {
            "before": f"models:/{model}/{version}",
            "after": f"models:/{model_id}" if model_id else None,
            "tables": [{"name": each.name, "version": each.version} for each in found.held],
        }

    def keep_predictions(
        self, task: TaskContext | None, model: str, version: int, id: str, told: Mapping[str, Any]
    ) -> None:
        """What the task that compares has found.

        Raises:
            Denied: It is somebody else who tells.
        """
        if task is None or task.reproduction != id:
            raise Denied("Only the task that belongs to a reproduction tells what it has found.")
        self._require(model, version, id)
        if not isinstance(told.get("rows"), int) and not told.get("reason"):
            raise InvalidInput("The predictions that were compared say neither rows nor a reason.")
        self._repository.change(id, lambda found: replace(found, predictions=dict(told)))

    def register(self, id: str, model: str, source: str, run_id: str | None) -> int | None:
        """The code wants to register a version; gives the one that it is told it has made."""
        told: list[int | None] = []

        def note(found: Reproduction) -> Reproduction:
            told.append(self._counterparts.version_to_answer(found, model))
            return with_registered(found, Registered(model, source, run_id))

        self._repository.change(id, note)
        return told[0] if told else None

    def hold_back(self, id: str, what: str) -> None:
        """Note what the code would have changed."""
        self._repository.change(id, lambda found: with_held_back(found, what))

    def is_own_run(self, task: TaskContext, run_id: str) -> bool:
        """Whether a task of this reproduction has started the run."""
        task_run_id = self._models.task_of_run(run_id)
        return task_run_id is not None and task_run_id == task.task_run_id

    # --- what the server does by itself

    def version_made(self, connection: Connection, new: NewVersion) -> None:
        """Keep the recipe of a new version, in the transaction that makes it known."""
        task_run_id = self._models.task_of_run(new.run_id) if new.run_id else None
        if new.run_id is None or task_run_id is None:
            return
        try:
            recipe = self._again.recipe(task_run_id)
        except Exception:  # the version is there all the same; only it cannot be reproduced
            log.exception("No recipe of run %s was kept", new.run_id)
            return
        if recipe is not None:
            self._repository.keep_recipe(connection, new.run_id, recipe)

    def code_in_use(self) -> set[Path]:
        """The folders of deployed code that versions may have to be reproduced from."""
        return {Path(each) for each in self._repository.source_roots()}

    # --- within

    def _settled(self, found: Reproduction) -> Reproduction:
        if found.status.is_final:
            return found
        outcomes = self._again.outcomes(found.job_run_id) if found.job_run_id else None
        if outcomes is not None and any(each.result is None for each in outcomes):
            return found
        if not found.job_run_id and epoch_ms(self._clock.now()) - found.started_at < _BEGINNING_MS:
            return found
        with self._one_at_a_time:
            latest = self._repository.find(found.id) or found
            if latest.status.is_final:
                return latest
            ended = replace(self._compared(latest, outcomes), ended_at=epoch_ms(self._clock.now()))
            if self._repository.change(found.id, lambda _: ended) is None:
                return self._repository.find(found.id) or ended
            self._put_aside(found)
            self.diversions.forget(found.id)
            return ended

    def _compared(self, found: Reproduction, outcomes: Sequence[TaskOutcome] | None) -> Reproduction:
        if not outcomes:
            return replace(found, status=Status.FAILED, message="The run that did it again has been forgotten.")
        main, *rest = outcomes
        if main.result != "SUCCESS":
            return replace(found, status=Status.FAILED, message=main.message or f"The task ended as {main.result}.")
        failure = next((each.message for each in rest if each.result != "SUCCESS"), None)
        try:
            aspects = self._aspects(found, failure)
        except (BoathouseError, OSError) as error:
            log.exception("The reproduction %s could not be compared", found.id)
            return replace(found, status=Status.FAILED, message=f"The two could not be compared: {error}")
        status = status_of(aspects)
        return replace(found, status=status, aspects=tuple(aspects), message=None)

    def _aspects(self, found: Reproduction, failure: str | None) -> list[Aspect]:
        task_run_ids = self._again.task_run_ids(found.job_run_id)
        run_id = self._counterparts.run(found, task_run_ids)
        if run_id is None:
            note = "The task has started no run of MLflow this time."
            return [Aspect("run", Verdict.DIFFERS, 1, (), note)]
        before, after = self._looking.run(found.run_id), self._looking.run(run_id)
        if before is None or after is None:
            return [Aspect("run", Verdict.NOT_COMPARED, note="One of the two runs has been deleted meanwhile.")]
        model_id = self._counterparts.model_id(found, run_id)
        written = self.diversions.written(found.id)
        inputs = [
            [each for each in self._models.inputs_of(id) if each.table_id not in written]
            for id in (found.run_id, run_id)
        ]
        return [
            *results.aspects_of_runs(before, after, self._lock),
            results.aspect_of_inputs(inputs[0], inputs[1]),
            self._aspect_of_files(found, run_id, model_id),
            results.aspect_of_predictions(found, failure),
        ]

    def _aspect_of_files(self, found: Reproduction, run_id: str, model_id: str | None) -> Aspect:
        location = self._files.location(found.model, found.version)
        before = self._files.below(location) if location else None
        place = artifact_path(self._stores.logged_model(model_id).artifact_location) if model_id else None
        after = self._files.below(place) if place else None
        original = self._stores.call(
            lambda: self._stores.registry.get_model_version(found.model, str(found.version))
        ).model_id
        return results.aspect_of_files(before, after, ([original or "", found.run_id], [model_id or "", run_id]))

    def _put_aside(self, found: Reproduction) -> None:
        """Delete the runs and models that were made only to be compared, as their owner would; gc takes the files."""
        for run_id in self._models.runs_of_tasks(self._again.task_run_ids(found.job_run_id)):
            with suppress(BoathouseError):
                for made in self._counterparts.models_of_run(run_id):
                    self._stores.call(lambda: self._stores.tracking.delete_logged_model(made.model_id))  # noqa: B023
                self._stores.call(lambda: self._stores.tracking.delete_run(run_id))  # noqa: B023

    def _require(self, model: str, version: int, id: str) -> Reproduction:
        found = self._repository.find(id)
        if found is None or (found.model, found.version) != (model, version):
            raise ReproductionNotFound(f"Version {version} of {model} has no reproduction {id!r}.")
        return found

    def _require_version(self, model: str, version: int) -> None:
        known = self._models.versions_of(model)
        if version not in known:
            numbers = ", ".join(str(each) for each in sorted(known)) or "none yet"
            raise ModelNotFound(f"{model} has no version {version}.", hint=f"It has: {numbers}.")


_BEGINNING_MS = 60_000
"""After so long a reproduction without a run will get none: its server died in between."""
