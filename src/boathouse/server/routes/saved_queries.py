"""Saved queries in the Databricks shapes: what ``databricks.sdk``'s ``queries`` speaks. ``sharing`` and ``plot`` are
ours."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_shapes import Body, answered
from boathouse.server.routes.warehouses import WAREHOUSE_ID
from boathouse.session.saved_queries.nouns import Plot, QueryDraft, SavedQuery, Sharing
from boathouse.session.saved_queries.service import SavedQueries

JSON = dict[str, Any]
BASE = "/api/2.0/sql/queries"
_QUERY: JSON = {
    "display_name": "Delay by month",
    "query_text": "SELECT month, avg(arr_delay) AS delay FROM prod.flights.flights GROUP BY month",
    "sharing": "SHARED",
    "plot": {"kind": "line", "x": "month", "y": ["delay"]},
}
_SHOWN: JSON = {
    "id": "0b3f…",
    **_QUERY,
    "owner_user_name": "ada",
    "last_modifier_user_name": "ada",
    "lifecycle_state": "ACTIVE",
    "run_as_mode": "VIEWER",
    "warehouse_id": WAREHOUSE_ID,
    "create_time": "2026-01-01T00:00:00Z",
    "update_time": "2026-01-01T00:00:00Z",
}


class QueryGiven(Body):
    """What a client says of a query. ``schema`` is taken by pydantic; it stands among the extra fields."""

    display_name: str | None = None
    query_text: str | None = None
    description: str | None = None
    parameters: list[dict[str, Any]] | None = None
    catalog: str | None = None
    warehouse_id: str | None = None
    run_as_mode: str | None = None
    owner_user_name: str | None = None
    sharing: str | None = None
    plot: dict[str, Any] | None = None

    def ignored(self) -> list[str]:
        return [name for name in super().ignored() if name != "schema"]

    def value(self, field: str) -> Any:
        return (self.model_extra or {}).get("schema") if field == "schema" else getattr(self, field)


class NewQuery(Body):
    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"query": _QUERY}]})

    query: QueryGiven = Field(default_factory=QueryGiven)
    auto_resolve_display_name: bool = False


class QueryChange(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{"query": {"display_name": "By month"}, "update_mask": "display_name"}]},
    )

    query: QueryGiven = Field(default_factory=QueryGiven)
    update_mask: str = "*"
    auto_resolve_display_name: bool = False


def routes(queries: SavedQueries) -> APIRouter:
    """Create, look, list, change, delete."""
    router = APIRouter(tags=["saved queries"])

    @router.post(BASE, summary="Keep a query", responses=_example(_SHOWN))
    def create(caller: Caller, body: NewQuery) -> JSON:  # pyright: ignore[reportUnusedFunction]
        draft = _changed(QueryDraft("", ""), body.query, _FIELDS)
        made = queries.create(caller, draft, may_rename=body.auto_resolve_display_name)
        return answered(body.query, query_json(made))

    @router.get(BASE, summary="The queries that you may open", responses=_example({"results": [_SHOWN]}))
    def list_all(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, page_size: Annotated[int, Query(ge=1, le=1000)] = 20, page_token: str | None = None
    ) -> JSON:
        start = _start(page_token)
        found = queries.list(caller, limit=page_size + 1, offset=start)
        more = {"next_page_token": str(start + page_size)} if len(found) > page_size else {}
        return {"results": [query_json(each) for each in found[:page_size]], **more}

    @router.get(BASE + "/{query_id}", summary="A saved query", responses=_example(_SHOWN))
    def get(caller: Caller, query_id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return query_json(queries.get(caller, query_id))

    @router.patch(BASE + "/{query_id}", summary="Change a saved query", responses=_example(_SHOWN))
    def update(caller: Caller, query_id: str, body: QueryChange) -> JSON:  # pyright: ignore[reportUnusedFunction]
        before = queries.get(caller, query_id).draft
        fields = _fields(body.update_mask)
        draft = _changed(QueryDraft("", "") if body.update_mask.strip() == "*" else before, body.query, fields)
        owner = body.query.owner_user_name if "owner_user_name" in fields else None
        return answered(body.query, query_json(queries.update(caller, query_id, draft, owner=owner)))

    @router.delete(BASE + "/{query_id}", summary="Forget a saved query", responses=_example({}))
    def delete(caller: Caller, query_id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        queries.delete(caller, query_id)
        return {}

    return router


def query_json(query: SavedQuery) -> JSON:
    """A query as Databricks shows it."""
    draft = query.draft
    shown: JSON = {
        "id": query.id,
        "display_name": draft.name,
        "query_text": draft.text,
        "owner_user_name": query.owner,
        "last_modifier_user_name": query.changed_by,
        "lifecycle_state": "ACTIVE",
        "run_as_mode": "VIEWER",
        "warehouse_id": WAREHOUSE_ID,
        "create_time": _instant(from_epoch_ms(query.created_at)),
        "update_time": _instant(from_epoch_ms(query.updated_at)),
        "sharing": draft.sharing.value,
    }
    optional = {
        "description": draft.description,
        "parameters": list(draft.parameters),
        "catalog": draft.catalog,
        "schema": draft.schema,
        "plot": draft.plot.to_json() if draft.plot else None,
    }
    return shown | {name: value for name, value in optional.items() if value}


_FIELDS = (
    "display_name",
    "query_text",
    "description",
    "parameters",
    "catalog",
    "schema",
    "plot",
    "sharing",
    "run_as_mode",
    "warehouse_id",
    "owner_user_name",
)


def _fields(mask: str) -> tuple[str, ...]:
    if mask.strip() == "*":
        return _FIELDS
    fields = tuple(name.strip() for name in mask.split(",") if name.strip())
    if unknown := [name for name in fields if name not in _FIELDS]:
        raise InvalidInput(f"update_mask names {unknown[0]!r}, which cannot be changed.",
                           hint=did_you_mean(unknown[0], _FIELDS))  # fmt: skip
    return fields


def _changed(before: QueryDraft, given: QueryGiven, fields: tuple[str, ...]) -> QueryDraft:
    if given.run_as_mode not in (None, "VIEWER"):
        raise InvalidInput(
            f"run_as_mode cannot be {given.run_as_mode}.", hint="A query runs as whoever opens it: VIEWER."
        )
    if given.warehouse_id not in (None, "", WAREHOUSE_ID):
        raise InvalidInput(f"There is no warehouse {given.warehouse_id}.", hint=f"The one there is: {WAREHOUSE_ID}.")
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "display_name": ("name", lambda value: value or ""),
        "query_text": ("text", lambda value: value or ""),
        "description": ("description", lambda value: value or ""),
        "parameters": ("parameters", lambda value: tuple(value or ())),
        "catalog": ("catalog", lambda value: value or None),
        "schema": ("schema", lambda value: value or None),
        "plot": ("plot", lambda value: Plot.from_json(value) if value else None),
        "sharing": ("sharing", _sharing),
    }
    found = {readers[name][0]: readers[name][1](given.value(name)) for name in fields if name in readers}
    return replace(before, **found)


def _sharing(text: str | None) -> Sharing:
    try:
        return Sharing((text or Sharing.PRIVATE.value).upper())
    except ValueError as error:
        raise InvalidInput(f"sharing cannot be {text!r}.", hint=f"It is {' or '.join(Sharing)}.") from error


def _start(page_token: str | None) -> int:
    if page_token and not page_token.isdecimal():
        raise InvalidInput(f"{page_token!r} is not a page token of this list.")
    return int(page_token) if page_token else 0


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _example(content: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": content}}}}
