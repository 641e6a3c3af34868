"""Rolling production back, exercising that, and what was rolled back when."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from boathouse.models.registry import parse_model_name
from boathouse.models.rollback.rolling_back import LIMIT_SECONDS, LONGEST_SECONDS, Order, Rollbacks
from boathouse.models.rollback.wire import rollback_json
from boathouse.server.authentication import Caller
from boathouse.server.routes.models import FullName

Json = dict[str, Any]


class DrillAsked(BaseModel):
    """How far a drill may go."""

    model_config = ConfigDict(extra="forbid")

    to: int | None = Field(None, gt=0, description="A version that was in production; the last one that answers.")
    within_seconds: float = Field(LIMIT_SECONDS, gt=0, le=LONGEST_SECONDS)


class RollbackAsked(DrillAsked):
    """Where to go back to, and why."""

    reason: str = Field(examples=["answers are off since this morning"])


def routes(rollbacks: Rollbacks) -> APIRouter:
    """The verbs on rollbacks."""
    router = APIRouter(prefix="/api/boathouse/v1/models", tags=["model rollback"])

    @router.post("/{name}/rollback", summary="Go back to the last champion that still answers")
    def roll_back(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, asked: Annotated[RollbackAsked, Body()]
    ) -> Json:
        order = Order(asked.to, asked.reason, asked.within_seconds)
        return rollback_json(rollbacks.roll_back(principal, parse_model_name(name), order))

    @router.post("/{name}/rollback-drill", summary="Exercise a rollback; the alias stays")
    def drill(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, asked: Annotated[DrillAsked | None, Body()] = None
    ) -> Json:
        asked = asked or DrillAsked(to=None, within_seconds=LIMIT_SECONDS)
        order = Order(asked.to, None, asked.within_seconds, is_drill=True)
        return rollback_json(rollbacks.drill(principal, parse_model_name(name), order))

    @router.get("/{name}/rollbacks", summary="Rollbacks and drills of a model, newest first")
    def rollbacks_of(principal: Caller, name: FullName) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"rollbacks": [rollback_json(each) for each in rollbacks.of(principal, parse_model_name(name))]}

    return router
