"""Notification destinations in the Databricks REST shapes; what was sent to them is ours."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.shapes import Shape, fit
from boathouse.notifications.destinations import Destination, Destinations
from boathouse.notifications.messages import Delivery, DeliveryState
from boathouse.server.authentication import Caller

JSON = dict[str, Any]
_CONFIG: JSON = {"generic_webhook": {"url": "https://hooks.example.org/boathouse"}}
_DESTINATION: JSON = {
    "id": "0405f8f3-9190-46bc-abd5-b2912612717d",
    "display_name": "on call",
    "destination_type": "WEBHOOK",
    "config": {"generic_webhook": {"url_set": True, "signing_secret_set": True}},
}
_DELIVERY: JSON = {"delivery": 12, "event_type": "jobs.on_failure", "destination": "on call", "state": "DELIVERED"}


class DestinationGiven(Shape):
    display_name: str | None = None
    config: JSON | None = None


class RetryGiven(Shape):
    deliveries: list[int]


def routes(destinations: Destinations) -> APIRouter:
    """The routes of destinations and deliveries."""
    router = APIRouter(tags=["notifications"])
    router.include_router(_destinations(destinations), prefix="/api/2.0/notification-destinations")
    router.include_router(_ours(destinations), prefix="/api/boathouse/v1/notifications")
    return router


def _destinations(destinations: Destinations) -> APIRouter:
    router = APIRouter()

    @router.post("", summary="Make a notification destination", responses=_example(_DESTINATION))
    def create(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, body: Annotated[JSON, Body(examples=[{"display_name": "on call", "config": _CONFIG}])]
    ) -> JSON:
        given = fit(DestinationGiven, body, what="The destination")
        if given.display_name is None or given.config is None:
            raise InvalidInput("A destination needs a display_name and a config.")
        made, told_once = destinations.create(caller, given.display_name, given.config)
        shown = _json(made, with_config=True)
        secret = told_once.get("generic_webhook", {}).get("signing_secret")
        if secret:
            shown["config"]["generic_webhook"] = {**made.config["generic_webhook"], "signing_secret": secret}
        return shown

    @router.get("", summary="List the notification destinations", responses=_example({"results": [_DESTINATION]}))
    def list_all(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        page_size: Annotated[int, Query(ge=1, le=1000)] = 100,
        page_token: str | None = None,
    ) -> JSON:
        start = _offset(page_token)
        found = destinations.list(caller)
        page = [_json(each, with_config=False) for each in found[start : start + page_size]]
        more = start + page_size < len(found)
        return {"results": page, **({"next_page_token": str(start + page_size)} if more else {})}

    @router.get("/{id}", summary="Show a notification destination", responses=_example(_DESTINATION))
    def get(caller: Caller, id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return _json(destinations.get(caller, id), with_config=caller.is_admin)

    @router.patch("/{id}", summary="Change a notification destination", responses=_example(_DESTINATION))
    def update(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, id: str, body: Annotated[JSON, Body(examples=[{"display_name": "nights"}])]
    ) -> JSON:
        given = fit(DestinationGiven, body, what="The destination")
        changed = destinations.update(caller, id, name=given.display_name, config=given.config)
        return _json(changed, with_config=True)

    @router.delete("/{id}", summary="Delete a notification destination", responses=_example({}))
    def delete(caller: Caller, id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        destinations.delete(caller, id)
        return {}

    return router


def _ours(destinations: Destinations) -> APIRouter:
    router = APIRouter()

    @router.post("/destinations/{id}/test", summary="Send a test message", responses=_example({}))
    def test(caller: Caller, id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        destinations.test(caller, id)
        return {}

    @router.get(
        "/deliveries", summary="What was sent, and what became of it", responses=_example({"deliveries": [_DELIVERY]})
    )
    def deliveries(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        state: DeliveryState | None = None,
        run_id: int | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        page_token: str | None = None,
    ) -> JSON:
        before = _offset(page_token) if page_token else None
        found = destinations.deliveries(caller, state=state, run_id=run_id, limit=limit + 1, before=before)
        page = [_delivery_json(each) for each in found[:limit]]
        return {"deliveries": page, **({"next_page_token": str(page[-1]["delivery"])} if len(found) > limit else {})}

    @router.post("/deliveries/retry", summary="Try again what was given up", responses=_example({"retried": 1}))
    def retry(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, body: Annotated[JSON, Body(examples=[{"deliveries": [12]}])]
    ) -> JSON:
        return {"retried": destinations.retry(caller, fit(RetryGiven, body, what="The request").deliveries)}

    return router


def _json(destination: Destination, *, with_config: bool) -> JSON:
    return {
        "id": destination.destination_id,
        "display_name": destination.name,
        "destination_type": destination.type,
        **({"config": dict(destination.config)} if with_config else {}),
    }


def _delivery_json(delivery: Delivery) -> JSON:
    return {
        "delivery": delivery.sequence,
        "event_id": delivery.delivery_id,
        "event_type": delivery.event_type,
        "destination": delivery.destination,
        "is_email": delivery.is_email,
        "job_id": delivery.job_id,
        "run_id": delivery.run_id,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.next_attempt_at,
        "delivered_at": delivery.delivered_at,
        "error": delivery.error,
    }


def _offset(token: str | None) -> int:
    try:
        return int(token or 0)
    except ValueError as error:
        raise InvalidInput(f"{token!r} is not a page token of this list.") from error


def _example(body: JSON) -> dict[int | str, JSON]:
    return {200: {"content": {"application/json": {"example": body}}}}
