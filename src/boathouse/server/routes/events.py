"""What has happened: the events that webhooks and triggers are told of. Ours."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from boathouse.catalog.events import Event
from boathouse.catalog.events.log import EventLog
from boathouse.catalog.events.nouns import KNOWN_TYPES
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.event_filter import EventFilter, problems_of_filter
from boathouse.foundation.shapes import DoesNotFit, fit
from boathouse.server.authentication import Caller

JSON = dict[str, Any]
_EVENT: JSON = {
    "sequence": 12,
    "event_id": "0405f8f3-9190-46bc-abd5-b2912612717d",
    "type": "model_version_alias.moved",
    "subject": "prod.flights.delay",
    "principal": "ada",
    "happened_at": 1767225600000,
    "data": {"alias": "champion", "from_version": 2, "version": 3, "reason": None, "through": "boathouse"},
    "job_id": None,
    "run_id": None,
}


def routes(log: EventLog) -> APIRouter:
    """The routes of events."""
    router = APIRouter(tags=["events"], prefix="/api/boathouse/v1/events")

    @router.get("", summary="What has happened", responses=_example({"events": [_EVENT], "position": 12}))
    def list_events(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        type: Annotated[list[str] | None, Query(description="A type; `*` is any text. May be repeated.")] = None,
        subject: Annotated[str | None, Query(description="What it happened to; `*` is any text.")] = None,
        field: Annotated[list[str] | None, Query(description="What its data say: `alias=champion`.")] = None,
        after: Annotated[int | None, Query(ge=0, description="Later than this position, oldest first.")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        page_token: str | None = None,
    ) -> JSON:
        """Newest first; with `after`, oldest first from there on: call again with the `position` that came back. Events
        are of things that the caller may see, or of the caller's own doing."""
        wanted = _filter(type, subject, field)
        if after is not None:
            found, position = log.news(caller, wanted, after=after, limit=limit)
            return {"events": [event_json(each) for each in found], "position": position}
        position = log.latest()
        found, following = log.page(caller, wanted, limit=limit, before=_before(page_token))
        more = {"next_page_token": str(following)} if following is not None else {}
        return {"events": [event_json(each) for each in found], "position": position, **more}

    return router


def event_json(event: Event) -> JSON:
    return {name: getattr(event, name) for name in Event.__slots__}


def _filter(types: list[str] | None, subject: str | None, fields: list[str] | None) -> EventFilter:
    said: JSON = {"types": types or ["*"], "subject": subject, "fields": {}}
    for each in fields or ():
        name, found, value = each.partition("=")
        if not found:
            raise InvalidInput(f"{each!r} is no field and value.", hint="Write alias=champion.")
        said["fields"][name] = value
    wanted = fit(EventFilter, said, what="The filter")
    if problems := list(problems_of_filter(wanted, KNOWN_TYPES)):
        raise DoesNotFit("The filter", problems)
    return wanted


def _before(token: str | None) -> int | None:
    if token is None:
        return None
    if not token.isdecimal():
        raise InvalidInput(f"{token!r} is not a page token of this list.")
    return int(token)


def _example(body: JSON) -> dict[int | str, JSON]:
    return {200: {"content": {"application/json": {"example": body}}}}
