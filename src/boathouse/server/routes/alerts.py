"""Alerts: rules, what fires, silences. Ours; Databricks' own shape is at its paths."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.shapes import ExactShape, fit
from boathouse.monitoring.alerts.rules import AlertRule
from boathouse.monitoring.alerts.service import Alerts
from boathouse.monitoring.alerts.wire import alert_json, firing_json, looked_json, silence_json, standing_json
from boathouse.server.authentication import Caller

Json = dict[str, Any]
_RULE: Json = {
    "table": "prod.flights.weather", "metric": "percent_null", "columns": ["wind_speed"], "above": 10,
    "severity": "critical", "tell": ["oncall"], "runbook": "https://wiki/weather-feed",
}  # fmt: skip
_NAME = "prod.flights.weather.wind_speed_missing"
_ALERT: Json = {"name": _NAME, "revision": 1, "severity": "critical", "owner": "ada", "rule": _RULE}
_FIRING: Json = {"alert": _NAME, "of": "wind_speed", "value": 83.0, "threshold": 10.0, "why": "83 is above 10"}


class SilenceGiven(ExactShape):
    alert: str
    """Its name, or a pattern of names."""
    span: str = "1h"
    why: str


class ReasonGiven(ExactShape):
    why: str
    series: str | None = None
    """As the firing's ``of`` says it, or its id; by default all."""


class LookGiven(ExactShape):
    as_of: int | None = None
    """Milliseconds since 1970-01-01 UTC: as if it were another time."""


def routes(alerts: Alerts) -> APIRouter:
    """The routes of alerts."""
    router = APIRouter(tags=["alerts"], prefix="/api/boathouse/v1/alerts")

    @router.get("", summary="List the alerts and how they stand", responses=_example({"alerts": [_ALERT]}))
    def list_all(caller: Caller, subject: str | None = None) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"alerts": [standing_json(each) for each in alerts.list(caller, subject=subject)]}

    @router.get("/firings", summary="What fired, newest first", responses=_example({"firings": [_FIRING]}))
    def firings(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        alert: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        page_token: str | None = None,
    ) -> Json:
        if page_token is not None and not page_token.isdecimal():
            raise InvalidInput(f"{page_token!r} is not a page token of this list.")
        before = int(page_token) if page_token else None
        found = alerts.firings(caller, alert, limit=limit + 1, before=before)
        page = [firing_json(firing, each) for each, firing in found[:limit]]
        return {"firings": page, **({"next_page_token": str(page[-1]["number"])} if len(found) > limit else {})}

    _add_silences(router, alerts)

    @router.put("/{name}", summary="Let a rule hold from now on", responses=_example(_ALERT))
    def put(caller: Caller, name: str, body: Annotated[Json, Body(examples=[_RULE])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        return alert_json(alerts.put(caller, name, fit(AlertRule, body, what=f"The alert {name[:200]}")))

    @router.get("/{name}", summary="A rule as it is, or was at an instant", responses=_example(_ALERT))
    def get(caller: Caller, name: str, at: int | None = None) -> Json:  # pyright: ignore[reportUnusedFunction]
        return (
            standing_json(alerts.standing(caller, name)) if at is None else alert_json(alerts.get(caller, name, at=at))
        )

    @router.get("/{name}/revisions", summary="Every rule it had", responses=_example({"revisions": [_ALERT]}))
    def revisions(caller: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"revisions": [alert_json(each) for each in alerts.revisions(caller, name)]}

    @router.delete("/{name}", summary="Watch no more", responses=_example({}))
    def withdraw(caller: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        alerts.withdraw(caller, name)
        return {}

    @router.post("/{name}/look", summary="Look now", responses=_example({"fired": [_FIRING], "resolved": []}))
    def look(caller: Caller, name: str, body: Annotated[Json | None, Body(examples=[{}])] = None) -> Json:  # pyright: ignore[reportUnusedFunction]
        given = fit(LookGiven, body or {}, what="The request")
        return looked_json(alerts.look(caller, name, as_of=given.as_of))

    @router.post("/{name}/resolve", summary="Say that it is fine", responses=_example({"resolved": [_FIRING]}))
    def resolve(caller: Caller, name: str, body: Annotated[Json, Body(examples=[{"why": "the feed is back"}])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        given = fit(ReasonGiven, body, what="The request")
        done = alerts.resolve(caller, name, given.why, series=given.series)
        return {"resolved": [firing_json(each) for each in done]}

    @router.post("/{name}/acknowledge", summary="See to it", responses=_example({"acknowledged": [_FIRING]}))
    def acknowledge(caller: Caller, name: str, body: Annotated[Json, Body(examples=[{"why": "I look at it"}])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        given = fit(ReasonGiven, body, what="The request")
        done = alerts.acknowledge(caller, name, given.why, series=given.series)
        return {"acknowledged": [firing_json(each) for each in done]}

    return router


def _add_silences(router: APIRouter, alerts: Alerts) -> None:
    example = {
        "silence_id": "7f0c",
        "pattern": _NAME,
        "until": 1767225600000,
        "by": "ada",
        "why": "the feed is repaired",
    }

    @router.get("/silences", summary="Silences in force, or all", responses=_example({"silences": [example]}))
    def list_silences(caller: Caller, all: bool = False) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"silences": [silence_json(each) for each in alerts.silences(caller, with_ended=all)]}

    @router.post("/silences", summary="Tell nobody for a while", responses=_example(example))
    def silence(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, body: Annotated[Json, Body(examples=[{"alert": _NAME, "span": "2h", "why": "repair"}])]
    ) -> Json:
        given = fit(SilenceGiven, body, what="The silence")
        return silence_json(alerts.silence(caller, given.alert, given.span, given.why))

    @router.delete("/silences/{silence_id}", summary="Tell again", responses=_example({}))
    def end_silence(caller: Caller, silence_id: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        alerts.end_silence(caller, silence_id)
        return {}


def _example(body: Json) -> dict[int | str, Json]:
    return {200: {"content": {"application/json": {"example": body}}}}
