"""What the server remembers of bundles: their deployments, each step of these, and the resources they own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    insert,
    or_,
    select,
    update,
)

from boathouse.bundles.desired import Place, ResourceId
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.foundation.ids import new_id
from boathouse.metastore import Database, metadata

bundles = Table(
    "bundles",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("target", String(255), nullable=False),
    Column("owner", String(255), nullable=False),  # empty: shared by all who deploy it
    Column("created_at", BigInteger, nullable=False),
    Column("active_deployment_id", String(36)),
    Column("lock_deployment_id", String(36)),
    Column("lock_principal", String(255)),
    Column("lock_expires_at", BigInteger),
    UniqueConstraint("name", "target", "owner"),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("bundle_id", String(36), ForeignKey("bundles.id"), nullable=False, index=True),
    Column("action", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("principal", String(255), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("snapshot", String(64)),
    Column("bundle_hash", String(64), nullable=False),
    Column("git_commit", String(64)),
    Column("git_branch", Text),
    Column("git_origin", Text),
    Column("git_dirty", Boolean),
    Column("error", Text),
)

deployment_steps = Table(
    "deployment_steps",
    metadata,
    Column("deployment_id", String(36), ForeignKey("deployments.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("section", String(40), nullable=False),
    Column("resource_key", String(255), nullable=False),
    Column("action", String(20), nullable=False),
    Column("name", Text, nullable=False),
    Column("resource_id", String(800)),
    Column("payload", Text, nullable=False),
    Column("changes", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("error", Text),
)

deployed_resources = Table(
    "deployed_resources",
    metadata,
    Column("bundle_id", String(36), ForeignKey("bundles.id"), primary_key=True),
    Column("section", String(40), primary_key=True),
    Column("resource_key", String(255), primary_key=True),
    Column("resource_id", String(800), primary_key=True),
    Column("name", Text, nullable=False),
    Column("payload", Text, nullable=False),  # as it was applied last
    Column("is_adopted", Boolean, nullable=False),  # it existed before; destroy lets go of it
    Column("is_detached", Boolean, nullable=False),  # not in the bundle any more, kept because it holds data
    Column("deployment_id", String(36), nullable=False),
)


class DeploymentStatus(StrEnum):
    APPLYING = "APPLYING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    INTERRUPTED = "INTERRUPTED"
    """The server died while it worked; what it had done has been found out since."""


class StepStatus(StrEnum):
    PLANNED = "PLANNED"
    STARTED = "STARTED"
    """Written before the act: after a crash, this is the one step of which we must look whether it happened."""
    DONE = "DONE"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class BundleRecord:
    """A bundle's target, as the server knows it."""

    id: str
    name: str
    target: str
    owner: str
    active_deployment_id: str | None = None
    lock_deployment_id: str | None = None
    lock_principal: str | None = None
    lock_expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """One application of a bundle."""

    id: str
    bundle_id: str
    action: str
    status: DeploymentStatus
    principal: str
    started_at: int
    bundle_hash: str
    finished_at: int | None = None
    snapshot: str | None = None
    git_commit: str | None = None
    git_branch: str | None = None
    git_origin: str | None = None
    git_dirty: bool | None = None
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a deployment, with what became of it."""

    position: int
    resource: ResourceId
    action: str
    name: str
    resource_id: str | None
    status: StepStatus
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])
    changes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "resource": str(self.resource),
            "action": self.action,
            "name": self.name,
            "id": self.resource_id,
            "status": self.status.value,
            "changes": self.changes,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class OwnedResource:
    """A thing that a bundle's deployments have made or adopted."""

    resource: ResourceId
    resource_id: str
    name: str
    payload: Mapping[str, Any]
    is_adopted: bool
    is_detached: bool
    deployment_id: str


class BundleRepository:
    """The SQL of this room."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- bundles and their lock

    def find(self, place: Place, owner: str) -> BundleRecord | None:
        query = select(bundles).where(
            bundles.c.name == place.bundle, bundles.c.target == place.target, bundles.c.owner == owner
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return _bundle(row) if row else None

    def ensure(self, place: Place, owner: str, now: int) -> BundleRecord:
        """The record of a bundle's target, made if it is new."""
        if found := self.find(place, owner):
            return found
        with self._database.write() as connection:
            query = select(bundles.c.id).where(
                bundles.c.name == place.bundle, bundles.c.target == place.target, bundles.c.owner == owner
            )
            if connection.execute(query).scalar() is None:
                values = {"id": new_id(), "name": place.bundle, "target": place.target, "owner": owner}
                connection.execute(insert(bundles).values(**values, created_at=now))
        found = self.find(place, owner)
        assert found is not None
        return found

    def snapshots_in_force(self) -> list[tuple[str, str, str, str]]:
        """Bundle, target, owner and snapshot of each deployment that is in force or under way."""
        is_needed = or_(
            deployments.c.id == bundles.c.active_deployment_id,
            deployments.c.status == DeploymentStatus.APPLYING.value,
            deployments.c.id == bundles.c.lock_deployment_id,
        )
        query = (
            select(bundles.c.name, bundles.c.target, bundles.c.owner, deployments.c.snapshot)
            .join(deployments, deployments.c.bundle_id == bundles.c.id)
            .where(is_needed, deployments.c.snapshot.is_not(None))
        )
        with self._database.read() as connection:
            return [(row.name, row.target, row.owner, row.snapshot) for row in connection.execute(query)]

    def every(self) -> list[BundleRecord]:
        with self._database.read() as connection:
            ordered = select(bundles).order_by(bundles.c.name, bundles.c.target, bundles.c.owner)
            return [_bundle(row) for row in connection.execute(ordered).mappings()]

    def bundle(self, bundle_id: str) -> BundleRecord:
        with self._database.read() as connection:
            return _bundle(connection.execute(select(bundles).where(bundles.c.id == bundle_id)).mappings().one())

    def acquire(self, bundle_id: str, deployment_id: str, principal: str, now: int, expires_at: int) -> bool:
        """Take the lock if it is free or its lease has run out."""
        free = or_(bundles.c.lock_deployment_id.is_(None), bundles.c.lock_expires_at < now)
        with self._database.write() as connection:
            taken = connection.execute(
                update(bundles)
                .where(bundles.c.id == bundle_id, free)
                .values(lock_deployment_id=deployment_id, lock_principal=principal, lock_expires_at=expires_at)
            )
            return taken.rowcount == 1

    def release(self, bundle_id: str, deployment_id: str) -> None:
        with self._database.write() as connection:
            connection.execute(
                update(bundles)
                .where(bundles.c.id == bundle_id, bundles.c.lock_deployment_id == deployment_id)
                .values(lock_deployment_id=None, lock_principal=None, lock_expires_at=None)
            )

    def release_all(self) -> None:
        """Free every lock: nobody can hold one when the server has just started."""
        with self._database.write() as connection:
            unlocked: dict[str, Any] = {"lock_deployment_id": None, "lock_principal": None, "lock_expires_at": None}
            connection.execute(update(bundles).where(bundles.c.lock_deployment_id.is_not(None)).values(unlocked))

    # --- the journal

    def open(self, deployment: DeploymentRecord, steps: list[StepRecord]) -> None:
        """Write down what is going to be done, before any of it is."""
        with self._database.write() as connection:
            connection.execute(insert(deployments).values(deployment.to_json()))
            if steps:
                connection.execute(insert(deployment_steps), [_step_values(deployment.id, step) for step in steps])

    def start_step(self, deployment: DeploymentRecord, position: int, now: int, expires_at: int) -> None:
        """Say that the step is being done; the lease of the lock begins anew."""
        with self._database.write() as connection:
            _set_step(connection, deployment.id, position, status=StepStatus.STARTED, started_at=now)
            connection.execute(
                update(bundles)
                .where(bundles.c.id == deployment.bundle_id, bundles.c.lock_deployment_id == deployment.id)
                .values(lock_expires_at=expires_at)
            )

    def finish_step(
        self,
        deployment: DeploymentRecord,
        position: int,
        now: int,
        *,
        owned: OwnedResource | None = None,
        gone: OwnedResource | None = None,
    ) -> None:
        """Say that the step is done, and what the bundle owns since."""
        with self._database.write() as connection:
            subject = owned or gone
            resource_id = subject.resource_id if subject else None
            _set_step(
                connection, deployment.id, position, status=StepStatus.DONE, finished_at=now, resource_id=resource_id
            )
            if gone is not None:
                _forget(connection, deployment.bundle_id, gone)
            if owned is not None:
                _forget(connection, deployment.bundle_id, owned)
                connection.execute(insert(deployed_resources).values(_owned_values(deployment.bundle_id, owned)))

    def settle_step(
        self, deployment_id: str, position: int, now: int, status: StepStatus, error: str | None = None
    ) -> None:
        with self._database.write() as connection:
            _set_step(connection, deployment_id, position, status=status, finished_at=now, error=error)

    def close(
        self, deployment: DeploymentRecord, status: DeploymentStatus, now: int, *, error: str | None = None
    ) -> None:
        """End a deployment; what was not begun is skipped, and the lock is free."""
        with self._database.write() as connection:
            connection.execute(
                update(deployments)
                .where(deployments.c.id == deployment.id)
                .values(status=status, finished_at=now, error=error)
            )
            connection.execute(
                update(deployment_steps)
                .where(
                    deployment_steps.c.deployment_id == deployment.id,
                    deployment_steps.c.status == StepStatus.PLANNED,
                )
                .values(status=StepStatus.SKIPPED)
            )
            values: dict[str, Any] = {}
            if status is DeploymentStatus.SUCCEEDED:
                values["active_deployment_id"] = deployment.id if deployment.action == "deploy" else None
            mine = bundles.c.lock_deployment_id == deployment.id
            unlocked: dict[str, Any] = {"lock_deployment_id": None, "lock_principal": None, "lock_expires_at": None}
            connection.execute(update(bundles).where(bundles.c.id == deployment.bundle_id, mine).values(unlocked))
            if values:
                connection.execute(update(bundles).where(bundles.c.id == deployment.bundle_id).values(values))
            events.write(connection, [_ended(connection, deployment, status, error)], now)

    def deployment(self, deployment_id: str) -> DeploymentRecord | None:
        query = select(deployments).where(deployments.c.id == deployment_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return _deployment(row) if row else None

    def history(self, bundle_id: str, limit: int) -> list[DeploymentRecord]:
        """Newest first."""
        query = (
            select(deployments)
            .where(deployments.c.bundle_id == bundle_id)
            .order_by(deployments.c.started_at.desc(), deployments.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_deployment(row) for row in connection.execute(query).mappings()]

    def applying(self, bundle_id: str | None = None) -> list[DeploymentRecord]:
        """Deployments that have begun and not ended."""
        query = select(deployments).where(deployments.c.status == DeploymentStatus.APPLYING)
        if bundle_id is not None:
            query = query.where(deployments.c.bundle_id == bundle_id)
        with self._database.read() as connection:
            return [_deployment(row) for row in connection.execute(query).mappings()]

    def steps(self, deployment_id: str) -> list[StepRecord]:
        query = select(deployment_steps).where(deployment_steps.c.deployment_id == deployment_id)
        with self._database.read() as connection:
            return [_step(row) for row in connection.execute(query.order_by(deployment_steps.c.position)).mappings()]

    # --- what a bundle owns

    def owned(self, bundle_id: str) -> list[OwnedResource]:
        query = select(deployed_resources).where(deployed_resources.c.bundle_id == bundle_id)
        ordered = query.order_by(deployed_resources.c.section, deployed_resources.c.resource_key)
        with self._database.read() as connection:
            return [_owned(row) for row in connection.execute(ordered).mappings()]

    def owner_of(self, section: str, resource_id: str, besides: str) -> BundleRecord | None:
        """Another bundle that owns this thing."""
        query = (
            select(bundles)
            .join(deployed_resources, deployed_resources.c.bundle_id == bundles.c.id)
            .where(
                deployed_resources.c.section == section,
                deployed_resources.c.resource_id == resource_id,
                deployed_resources.c.is_detached.is_(False),
                bundles.c.id != besides,
            )
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return _bundle(row) if row else None


def _ended(
    connection: Connection, deployment: DeploymentRecord, status: DeploymentStatus, error: str | None
) -> NewEvent:
    columns = (bundles.c.name, bundles.c.target, bundles.c.owner)
    bundle = connection.execute(select(*columns).where(bundles.c.id == deployment.bundle_id)).one()
    data = {
        "action": deployment.action,
        "deployment_id": deployment.id,
        "owner": bundle.owner,
        "git_commit": deployment.git_commit,
        "git_branch": deployment.git_branch,
        "error": error,
    }
    kind = EventType.DEPLOYED if status is DeploymentStatus.SUCCEEDED else EventType.DEPLOY_FAILED
    return NewEvent(kind, f"{bundle.name}/{bundle.target}", deployment.principal, data)


def _set_step(connection: Connection, deployment_id: str, position: int, **values: Any) -> None:
    here = (deployment_steps.c.deployment_id == deployment_id) & (deployment_steps.c.position == position)
    connection.execute(update(deployment_steps).where(here).values(values))


def _forget(connection: Connection, bundle_id: str, owned: OwnedResource) -> None:
    connection.execute(
        delete(deployed_resources).where(
            deployed_resources.c.bundle_id == bundle_id,
            deployed_resources.c.section == owned.resource.section,
            deployed_resources.c.resource_key == owned.resource.key,
            deployed_resources.c.resource_id == owned.resource_id,
        )
    )


def _bundle(row: Mapping[Any, Any]) -> BundleRecord:
    return BundleRecord(**{name: row[name] for name in BundleRecord.__slots__})


def _deployment(row: Mapping[Any, Any]) -> DeploymentRecord:
    values: dict[str, Any] = {name: row[name] for name in DeploymentRecord.__slots__}
    values["status"] = DeploymentStatus(row["status"])
    return DeploymentRecord(**values)


def _step_values(deployment_id: str, step: StepRecord) -> dict[str, Any]:
    return {
        "deployment_id": deployment_id,
        "position": step.position,
        "section": step.resource.section,
        "resource_key": step.resource.key,
        "action": step.action,
        "name": step.name,
        "resource_id": step.resource_id,
        "payload": json.dumps(step.payload),
        "changes": json.dumps(step.changes),
        "status": step.status,
    }


def _step(row: Mapping[Any, Any]) -> StepRecord:
    return StepRecord(
        position=row["position"],
        resource=ResourceId(row["section"], row["resource_key"]),
        action=row["action"],
        name=row["name"],
        resource_id=row["resource_id"],
        status=StepStatus(row["status"]),
        payload=cast(dict[str, Any], json.loads(row["payload"])),
        changes=cast(list[dict[str, Any]], json.loads(row["changes"])),
        error=row["error"],
    )


def _owned_values(bundle_id: str, owned: OwnedResource) -> dict[str, Any]:
    return {
        "bundle_id": bundle_id,
        "section": owned.resource.section,
        "resource_key": owned.resource.key,
        "resource_id": owned.resource_id,
        "name": owned.name,
        "payload": json.dumps(owned.payload),
        "is_adopted": owned.is_adopted,
        "is_detached": owned.is_detached,
        "deployment_id": owned.deployment_id,
    }


def _owned(row: Mapping[Any, Any]) -> OwnedResource:
    return OwnedResource(
        resource=ResourceId(row["section"], row["resource_key"]),
        resource_id=row["resource_id"],
        name=row["name"],
        payload=cast(dict[str, Any], json.loads(row["payload"])),
        is_adopted=row["is_adopted"],
        is_detached=row["is_detached"],
        deployment_id=row["deployment_id"],
    )
