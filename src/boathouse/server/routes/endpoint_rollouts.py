"""Rollouts of endpoints: what is under way and was, and the steps that somebody takes by hand."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from boathouse.server.authentication import Caller
from boathouse.serving.rollout.rollouts import Rollouts
from boathouse.serving.rollout.wire import rollout_json

Json = dict[str, Any]


class StepAsked(BaseModel):
    """Which rollout, where an endpoint has several."""

    model_config = ConfigDict(extra="forbid")

    entity: str | None = Field(None, description="The name of the served entity.", examples=["delays"])


class AbortAsked(StepAsked):
    """Why the traffic goes back."""

    reason: str = Field(examples=["answers are off"])


def routes(rollouts: Rollouts) -> APIRouter:
    """The verbs on rollouts."""
    router = APIRouter(prefix="/api/boathouse/v1/endpoints", tags=["serving"])

    @router.get("/{name}/rollout", summary="Rollouts of an endpoint, newest first, with their steps")
    def rollouts_of(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: str, limit: Annotated[int, Query(ge=1, le=100)] = 20
    ) -> Json:
        return {"rollouts": [rollout_json(each, steps) for each, steps in rollouts.of(principal, name, limit=limit)]}

    @router.post("/{name}/rollout/advance", summary="Take the next step now, whatever the rules say")
    def advance(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: str, asked: Annotated[StepAsked | None, Body()] = None
    ) -> Json:
        return rollout_json(rollouts.advance(principal, name, entity=asked.entity if asked else None))

    @router.post("/{name}/rollout/abort", summary="Give the traffic back to the version before")
    def abort(principal: Caller, name: str, asked: Annotated[AbortAsked, Body()]) -> Json:  # pyright: ignore[reportUnusedFunction]
        return rollout_json(rollouts.abort(principal, name, asked.reason, entity=asked.entity))

    @router.post("/{name}/rollout/retry", summary="Let a version that was aborted come again")
    def retry(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: str, asked: Annotated[StepAsked | None, Body()] = None
    ) -> Json:
        return rollout_json(rollouts.retry(principal, name, entity=asked.entity if asked else None))

    return router
