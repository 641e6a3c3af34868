"""How models are trained again: what is said of it, what was decided, and people's part in it. Ours."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from boathouse.foundation.shapes import fit
from boathouse.models.registry import parse_model_name
from boathouse.monitoring.retraining.loop import Retraining
from boathouse.monitoring.retraining.policy import RetrainingPolicy
from boathouse.monitoring.retraining.wire import decision_json, loop_json, revision_json, state_json
from boathouse.server.authentication import Caller
from boathouse.server.routes.models import FullName

Json = dict[str, Any]
_POLICY: Json = {
    "job": "flights_training",
    "triggers": [{"drift": {"table": "prod.flights.predictions", "metric": "js_distance", "above": 0.2}}],
    "brakes": {"cool_down": "7d", "budget": {"runs": 4, "per": "30d"}, "freeze_after": 3},
}
_DECISION: Json = {
    "decision_id": 12,
    "model": "prod.flights.delay",
    "trigger": "drift",
    "why": "js_distance of temp in prod.flights.predictions is 0.31, above 0.2, in the window that ended at ...",
    "decision": "declined",
    "brake": "benefit",
    "reason": "Drift without benefit: on the 5,000 freshest labels a trial is better than the champion by ...",
    "state": "declined",
}


class Asked(BaseModel):
    """A look at this moment."""

    model_config = ConfigDict(extra="forbid")

    as_of: AwareDatetime | None = Field(None, description="The present, in a past that is replayed.")
    reason: str | None = Field(
        None, description="With one, the caller asks for a training; brakes are heard all the same."
    )


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: str | None = None


def routes(retraining: Retraining) -> APIRouter:
    """The verbs on retraining."""
    router = APIRouter(prefix="/api/boathouse/v1", tags=["retraining"])

    @router.get("/retraining", summary="The models that are trained again by themselves")
    def all_loops(caller: Caller) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"models": [revision_json(each) for each in retraining.all(caller)]}

    @router.get("/models/{name}/retraining", summary="How a model is trained again, and what holds it back now")
    def show(caller: Caller, name: FullName) -> Json:  # pyright: ignore[reportUnusedFunction]
        return loop_json(retraining.show(caller, parse_model_name(name)))

    @router.put("/models/{name}/retraining", summary="Say how a model is trained again")
    def put(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, name: FullName, body: Annotated[Json, Body(examples=[_POLICY])]
    ) -> Json:
        policy = fit(RetrainingPolicy, body, what=f"The retraining of {name}")
        return revision_json(retraining.book.put(caller, parse_model_name(name), policy))

    @router.delete("/models/{name}/retraining", summary="Train a model no more by itself")
    def withdraw(caller: Caller, name: FullName) -> Json:  # pyright: ignore[reportUnusedFunction]
        retraining.book.withdraw(caller, parse_model_name(name))
        return {}

    @router.get("/models/{name}/retraining/history", summary="What was said of it, newest first")
    def history(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, name: FullName, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Json:
        found = retraining.book.history(caller, parse_model_name(name), limit)
        return {"revisions": [revision_json(each) for each in found]}

    @router.post(
        "/models/{name}/retraining/decide",
        summary="Look at all triggers now, and decide",
        responses={200: {"content": {"application/json": {"example": {"decisions": [_DECISION]}}}}},
    )
    def decide(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, name: FullName, asked: Annotated[Asked | None, Body()] = None
    ) -> Json:
        as_of: datetime | None = asked.as_of if asked else None
        reason = asked.reason if asked else None
        made = retraining.decide(caller, parse_model_name(name), as_of=as_of, reason=reason)
        return {"decisions": [decision_json(each) for each in made]}

    @router.post("/models/{name}/retraining/freeze", summary="Start nothing any more")
    def freeze(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, name: FullName, why: Annotated[Reason, Body()]
    ) -> Json:
        return state_json(retraining.freeze(caller, parse_model_name(name), why.reason or ""))

    @router.post("/models/{name}/retraining/unfreeze", summary="Let the loop go on")
    def unfreeze(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, name: FullName, why: Annotated[Reason | None, Body()] = None
    ) -> Json:
        return state_json(retraining.unfreeze(caller, parse_model_name(name), why.reason if why else None))

    @router.get("/models/{name}/retraining/decisions", summary="What was decided, newest first")
    def decisions(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        name: FullName,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        before: Annotated[int | None, Query(description="Decisions with smaller numbers than this.")] = None,
    ) -> Json:
        found = retraining.decisions(caller, parse_model_name(name), limit=limit, before=before)
        return {"decisions": [decision_json(each) for each in found]}

    @router.get("/models/{name}/retraining/decisions/{decision_id}", summary="One decision")
    def decision(caller: Caller, name: FullName, decision_id: int) -> Json:  # pyright: ignore[reportUnusedFunction]
        return decision_json(retraining.decision(caller, parse_model_name(name), decision_id))

    return router
