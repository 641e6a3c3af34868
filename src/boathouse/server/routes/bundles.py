"""Bundles: ``/api/boathouse/v1/bundles``. The CLI reads ``databricks.yml`` and sends what should exist."""

import tempfile
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from boathouse.bundles.deployments import Deployments
from boathouse.bundles.desired import DesiredState, Place
from boathouse.bundles.snapshots import MAX_BYTES
from boathouse.foundation.errors import InvalidInput
from boathouse.server.authentication import Caller

_STEP = {
    "resource": "jobs.train",
    "action": "create",
    "name": "train",
    "id": "12",
    "changes": [{"field": "settings.tasks.train.max_retries", "before": 0, "after": 2}],
}
_DEPLOYMENT = {
    "id": "1b6f",
    "action": "deploy",
    "status": "SUCCEEDED",
    "principal": "ada",
    "started_at": 1767225600000,
    "finished_at": 1767225601000,
    "git_commit": "9fceb02",
    "git_branch": "main",
    "git_dirty": False,
}


class PlaceGiven(BaseModel):
    """Which deployment this is about."""

    bundle: str = Field(examples=["flights"])
    target: str = Field(examples=["prod"])
    personal: bool = Field(default=False, description="Of the caller alone, as in mode: development.")

    def place(self) -> Place:
        return Place(self.bundle, self.target, self.personal)


class ResourceGiven(BaseModel):
    """One resource; ``${resources...id}`` and ``${workspace.file_path}`` may stand in its payload."""

    section: str = Field(examples=["schemas"])
    key: str = Field(examples=["flights"])
    payload: dict[str, Any] = Field(examples=[{"catalog_name": "prod", "name": "flights"}])
    position: str = Field(default="", examples=["resources/data.yml:3"])


class GitGiven(BaseModel):
    commit: str | None = Field(default=None, examples=["9fceb02"])
    branch: str | None = Field(default=None, examples=["main"])
    origin_url: str | None = None
    dirty: bool | None = None


class DesiredGiven(BaseModel):
    """Everything that should exist in one target."""

    place: PlaceGiven
    resources: list[ResourceGiven]
    git: GitGiven = GitGiven()
    snapshot: str | None = Field(default=None, description="Hash of the uploaded code.")
    lock: bool = True
    delete_data: list[str] = []

    def desired(self) -> DesiredState:
        return DesiredState.from_json(self.model_dump())


class DestroyGiven(BaseModel):
    """What to remove."""

    place: PlaceGiven
    delete_data: list[str] = []
    lock: bool = True


class StepShown(BaseModel):
    """One thing to do, or done."""

    resource: str = Field(examples=["jobs.train"])
    action: str = Field(examples=["create"])
    name: str
    id: str | None
    changes: list[dict[str, Any]]
    reason: str | None = None
    status: str | None = None
    error: str | None = None


class PlanShown(BaseModel):
    """What a deployment would do."""

    is_empty: bool
    code_changed: bool
    steps: list[StepShown] = Field(examples=[[_STEP]])
    unchanged: list[str] = Field(examples=[["schemas.flights"]])
    warnings: list[str] = Field(examples=[["boathouse.yml:2: slices[0]: prod.flights.judged has no column 'orign'."]])


class ReportShown(BaseModel):
    """What a deployment has done; ``deployment`` is null when there was nothing to do."""

    deployment: dict[str, Any] | None = Field(examples=[_DEPLOYMENT])
    steps: list[StepShown] = Field(examples=[[{**_STEP, "status": "DONE"}]])
    unchanged: list[str]
    code_changed: bool
    warnings: list[str]


class SummaryShown(BaseModel):
    """What is deployed."""

    bundle: str
    target: str
    owner: str | None
    deployment: dict[str, Any] | None = Field(examples=[_DEPLOYMENT])
    resources: list[dict[str, Any]] = Field(
        examples=[[{"resource": "jobs.train", "id": "12", "name": "train", "is_adopted": False, "is_detached": False}]]
    )


class BundleShown(BaseModel):
    bundle: str
    target: str
    owner: str | None


class BundlesShown(BaseModel):
    """The bundles of which anything is deployed."""

    bundles: list[BundleShown]


class DeploymentsShown(BaseModel):
    """Deployments, newest first."""

    deployments: list[dict[str, Any]] = Field(examples=[[_DEPLOYMENT]])


class JournalShown(BaseModel):
    """A deployment and its steps."""

    deployment: dict[str, Any] = Field(examples=[_DEPLOYMENT])
    steps: list[StepShown]


class SnapshotShown(BaseModel):
    """Whether the server has this code."""

    exists: bool


BundleName = Annotated[str, Query(examples=["flights"])]
Target = Annotated[str, Query(examples=["prod"])]
Personal = Annotated[bool, Query(description="The caller's own deployment.")]
Hash = Annotated[str, Query(description="SHA-256 over names and contents.", examples=["9f86d081..."])]


def routes(deployments: Deployments) -> APIRouter:
    """The routes over one set of deployments."""
    router = APIRouter(prefix="/api/boathouse/v1/bundles", tags=["bundles"])

    @router.get("", summary="List the deployed bundles", response_model=BundlesShown)
    def list_bundles(caller: Caller) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        found = deployments.list(caller)
        return {"bundles": [{"bundle": one.name, "target": one.target, "owner": one.owner or None} for one in found]}

    @router.post("/plan", summary="Say what a deployment would do", response_model=PlanShown)
    def plan(caller: Caller, desired: DesiredGiven) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return deployments.plan(caller, desired.desired()).to_json()

    @router.post("/deploy", summary="Bring about what should exist", response_model=ReportShown)
    def deploy(caller: Caller, desired: DesiredGiven) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return deployments.apply(caller, desired.desired()).to_json()

    @router.post("/plan-destroy", summary="Say what destroying would remove and keep", response_model=PlanShown)
    def plan_destroy(caller: Caller, what: DestroyGiven) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        found = deployments.plan_destroy(caller, what.place.place(), delete_data=tuple(what.delete_data))
        return found.to_json()

    @router.post("/destroy", summary="Remove what a bundle has made", response_model=ReportShown)
    def destroy(caller: Caller, what: DestroyGiven) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        delete_data = tuple(what.delete_data)
        return deployments.destroy(caller, what.place.place(), delete_data=delete_data, lock=what.lock).to_json()

    @router.get("/summary", summary="Show what is deployed", response_model=SummaryShown)
    def summary(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, bundle: BundleName, target: Target, personal: Personal = False
    ) -> dict[str, Any]:
        return deployments.summary(caller, Place(bundle, target, personal)).to_json()

    @router.get("/deployments", summary="List the deployments of a bundle", response_model=DeploymentsShown)
    def history(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, bundle: BundleName, target: Target, personal: Personal = False, limit: int = 20
    ) -> dict[str, Any]:
        found = deployments.history(caller, Place(bundle, target, personal), min(max(limit, 1), 1000))
        return {"deployments": [one.to_json() for one in found]}

    @router.get("/deployments/{deployment_id}", summary="Show a deployment's journal", response_model=JournalShown)
    def journal(caller: Caller, deployment_id: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        deployment, steps = deployments.journal(caller, deployment_id)
        return {"deployment": deployment.to_json(), "steps": [step.to_json() for step in steps]}

    _snapshot_routes(router, deployments)
    return router


def _snapshot_routes(router: APIRouter, deployments: Deployments) -> None:
    @router.get("/snapshot", summary="Ask whether the server has this code", response_model=SnapshotShown)
    def has_snapshot(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, bundle: BundleName, target: Target, snapshot: Hash, personal: Personal = False
    ) -> dict[str, Any]:
        return {"exists": deployments.has_snapshot(caller, Place(bundle, target, personal), snapshot)}

    @router.put(
        "/snapshot",
        summary="Upload code: a tar.gz archive of plain files",
        response_model=SnapshotShown,
        openapi_extra={"requestBody": {"content": {"application/gzip": {"schema": {"type": "string"}}}}},
    )
    async def upload_snapshot(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        caller: Caller,
        bundle: BundleName,
        target: Target,
        snapshot: Hash,
        personal: Personal = False,
    ) -> dict[str, Any]:
        # To a file as it arrives: the control plane's memory does not depend on the size of somebody's code.
        with tempfile.TemporaryFile() as archive:
            size = 0
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_BYTES:
                    raise InvalidInput(f"The code is larger than {MAX_BYTES // 1024**2} MB.")
                archive.write(chunk)
            archive.seek(0)
            place = Place(bundle, target, personal)
            await run_in_threadpool(deployments.store_snapshot, caller, place, snapshot, archive)
        return {"exists": True}
