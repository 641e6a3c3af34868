"""What something wrong has touched, and what stands behind a figure. Ours."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from boathouse.monitoring.impact.behind import MOST_ROWS, Figure, Figures, behind_json
from boathouse.monitoring.impact.telling import impact_json, impact_lines
from boathouse.monitoring.impact.touched import Impacts, Stretch
from boathouse.server.authentication import Caller

Json = dict[str, Any]
_IMPACT: Json = {"asked": "prod.flights.weather.wind_speed", "touched": [], "answers": [], "predictions": 1204}
_BEHIND: Json = {"table": "prod.flights.weather", "version": 12, "count": 24, "rows": []}


def routes(impacts: Impacts, figures: Figures) -> APIRouter:
    """The routes of impact."""
    router = APIRouter(tags=["Lineage"], prefix="/api/boathouse/v1")

    @router.get("/impact", summary="What a table or column has touched", responses=_example(_IMPACT))
    def impact(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        name: str,
        since: Annotated[int | None, Query(alias="from")] = None,
        until: Annotated[int | None, Query(alias="to")] = None,
    ) -> Json:
        found = impacts.of(caller, name, Stretch(since, until))
        return {**impact_json(found), "lines": impact_lines(found)}

    @router.get("/metric-rows", summary="What a figure was computed from", responses=_example(_BEHIND))
    def behind(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        table: str,
        column: str | None = None,
        window: int | None = None,
        granularity: str | None = None,
        slice_key: str | None = None,
        slice_value: str | None = None,
        model: str | None = None,
        limit: Annotated[int, Query(ge=0, le=MOST_ROWS)] = 20,
    ) -> Json:
        figure = Figure(table, column, window, granularity, slice_key, slice_value, model)
        return behind_json(figures.behind(caller, figure, limit=limit))

    return router


def _example(body: Json) -> dict[int | str, Json]:
    return {200: {"content": {"application/json": {"example": body}}}}
