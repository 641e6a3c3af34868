"""Rollouts, shadows and A/B tests of endpoints: what is under way and was, and what somebody does by hand."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from boathouse.server.authentication import Caller
from boathouse.serving.endpoints.wire import config_json
from boathouse.serving.rollout.experiments.experiments import Experiments
from boathouse.serving.rollout.experiments.wire import experiment_json
from boathouse.serving.rollout.moving import Traffic
from boathouse.serving.rollout.rollouts import Rollouts
from boathouse.serving.rollout.shadows import ShadowReports
from boathouse.serving.rollout.wire import rollout_json

Json = dict[str, Any]


class StepAsked(BaseModel):
    """Which rollout, where an endpoint has several."""

    model_config = ConfigDict(extra="forbid")

    entity: str | None = Field(None, description="The name of the served entity.", examples=["delays"])


class AbortAsked(StepAsked):
    """Why the traffic goes back."""

    reason: str = Field(examples=["answers are off"])


class StopAsked(BaseModel):
    """Why an experiment ends."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, examples=["the season is over"])


class TrafficAsked(BaseModel):
    """Who gets which share, and why."""

    model_config = ConfigDict(extra="forbid")

    shares: dict[str, float] = Field(
        description="Percent by the name of the served entity; they sum to 100.", examples=[{"delay": 80, "next": 20}]
    )
    reason: str = Field(min_length=1, examples=["the new version stands the season"])
    config_version: int | None = Field(None, description="Only as long as this configuration is in force.")


def routes(rollouts: Rollouts, experiments: Experiments, shadows: ShadowReports, traffic: Traffic) -> APIRouter:
    """The verbs on what comes, watches and is compared."""
    router = APIRouter(prefix="/api/boathouse/v1/endpoints", tags=["serving"])
    router.include_router(_rollouts(rollouts))
    router.include_router(_beside(experiments, shadows))

    @router.post("/{name}/traffic", summary="Move the traffic between what an endpoint serves, for a reason")
    def move(principal: Caller, name: str, asked: Annotated[TrafficAsked, Body()]) -> Json:  # pyright: ignore[reportUnusedFunction]
        moved = traffic.move(principal, name, asked.shares, asked.reason, seen=asked.config_version)
        return {"config": config_json(moved.config)}

    return router


def _beside(experiments: Experiments, shadows: ShadowReports) -> APIRouter:
    router = APIRouter()

    @router.get("/{name}/shadow", summary="How the shadow of an endpoint differs from what callers got")
    def shadow(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: str, last: str = "1d", window: str = "hour"
    ) -> Json:
        return shadows.of(principal, name, last=last, window=window)

    @router.get("/{name}/experiment", summary="A/B tests of an endpoint, newest first")
    def experiments_of(principal: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"experiments": [experiment_json(each) for each in experiments.of(principal, name)]}

    @router.post("/{name}/experiment/stop", summary="End the A/B test that is under way, undecided")
    def stop(principal: Caller, name: str, asked: Annotated[StopAsked, Body()]) -> Json:  # pyright: ignore[reportUnusedFunction]
        stopped = experiments.stop(principal, name, asked.reason)
        return {"experiments": [experiment_json(stopped)] if stopped else []}

    return router


def _rollouts(rollouts: Rollouts) -> APIRouter:
    router = APIRouter()

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
