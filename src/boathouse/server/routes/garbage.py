"""Collecting garbage: begin a pass, look at it, list the last ones. ``/api/boathouse/v1/garbage``."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from boathouse.care.garbage.nouns import USUAL, Kind, Pass, Request, Total
from boathouse.care.garbage.service import GarbageCollection
from boathouse.server.authentication import Caller

Json = dict[str, Any]
MOST_ITEMS = 10_000


class PassAsked(BaseModel):
    """What shall be looked for."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(True, description="Only tell; remove nothing.")
    older_than_seconds: float = Field(USUAL.total_seconds(), gt=0, description="What is younger is left alone.")
    only: list[Kind] = Field(default_factory=list, description="Of these kinds; of all, if none is named.")


def routes(garbage: GarbageCollection) -> APIRouter:
    """For administrators only."""
    router = APIRouter(prefix="/api/boathouse/v1/garbage", tags=["garbage"])

    @router.post("/passes", summary="Look for what nothing refers to, and remove it unless it is a dry run")
    def begin(caller: Caller, asked: Annotated[PassAsked, Body()]) -> Json:  # pyright: ignore[reportUnusedFunction]
        kinds = frozenset(asked.only) or frozenset(Kind)
        request = Request(asked.dry_run, timedelta(seconds=asked.older_than_seconds), kinds)
        return pass_json(garbage.begin(caller, request))

    @router.get("/passes", summary="The last passes, newest first")
    def latest(caller: Caller) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"passes": [pass_json(each) for each in garbage.latest(caller)]}

    @router.get("/passes/{id}", summary="How far a pass has come, and what it has found")
    def look(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        id: Annotated[str, Path(examples=["0f1c2d"])],
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=0, le=MOST_ITEMS)] = 1000,
    ) -> Json:
        found, items = garbage.look(caller, id, offset=offset, limit=limit)
        return {**pass_json(found), "items": [each.to_json() for each in items]}

    return router


def pass_json(found: Pass) -> Json:
    """A pass as REST tells it."""
    every = list(found.totals.values())
    names = Total.__slots__
    return {
        "id": found.id,
        "principal": found.principal,
        "dry_run": found.request.is_dry_run,
        "older_than_seconds": found.request.older_than.total_seconds(),
        "only": sorted(each.value for each in found.request.kinds),
        "started_at": found.started_at,
        "ended_at": found.ended_at,
        "at_work_on": found.at_work_on.value if found.at_work_on else None,
        "totals": {kind.value: total.to_json() for kind, total in list(found.totals.items())},
        "total": {name: sum(getattr(each, name) for each in every) for name in names},
        "error": found.error,
    }
