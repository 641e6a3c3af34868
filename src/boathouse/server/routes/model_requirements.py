"""What models have to meet, over REST: look, put, withdraw, and the policy that it comes to."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from boathouse.foundation.shapes import fit
from boathouse.models.gates.policy import policy_of
from boathouse.models.gates.wire import policy_json
from boathouse.models.registry import parse_model_name
from boathouse.models.requirements import Requirements
from boathouse.models.requirements.book import RequirementsBook
from boathouse.models.requirements.wire import revision_json
from boathouse.server.authentication import Caller
from boathouse.server.routes.models import FullName
from boathouse.session.sql.instants import parse_instant

Json = dict[str, Any]
At = Annotated[str | None, Query(examples=["2026-03-01T10:00"], description="As it was then; UTC unless it says.")]
_EXAMPLE: Json = {
    "objective": "Tell two hours before departure how likely a flight is late",
    "decision": "The duty desk re-books connecting passengers",
    "owner": "flights-team@example.org",
    "success": {"metric": "missed connections", "proxy": "log_loss"},
    "risk_tier": "medium",
    "evaluation": {"table": "prod.flights.evaluation", "label": "late"},
}


class RequirementsGiven(BaseModel):
    """What a model has to meet from now on."""

    model_config = ConfigDict(extra="forbid")

    requirements: Json = Field(description="As one model of boathouse.yml.", examples=[_EXAMPLE])
    card_text: str | None = Field(None, max_length=200_000, description="What only people know, as Markdown.")


class RevisionsShown(BaseModel):
    """Revisions, newest first."""

    revisions: list[Json]


def routes(book: RequirementsBook) -> APIRouter:
    """The verbs of the book."""
    router = APIRouter(prefix="/api/boathouse/v1/models", tags=["model requirements"])

    @router.get("/{name}/requirements", summary="What a model has to meet, now or at an instant")
    def get(principal: Caller, name: FullName, at: At = None) -> Json:  # pyright: ignore[reportUnusedFunction]
        model = parse_model_name(name)
        return revision_json(book.at(principal, model, parse_instant(at)) if at else book.get(principal, model))

    @router.put("/{name}/requirements", summary="Say what a model has to meet; a deployed bundle says it again")
    def put(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, given: Annotated[RequirementsGiven, Body()]
    ) -> Json:
        model = parse_model_name(name)
        requirements = fit(Requirements, given.requirements, what=f"What {model} has to meet")
        return revision_json(book.put(principal, model, requirements, card_text=given.card_text))

    @router.delete("/{name}/requirements", summary="End what a model has to meet; the history stays")
    def withdraw(principal: Caller, name: FullName) -> Json:  # pyright: ignore[reportUnusedFunction]
        book.withdraw(principal, parse_model_name(name))
        return {}

    @router.get("/{name}/requirements/history", summary="What a model had to meet, newest first")
    def history(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> RevisionsShown:
        found = book.history(principal, parse_model_name(name), limit)
        return RevisionsShown(revisions=[revision_json(each) for each in found])

    @router.get("/{name}/policy", summary="The gates, rules and signatures that its requirements come to")
    def policy(principal: Caller, name: FullName, at: At = None) -> Json:  # pyright: ignore[reportUnusedFunction]
        model = parse_model_name(name)
        held = book.at(principal, model, parse_instant(at)) if at else book.get(principal, model)
        return {"model": held.model, "revision": held.revision, **policy_json(policy_of(held.requirements))}

    return router
