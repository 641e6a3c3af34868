"""Decisions over model versions, promotions, and what was in production when."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from boathouse.foundation.shapes import fit
from boathouse.models import ANY
from boathouse.models.gates.policy import PRODUCTION
from boathouse.models.promotion.promoting import Wish
from boathouse.models.promotion.wire import decision_json, explanation_json, in_production_json, promotion_json
from boathouse.models.registry import parse_model_name
from boathouse.models.requirements import Requirements
from boathouse.server.authentication import Caller
from boathouse.server.routes.model_evidence import Which
from boathouse.server.routes.models import FullName
from boathouse.session.sql.instants import parse_instant
from boathouse.wiring.model_governance import ModelGovernance

Json = dict[str, Any]


class PolicyAsked(BaseModel):
    """Requirements that are not deployed: what would they say?"""

    model_config = ConfigDict(extra="forbid")

    requirements: Json = Field(description="As one model of boathouse.yml.")


class PromotionAsked(BaseModel):
    """Where a version should go, and what the caller believes of the alias."""

    model_config = ConfigDict(extra="forbid")

    stage: str = Field(PRODUCTION, examples=["production"])
    expected: int | None = Field(
        None,
        description="Only if the alias points here now; null: only if it points nowhere. Left out: whatever it is.",
        examples=[2],
    )
    reason: str | None = Field(None, examples=["better on May"])


def routes(governance: ModelGovernance) -> APIRouter:
    """Decide, explain, promote, look back."""
    router = APIRouter(prefix="/api/boathouse/v1/models", tags=["model promotion"])
    decisions = governance.decisions

    @router.get("/{name}/versions/{version}/decision", summary="What evidence and approvals of a version come to now")
    def decision(principal: Caller, name: FullName, version: Which) -> Json:  # pyright: ignore[reportUnusedFunction]
        found, number = governance.version(principal, name, version)
        return decision_json(decisions.now(principal, found, number))

    @router.post("/{name}/versions/{version}/decision", summary="What they would come to under other requirements")
    def decision_under(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, version: Which, asked: Annotated[PolicyAsked, Body()]
    ) -> Json:
        found, number = governance.version(principal, name, version)
        requirements = fit(Requirements, asked.requirements, what="The policy")
        return decision_json(decisions.under(principal, found, number, requirements)[0])

    @router.get("/{name}/versions/{version}/why", summary="Why a version is where it is")
    def why(principal: Caller, name: FullName, version: Which) -> Json:  # pyright: ignore[reportUnusedFunction]
        return explanation_json(decisions.why(principal, governance.address(name, version)))

    @router.post("/{name}/versions/{version}/promote", summary="Bring a version to a stage, if it may go there")
    def promote(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, version: Which, asked: Annotated[PromotionAsked, Body()]
    ) -> Json:
        found, number = governance.version(principal, name, version)
        expected = asked.expected if "expected" in asked.model_fields_set else ANY
        wish = Wish(asked.stage, expected, asked.reason)
        return promotion_json(governance.promotions.promote(principal, found, number, wish))

    @router.get("/{name}/in-production", summary="What a stage pointed at, at an instant")
    def in_production(  # pyright: ignore[reportUnusedFunction]
        principal: Caller,
        name: FullName,
        at: Annotated[str | None, Query(examples=["2026-03-01T10:00"], description="UTC unless it says; now")] = None,
        stage: str = PRODUCTION,
    ) -> Json:
        instant: datetime | None = parse_instant(at) if at else None
        return in_production_json(decisions.in_production(principal, parse_model_name(name), at=instant, stage=stage))

    return router
