"""Plan, deploy, destroy: bringing about on the server what a bundle asks for, step by step, with a journal.

Every step is written down before it is done and again when it is done. If the process dies in between, the next look
at the bundle finds out how far it came, so that nothing is made twice and nothing is lost; the next deployment
completes the rest. Everything is done with the rights of whoever deploys.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from boathouse.bundles.desired import DesiredState, Place, ResourceId
from boathouse.bundles.kinds import ENDPOINT_POLICIES, ENDPOINTS, REQUIREMENTS, RETRAINING
from boathouse.bundles.planning import Action, Plan, PlannedStep, Planner, Remarks, desired_hash, resolved
from boathouse.bundles.recovery import Recovery
from boathouse.bundles.repository import (
    BundleRecord,
    BundleRepository,
    DeploymentRecord,
    DeploymentStatus,
    OwnedResource,
    StepRecord,
    StepStatus,
)
from boathouse.bundles.resources import Origin, ResourceKind
from boathouse.bundles.resources.endpoint_policies import EndpointPolicies
from boathouse.bundles.resources.endpoints import BundleEndpoints
from boathouse.bundles.resources.experiments import Experiments
from boathouse.bundles.resources.jobs import BundleJobs
from boathouse.bundles.resources.model_requirements import ModelRequirements
from boathouse.bundles.resources.registered_models import RegisteredModels
from boathouse.bundles.resources.retraining_policies import RetrainingPolicies
from boathouse.bundles.resources.schemas import Schemas
from boathouse.bundles.resources.secret_scopes import SecretScopes
from boathouse.bundles.resources.volumes import Volumes
from boathouse.bundles.snapshots import FILES, Snapshots
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Conflict, NotFound, category_of, did_you_mean
from boathouse.foundation.home import Home
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.monitoring.retraining.book import PolicyBook
from boathouse.monitoring.retraining.trainings import TrainingRuns
from boathouse.serving.endpoints.service import Endpoints

if TYPE_CHECKING:
    from boathouse.catalog import Catalog
    from boathouse.jobs import Jobs
    from boathouse.models import Models

LEASE_MS = 120_000
"""How long a deployment may take over one step before others may think that it died."""
PATIENCE_SECONDS = 60.0
"""How long a deployment without a lock waits for another one to end."""


class BundleNotDeployed(NotFound):
    """Nothing of this bundle and target has been deployed."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a deployment has done."""

    plan: Plan
    deployment: DeploymentRecord | None
    """None when there was nothing to do."""
    steps: tuple[StepRecord, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "deployment": self.deployment.to_json() if self.deployment else None,
            "steps": [
                {**step.to_json(), "reason": planned.reason}
                for step, planned in zip(self.steps, self.plan.steps, strict=True)
            ],
            "unchanged": list(self.plan.unchanged),
            "code_changed": self.plan.code_changed,
            "warnings": list(self.plan.warnings),
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """What a bundle's target consists of at the moment."""

    record: BundleRecord
    deployment: DeploymentRecord | None
    resources: tuple[OwnedResource, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "bundle": self.record.name,
            "target": self.record.target,
            "owner": self.record.owner or None,
            "deployment": self.deployment.to_json() if self.deployment else None,
            "resources": [
                {
                    "resource": str(one.resource),
                    "id": one.resource_id,
                    "name": one.name,
                    "is_adopted": one.is_adopted,
                    "is_detached": one.is_detached,
                }
                for one in self.resources
            ],
        }


class Deployments:
    """The verbs on deployments."""

    def __init__(
        self, database: Database, catalog: "Catalog", jobs: "Jobs", models: "Models", home: Home, clock: Clock
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._repository = BundleRepository(database)
        self._snapshots = Snapshots(home)
        self._code_in_use: Callable[[], set[Path]] = set
        requirements = ModelRequirements(catalog, models)
        endpoints = Endpoints(catalog, clock)
        book = PolicyBook(database, catalog, TrainingRuns(database, jobs, catalog), clock)
        retraining = RetrainingPolicies(catalog, book)
        self._kinds: dict[str, ResourceKind] = {
            "schemas": Schemas(catalog),
            "volumes": Volumes(catalog),
            "registered_models": RegisteredModels(catalog, models),
            "experiments": Experiments(catalog, models),
            "secret_scopes": SecretScopes(catalog),
            "jobs": BundleJobs(catalog, jobs),
            REQUIREMENTS: requirements,
            ENDPOINTS: BundleEndpoints(catalog, endpoints),
            ENDPOINT_POLICIES: EndpointPolicies(endpoints),
            RETRAINING: retraining,
        }
        self._remarks: dict[str, Remarks] = {REQUIREMENTS: requirements.remarks, RETRAINING: retraining.remarks}
        self._planner = Planner(self._repository, self._kinds, self._remarks)
        self._running: set[str] = set()
        self._running_lock = threading.Lock()
        self._recovery_lock = threading.Lock()
        self._has_recovered = False
        self._recovery = Recovery(self._repository, self._kinds, self._now)

    def take(self, kinds: Mapping[str, ResourceKind], remarks: Mapping[str, Remarks] | None = None) -> None:
        """Deploy these kinds too, by their sections."""
        self._kinds.update(kinds)
        self._remarks.update(remarks or {})

    # --- code

    def code_in_force(self) -> set[Path]:
        """Where the code lies that the deployments in force, and those under way, were made with."""
        return {self._snapshots.folder(*where) for where in self._repository.snapshots_in_force()}

    def keep_code(self, in_use: Callable[[], set[Path]]) -> None:
        """Never remove deployed code that lies where ``in_use`` says, whatever is deployed or destroyed."""
        self._code_in_use = in_use

    def has_snapshot(self, principal: Principal, place: Place, snapshot: str) -> bool:
        return self._snapshots.exists(place.bundle, place.target, _owner(principal, place), snapshot)

    def store_snapshot(self, principal: Principal, place: Place, snapshot: str, archive: IO[bytes]) -> None:
        """Keep the uploaded code of a bundle."""
        name = f"{place.bundle}/{place.target}"
        with self._catalog.audit.verb(principal, "bundles", "uploadCode", None, name, {"snapshot": snapshot}):
            self._snapshots.store(place.bundle, place.target, _owner(principal, place), snapshot, archive)

    # --- deploying

    def plan(self, principal: Principal, desired: DesiredState) -> Plan:
        """What a deployment would do now; first, what an interrupted one left open is found out."""
        record = self._repository.find(desired.place, _owner(principal, desired.place))
        if record is not None:
            self._recover(principal, record)
        return self._planner.plan(principal, record, desired, self._origin(principal, desired, "", check=False))

    def apply(self, principal: Principal, desired: DesiredState) -> Report:
        """Bring it about.

        Raises:
            Conflict: Somebody else is deploying the same bundle and target.
            BoathouseError: A step failed; the message says which, and the next deployment goes on from there.
        """
        return self._carry_out(principal, desired, "deploy")

    def destroy(
        self, principal: Principal, place: Place, *, delete_data: tuple[str, ...] = (), lock: bool = True
    ) -> Report:
        """Remove what the bundle has made, in the opposite order; what holds data stays unless it is named."""
        self._require(principal, place)
        return self._carry_out(principal, DesiredState(place, (), lock=lock, delete_data=delete_data), "destroy")

    def plan_destroy(self, principal: Principal, place: Place, *, delete_data: tuple[str, ...] = ()) -> Plan:
        """What destroying would remove and keep."""
        record = self._require(principal, place)
        self._recover(principal, record)
        desired = DesiredState(place, (), delete_data=delete_data)
        return self._planner.plan(principal, record, desired, self._origin(principal, desired, ""))

    # --- looking

    def summary(self, principal: Principal, place: Place) -> Summary:
        """What is deployed, as far as the principal may see it.

        Raises:
            BundleNotDeployed: Nothing is.
        """
        record = self._require(principal, place)
        self._recover(principal, record)
        record = self._repository.bundle(record.id)
        visible = tuple(one for one in self._repository.owned(record.id) if self._sees(principal, one))
        active = record.active_deployment_id
        return Summary(record, self._repository.deployment(active) if active else None, visible)

    def list(self, principal: Principal) -> "list[BundleRecord]":
        """The bundles of which anything is deployed: shared ones, and the principal's own."""
        return [
            record
            for record in self._repository.every()
            if record.active_deployment_id and (record.owner in ("", principal.name) or principal.is_admin)
        ]

    def history(self, principal: Principal, place: Place, limit: int = 20) -> "list[DeploymentRecord]":
        """The deployments of a bundle's target, newest first."""
        record = self._require(principal, place)
        self._recover(principal, record)
        return self._repository.history(record.id, limit)

    def journal(self, principal: Principal, deployment_id: str) -> "tuple[DeploymentRecord, list[StepRecord]]":
        """A deployment with its steps."""
        found = self._repository.deployment(deployment_id)
        if found is not None:
            owner = self._repository.bundle(found.bundle_id).owner
            if owner in ("", principal.name) or principal.is_admin:
                return found, self._repository.steps(deployment_id)
        raise NotFound(f"There is no deployment {deployment_id}.")

    def recover_all(self) -> None:
        """After the start of the server, which has no deployment under way: find out how far each one came. Happens by
        itself before the first look at any bundle, so that the start need not wait for MLflow."""
        with self._recovery_lock:
            if self._has_recovered:
                return
            for deployment in self._repository.applying():
                self._recovery.settle(deployment)
            self._repository.release_all()
            self._has_recovered = True

    # --- within

    def _carry_out(self, principal: Principal, desired: DesiredState, action: str) -> Report:
        place = desired.place
        owner = _owner(principal, place)
        record = self._repository.ensure(place, owner, self._now())
        self._recover(principal, record)
        deployment_id = new_id()
        params = {"target": place.target, "deployment_id": deployment_id, "commit": desired.git.commit or ""}
        with self._catalog.audit.verb(principal, "bundles", f"{action}Bundle", None, place.bundle, params):
            with self._locked(principal, record, deployment_id, wait=not desired.lock):
                origin = self._origin(principal, desired, deployment_id)
                plan = self._planner.plan(principal, self._repository.bundle(record.id), desired, origin)
                if plan.is_empty and action == "deploy":
                    return Report(plan, None)
                return self._apply(principal, record, desired, plan, origin, action)

    def _apply(
        self,
        principal: Principal,
        record: BundleRecord,
        desired: DesiredState,
        plan: Plan,
        origin: Origin,
        action: str,
    ) -> Report:
        deployment = DeploymentRecord(
            id=origin.deployment_id,
            bundle_id=record.id,
            action=action,
            status=DeploymentStatus.APPLYING,
            principal=principal.name,
            started_at=self._now(),
            bundle_hash=desired_hash(desired),
            snapshot=desired.snapshot,
            git_commit=desired.git.commit,
            git_branch=desired.git.branch,
            git_origin=desired.git.origin_url,
            git_dirty=desired.git.dirty,
        )
        self._repository.open(deployment, [_record(place, step) for place, step in enumerate(plan.steps)])
        with self._closing(deployment):
            ids = dict(plan.known_ids)
            for position, step in enumerate(plan.steps):
                self._repository.start_step(deployment, position, self._now(), self._now() + LEASE_MS)
                self._do(principal, deployment, position, step, ids, origin)
        if action == "deploy":
            kept = self._code_in_use()
            self._snapshots.prune(record.name, record.target, record.owner, desired.snapshot, kept)
        elif not any(one.resource.section == "jobs" for one in self._repository.owned(record.id)):
            self._snapshots.remove_all(record.name, record.target, record.owner, self._code_in_use())
        finished = self._repository.deployment(deployment.id)
        return Report(plan, finished, tuple(self._repository.steps(deployment.id)))

    def _do(
        self,
        principal: Principal,
        deployment: DeploymentRecord,
        position: int,
        step: PlannedStep,
        ids: dict[ResourceId, str],
        origin: Origin,
    ) -> None:
        """Do one step and write down that it is done."""
        kind = self._kinds[step.resource.section]
        if step.desired is None:
            owned = step.owned
            assert owned is not None
            kept = self._leave(principal, kind, step, owned)
            self._repository.finish_step(deployment, position, self._now(), owned=kept, gone=owned)
            return
        payload = resolved(step.desired, ids, origin)
        before = step.owned.payload if step.owned else {}
        if step.action is Action.CREATE:
            resource_id = kind.create(principal, payload, origin)
        else:
            assert step.existing is not None
            resource_id = step.existing.resource_id
            if step.action is Action.ADOPT:
                kind.require_manage(principal, step.existing)
            if step.changes:
                kind.update(principal, step.existing, payload, before, origin)
        ids[step.resource] = resource_id
        is_adopted = step.action is not Action.CREATE and (step.owned is None or step.owned.is_adopted)
        made = OwnedResource(step.resource, resource_id, step.name, payload, is_adopted, False, deployment.id)
        self._repository.finish_step(deployment, position, self._now(), owned=made, gone=step.owned)

    def _leave(
        self, principal: Principal, kind: ResourceKind, step: PlannedStep, owned: OwnedResource
    ) -> OwnedResource | None:
        """Let a resource leave the bundle; what is kept because of its data stays on record."""
        if step.existing is None:
            return None
        kind.require_manage(principal, step.existing)
        if step.action is Action.DELETE:
            kind.delete(principal, step.existing, with_data=step.reason is not None)
            return None
        return replace(owned, is_detached=True) if step.action is Action.KEEP else None

    @contextmanager
    def _closing(self, deployment: DeploymentRecord) -> Generator[None]:
        """Close the journal at the end of the block, however it ends."""
        with self._running_lock:
            self._running.add(deployment.id)
        try:
            yield
        except BoathouseError as failure:
            done, total = self._fail(deployment, failure.message)
            raise category_of(failure.error_code)(
                f"{failure.message} The deployment stopped after {done} of {total} steps; nothing was undone.",
                hint=f"{failure.hint or ''} Deploy again to go on from there.".strip(),
            ) from failure
        except BaseException:
            self._fail(deployment, "The server failed; its log says why.")
            raise
        else:
            self._repository.close(deployment, DeploymentStatus.SUCCEEDED, self._now())
        finally:
            with self._running_lock:
                self._running.discard(deployment.id)

    def _fail(self, deployment: DeploymentRecord, error: str) -> tuple[int, int]:
        """End a deployment of which a step failed; gives how many steps were done, of how many. The failed step may
        have happened in part, so what it left is found out as after a crash."""
        self._recovery.settle_steps(deployment, error)
        self._repository.close(deployment, DeploymentStatus.FAILED, self._now(), error=error)
        steps = self._repository.steps(deployment.id)
        return sum(step.status is StepStatus.DONE for step in steps), len(steps)

    @contextmanager
    def _locked(self, principal: Principal, record: BundleRecord, deployment_id: str, *, wait: bool) -> Generator[None]:
        deadline = time.monotonic() + (PATIENCE_SECONDS if wait else 0)
        with self._running_lock:
            self._running.add(deployment_id)
        try:
            for pause in _pauses():
                now = self._now()
                if self._repository.acquire(record.id, deployment_id, principal.name, now, now + LEASE_MS):
                    break
                if time.monotonic() >= deadline:
                    holder = self._repository.bundle(record.id).lock_principal or "Somebody"
                    raise Conflict(
                        f"{holder} is deploying {record.name} to {record.target} at this moment.",
                        hint="Try again when that deployment has ended.",
                    )
                time.sleep(pause)
            yield
        finally:
            self._repository.release(record.id, deployment_id)
            with self._running_lock:
                self._running.discard(deployment_id)

    def _recover(self, principal: Principal, record: BundleRecord) -> None:
        """Settle deployments of this bundle that died: not ours, and their lease has run out."""
        self.recover_all()
        for deployment in self._repository.applying(record.id):
            with self._running_lock:
                is_running = deployment.id in self._running
            current = self._repository.bundle(record.id)
            is_held = current.lock_deployment_id == deployment.id and (current.lock_expires_at or 0) > self._now()
            if not is_running and not is_held:
                self._recovery.settle(deployment)

    def _origin(self, principal: Principal, desired: DesiredState, deployment_id: str, *, check: bool = True) -> Origin:
        place = desired.place
        files: Path | None = None
        if desired.snapshot is not None:
            where = (place.bundle, place.target, _owner(principal, place), desired.snapshot)
            folder = self._snapshots.require(*where) if check else self._snapshots.folder(*where)
            files = folder / FILES
        return Origin(place.bundle, place.target, deployment_id, files, desired.git)

    def _require(self, principal: Principal, place: Place) -> BundleRecord:
        record = self._repository.find(place, _owner(principal, place))
        if record is None:
            known = {f"{one.name} ({one.target})" for one in self.list(principal)}
            hint = did_you_mean(f"{place.bundle} ({place.target})", known)
            raise BundleNotDeployed(f"The bundle {place.bundle} has not been deployed to {place.target}.", hint=hint)
        return record

    def _sees(self, principal: Principal, one: OwnedResource) -> bool:
        try:
            return self._kinds[one.resource.section].get(principal, one.resource_id, {}) is not None
        except BoathouseError:
            return False

    def _now(self) -> int:
        return epoch_ms(self._clock.now())


def _owner(principal: Principal, place: Place) -> str:
    return principal.name if place.personal else ""


def _record(position: int, step: PlannedStep) -> StepRecord:
    return StepRecord(
        position=position,
        resource=step.resource,
        action=step.action.value,
        name=step.name,
        resource_id=step.resource_id,
        status=StepStatus.PLANNED,
        payload=step.desired.payload if step.desired else {},
        changes=[change.to_json() for change in step.changes],
    )


def _pauses() -> Iterator[float]:
    """Longer and longer, so that a short deployment is noticed soon and a long one costs little."""
    pause = 0.02
    while True:
        yield pause
        pause = min(pause * 1.5, 1.0)
