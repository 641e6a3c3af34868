"""Reproducing model versions: what it takes, begin, and what came of it."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field

from boathouse.foundation.context import current_request
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.models.reproduction.nouns import Plan, Reproduction
from boathouse.models.reproduction.service import Reproductions
from boathouse.server.authentication import Caller
from boathouse.server.routes.models import FullName

Json = dict[str, Any]
Which = Annotated[str, Path(description="A version, or an alias or stage that points at one", examples=["3"])]
Id = Annotated[str, Path(description="Of the reproduction", examples=["0f1c2d"])]
VersionNamed = Callable[[Principal, str, str], tuple[ModelName, int]]
"""The version that a path names."""


class PredictionsTold(BaseModel):
    """What the task of a reproduction has found out about both models' answers."""

    model_config = ConfigDict(extra="forbid")

    rows: int | None = Field(None, ge=0, examples=[200])
    source: str | None = Field(None, examples=["its input example"])
    differences: list[Json] = Field(default_factory=list)
    reason: str | None = Field(None, description="Why there is nothing to compare.")


def routes(reproductions: Reproductions, version_named: VersionNamed) -> APIRouter:
    """Below the versions of a model."""
    router = APIRouter(prefix="/api/boathouse/v1/models", tags=["model reproduction"])
    base = "/{name}/versions/{version}/reproductions"

    @router.get("/{name}/versions/{version}/reproducible", summary="What reproducing a version takes")
    def plan(caller: Caller, name: FullName, version: Which) -> Json:  # pyright: ignore[reportUnusedFunction]
        found, number = version_named(caller, name, version)
        return _plan_json(reproductions.plan(caller, str(found), number))

    @router.post(base, summary="Reproduce a version")
    def begin(caller: Caller, name: FullName, version: Which) -> Json:  # pyright: ignore[reportUnusedFunction]
        found, number = version_named(caller, name, version)
        return reproduction_json(reproductions.begin(caller, str(found), number))

    @router.get(base, summary="The reproductions of a version, newest first")
    def of_version(caller: Caller, name: FullName, version: Which) -> Json:  # pyright: ignore[reportUnusedFunction]
        found, number = version_named(caller, name, version)
        stored = reproductions.of_version(caller, str(found), number)
        return {"reproductions": [reproduction_json(each) for each in stored]}

    @router.get(base + "/{id}", summary="A reproduction, and what came of it")
    def show(caller: Caller, name: FullName, version: Which, id: Id) -> Json:  # pyright: ignore[reportUnusedFunction]
        found, number = version_named(caller, name, version)
        return reproduction_json(reproductions.get(caller, str(found), number, id))

    @router.get(base + "/{id}/models", summary="Both models, for the task that compares their answers")
    def both(caller: Caller, name: FullName, version: Which, id: Id) -> Json:  # pyright: ignore[reportUnusedFunction]
        found, number = version_named(caller, name, version)
        return reproductions.models_to_ask(caller, str(found), number, id)

    @router.post(base + "/{id}/predictions", summary="What the task that compares has found")
    def told(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, name: FullName, version: Which, id: Id, found: Annotated[PredictionsTold, Body()]
    ) -> Json:
        model, number = version_named(caller, name, version)
        task = current_request().task
        reproductions.keep_predictions(task, str(model), number, id, found.model_dump(exclude_none=True))
        return {}

    return router


def _plan_json(plan: Plan) -> Json:
    recipe = plan.recipe or {}
    deployment = recipe.get("deployment") or {}
    return {
        "model": plan.model,
        "version": plan.version,
        "run_id": plan.run_id,
        "is_reproducible": not plan.obstacles,
        "obstacles": list(plan.obstacles),
        "limits": list(plan.limits),
        "job_name": recipe.get("job_name"),
        "task_key": recipe.get("task_key"),
        "git_commit": deployment.get("git_commit"),
        "environment": plan.environment,
        "inputs": [{"table": each.name, "version": each.version} for each in plan.held],
    }


def reproduction_json(found: Reproduction) -> Json:
    """A reproduction as REST tells it."""
    return {
        "id": found.id,
        "model": found.model,
        "version": found.version,
        "run_id": found.run_id,
        "job_run_id": found.job_run_id,
        "principal": found.principal,
        "status": found.status.value,
        "started_at": found.started_at,
        "ended_at": found.ended_at,
        "inputs": [{"table": each.name, "version": each.version} for each in found.held],
        "limits": list(found.limits),
        "held_back": list(found.held_back),
        "aspects": [each.to_json() for each in found.aspects],
        "message": found.message,
    }
