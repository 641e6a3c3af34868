"""Incidents and playbooks. Ours."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query

from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import ExactShape, fit
from boathouse.monitoring.alerts.rules import Severity
from boathouse.monitoring.incidents.carrying_out import CarryingOut
from boathouse.monitoring.incidents.playbook import Playbook
from boathouse.monitoring.incidents.playbooks import Playbooks
from boathouse.monitoring.incidents.review import review_of
from boathouse.monitoring.incidents.service import Incidents, NewIncident, Story
from boathouse.monitoring.incidents.wire import change_json, incident_json, playbook_json, step_json, story_json
from boathouse.server.authentication import Caller

Json = dict[str, Any]
Touched = Callable[[Principal, Story], Sequence[str]]
"""Lines about what was touched downstream."""
_INCIDENT: Json = {
    "number": 7,
    "title": "percent_null of wind_speed",
    "subject": "prod.flights.weather",
    "state": "OPEN",
}
_REVIEW: Json = {"review": "# Incident 7"}
_STEP: Json = {"step": 2, "text": "Roll prod.flights.delay back", "action": "roll_back", "state": "DONE"}
_PLAYBOOK: Json = {
    "steps": [
        {"page": {"tell": ["oncall"]}},
        {"roll_back": {"model": "prod.flights.delay"}, "approval": {"groups": ["flight-operations"]}},
    ]
}
_KEPT: Json = {"name": "weather_feed", "revision": 1, "put_by": "ada", "playbook": _PLAYBOOK}


class IncidentGiven(ExactShape):
    title: str
    subject: str
    """A table, or what else it is about."""
    severity: Severity = Severity.WARNING
    owner: str | None = None
    playbook: str | None = None


class TextGiven(ExactShape):
    text: str


class OwnerGiven(ExactShape):
    owner: str


class StartGiven(ExactShape):
    playbook: str | None = None


class ReasonGiven(ExactShape):
    reason: str


def routes(incidents: Incidents, carrying_out: CarryingOut, touched: Touched | None = None) -> APIRouter:
    """The routes of incidents."""
    router = APIRouter(tags=["incidents"], prefix="/api/boathouse/v1/incidents")

    @router.post("", summary="Open an incident", responses=_example(_INCIDENT))
    def open_one(
        caller: Caller, body: Annotated[Json, Body(examples=[{"title": "no answers", "subject": "delays"}])]
    ) -> Json:  # pyright: ignore[reportUnusedFunction]
        given = fit(IncidentGiven, body, what="The incident")
        new = NewIncident(given.title, given.subject, given.severity, given.owner, given.playbook)
        return incident_json(incidents.open(caller, new))

    @router.get("", summary="List incidents, newest first", responses=_example({"incidents": [_INCIDENT]}))
    def list_all(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        state: Literal["OPEN", "CLOSED"] | None = None,
        subject: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Json:
        is_open = None if state is None else state == "OPEN"
        found = incidents.list(caller, is_open=is_open, subject=subject, limit=limit)
        return {"incidents": [incident_json(each) for each in found]}

    @router.get("/{number}", summary="An incident with its timeline and steps", responses=_example(_INCIDENT))
    def get(caller: Caller, number: int) -> Json:  # pyright: ignore[reportUnusedFunction]
        return story_json(incidents.get(caller, number))

    @router.get("/{number}/changes", summary="What had changed before", responses=_example({"changes": []}))
    def changes(caller: Caller, number: int) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"changes": [change_json(each) for each in incidents.changed_before(caller, number)]}

    @router.get("/{number}/review", summary="The review as written, else pre-filled", responses=_example(_REVIEW))
    def review(caller: Caller, number: int) -> Json:  # pyright: ignore[reportUnusedFunction]
        story = incidents.get(caller, number)
        written = story.review
        return {"review": written or review_of(story, touched(caller, story) if touched is not None else ())}

    @router.put("/{number}/review", summary="Keep the review, in Markdown", responses=_example({}))
    def write_review(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, number: int, body: Annotated[Json, Body(examples=[{"text": "# Incident 7"}])]
    ) -> Json:
        incidents.write_review(caller, number, fit(TextGiven, body, what="The review").text)
        return {}

    @router.post("/{number}/notes", summary="Add a line to the timeline", responses=_example({}))
    def note(caller: Caller, number: int, body: Annotated[Json, Body(examples=[{"text": "the feed is back"}])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        incidents.note(caller, number, fit(TextGiven, body, what="The note").text)
        return {}

    @router.post("/{number}/assign", summary="Let somebody else answer for it", responses=_example(_INCIDENT))
    def assign(caller: Caller, number: int, body: Annotated[Json, Body(examples=[{"owner": "bob"}])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        return incident_json(incidents.assign(caller, number, fit(OwnerGiven, body, what="The request").owner))

    @router.post("/{number}/close", summary="Say that it is over, and what it was", responses=_example(_INCIDENT))
    def close(caller: Caller, number: int, body: Annotated[Json, Body(examples=[{"text": "a broken sensor"}])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        return incident_json(incidents.close(caller, number, fit(TextGiven, body, what="The request").text))

    _add_playbook(router, incidents, carrying_out)
    return router


def _add_playbook(router: APIRouter, incidents: Incidents, carrying_out: CarryingOut) -> None:
    @router.post("/{number}/start", summary="Start the playbook", responses=_example(_INCIDENT))
    def start(caller: Caller, number: int, body: Annotated[Json | None, Body(examples=[{}])] = None) -> Json:  # pyright: ignore[reportUnusedFunction]
        given = fit(StartGiven, body or {}, what="The request")
        return incident_json(incidents.start(caller, number, given.playbook))

    @router.post("/{number}/resume", summary="Go on with a playbook that has stopped", responses=_example(_INCIDENT))
    def resume(caller: Caller, number: int) -> Json:  # pyright: ignore[reportUnusedFunction]
        return incident_json(incidents.resume(caller, number))

    @router.post("/{number}/steps/{position}/approve", summary="Agree to a step", responses=_example(_STEP))
    def approve(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, number: int, position: int, body: Annotated[Json, Body(examples=[{"reason": "seen"}])]
    ) -> Json:
        given = fit(ReasonGiven, body, what="The request")
        return step_json(incidents.approve(caller, number, position, given.reason))

    @router.post("/{number}/steps/{position}/do", summary="Do a step; its task does", responses=_example(_STEP))
    def do(caller: Caller, number: int, position: int) -> Json:  # pyright: ignore[reportUnusedFunction]
        return step_json(carrying_out.do(caller, number, position))


def playbook_routes(playbooks: Playbooks) -> APIRouter:
    """The routes of playbooks."""
    router = APIRouter(tags=["incidents"], prefix="/api/boathouse/v1/playbooks")

    @router.get("", summary="List the playbooks", responses=_example({"playbooks": [_KEPT]}))
    def list_all(caller: Caller) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"playbooks": [playbook_json(each) for each in playbooks.list(caller)]}

    @router.put("/{name}", summary="Let a playbook hold from now on", responses=_example(_KEPT))
    def put(caller: Caller, name: str, body: Annotated[Json, Body(examples=[_PLAYBOOK])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        return playbook_json(playbooks.put(caller, name, fit(Playbook, body, what=f"The playbook {name[:200]}")))

    @router.get("/{name}", summary="A playbook as it is, or was at an instant", responses=_example(_KEPT))
    def get(caller: Caller, name: str, at: int | None = None) -> Json:  # pyright: ignore[reportUnusedFunction]
        return playbook_json(playbooks.get(caller, name, at=at))

    @router.delete("/{name}", summary="Forget a playbook", responses=_example({}))
    def withdraw(caller: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        playbooks.withdraw(caller, name)
        return {}

    return router


def _example(body: Json) -> dict[int | str, Json]:
    return {200: {"content": {"application/json": {"example": body}}}}
