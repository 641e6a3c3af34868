"""Copies of versions, and versions that are retired. ``/api/boathouse/v1/models/{name}/...``."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from boathouse.models.registry import parse_model_name
from boathouse.models.retiring.repository import Retirement
from boathouse.models.retiring.retiring import Plan
from boathouse.server.authentication import Caller
from boathouse.server.routes.model_cards import Which
from boathouse.server.routes.models import FullName
from boathouse.wiring.model_releases import ModelReleases

Json = dict[str, Any]


class RetireAsked(BaseModel):
    """Which version, and why."""

    model_config = ConfigDict(extra="forbid")

    version: str | None = Field(None, description="A number or an alias; all versions by default", examples=["3"])
    reason: str = Field("", examples=["replaced by the model of the new season"])
    dry_run: bool = Field(False, description="Only say what would be done, and what stands in the way")


class CopyAsked(BaseModel):
    """Where a version is copied to."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field(examples=["prod.flights.delay"])
    evaluate: bool = Field(False, description="Start the target's deployment job with it")


def routes(releases: ModelReleases) -> APIRouter:
    """Retire, list what was retired, copy."""
    router = APIRouter(prefix="/api/boathouse/v1/models", tags=["models"])

    @router.post("/{name}/retire", summary="Archive versions that nobody uses, and remove their files")
    def retire(principal: Caller, name: FullName, asked: Annotated[RetireAsked, Body()]) -> Json:  # pyright: ignore[reportUnusedFunction]
        model, number = parse_model_name(name), None
        if asked.version is not None:
            model, number = releases.governance.version(principal, name, asked.version)
        if asked.dry_run:
            plans = releases.retirements.plan(principal, model, number)
            return {"model": str(model), "plans": [_plan_json(each) for each in plans]}
        retired = releases.retirements.retire(principal, model, number, reason=asked.reason)
        return {"model": str(model), "retired": [retirement_json(each) for each in retired]}

    @router.get("/{name}/retired", summary="The versions of a model that were retired, newest first")
    def retired(principal: Caller, name: FullName) -> Json:  # pyright: ignore[reportUnusedFunction]
        found = releases.retirements.retired(principal, parse_model_name(name))
        return {"retired": [retirement_json(each) for each in found]}

    @router.post("/{name}/versions/{version}/copy", summary="Copy a version to another model, with what is known of it")
    def copy(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, version: Which, asked: Annotated[CopyAsked, Body()]
    ) -> Json:
        model, number = releases.governance.version(principal, name, version)
        target = parse_model_name(asked.to)
        made = releases.copies.copy(principal, model, number, target, starts_job=asked.evaluate)
        return {
            "model": made.model,
            "version": made.version,
            "measurements": made.measurements,
            "requirements_revision": made.requirements_revision,
            "left_behind": list(made.left_behind),
        }

    return router


def retirement_json(found: Retirement) -> Json:
    return {
        "version": found.version,
        "reason": found.reason,
        "principal": found.principal,
        "retired_at": found.ended_at,
        "archive": found.archive,
        "archive_sha256": found.archive_sha256,
        "archive_bytes": found.archive_bytes,
        "run_id": found.run_id,
    }


def _plan_json(plan: Plan) -> Json:
    return {
        "version": plan.version,
        "files": plan.files,
        "size_bytes": plan.size_bytes,
        "uses": [{"what": each.what, "how": each.how} for each in plan.uses],
    }
