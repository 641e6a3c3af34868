"""Webhooks on events. Ours; MLflow's own webhooks are at MLflow's paths."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.shapes import Shape, fit
from boathouse.notifications.messages import Delivery, DeliveryState
from boathouse.notifications.webhooks.nouns import Webhook
from boathouse.notifications.webhooks.webhooks import WebhookChange, Webhooks
from boathouse.server.authentication import Caller

JSON = dict[str, Any]
_FILTER: JSON = {"types": ["model_version.*", "gate.failed"], "subject": "prod.flights.*"}
_GIVEN: JSON = {"name": "release train", "destination": "ci", "filter": _FILTER}
_WEBHOOK: JSON = {
    "id": "0405f8f3-9190-46bc-abd5-b2912612717d",
    "name": "release train",
    "destination": "ci",
    "filter": _FILTER,
    "pause_status": "UNPAUSED",
    "owner": "ada",
    "created_at": 1767225600000,
}
_DELIVERY: JSON = {
    "delivery": 12,
    "delivery_id": "6b0c2f3a-0b0e-4f5e-9a57-0f9c9c1d2e3f",
    "event_id": "0405f8f3-9190-46bc-abd5-b2912612717d",
    "event_type": "gate.failed",
    "subject": "prod.flights.delay",
    "state": "DELIVERED",
    "attempts": 1,
}


class WebhookGiven(Shape):
    name: str | None = None
    destination: str | None = None
    """The name or the id of a notification destination."""
    filter: JSON | None = None
    pause_status: str | None = None


class ReplayGiven(Shape):
    since: int | None = None
    """Milliseconds since 1970-01-01 UTC."""
    events: list[str] = []
    """Ids of events."""


class RetryGiven(Shape):
    deliveries: list[int]


def routes(webhooks: Webhooks) -> APIRouter:
    """The routes of webhooks."""
    router = APIRouter(tags=["webhooks"], prefix="/api/boathouse/v1/webhooks")

    @router.post("", summary="Make a webhook", responses=_example(_WEBHOOK))
    def create(caller: Caller, body: Annotated[JSON, Body(examples=[_GIVEN])]) -> JSON:  # pyright: ignore[reportUnusedFunction]
        given = fit(WebhookGiven, body, what="The webhook")
        if given.name is None or given.destination is None or given.filter is None:
            raise InvalidInput("A webhook needs a name, a destination and a filter.")
        made = webhooks.create(caller, given.name, given.destination, given.filter)
        if _is_paused(given):
            made = webhooks.update(caller, made.webhook_id, WebhookChange(is_paused=True))
        return _json(webhooks, made)

    @router.get("", summary="List the webhooks", responses=_example({"webhooks": [_WEBHOOK]}))
    def list_all(caller: Caller) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return {"webhooks": [_json(webhooks, each) for each in webhooks.list(caller)]}

    @router.get("/{name}", summary="Show a webhook", responses=_example(_WEBHOOK))
    def get(caller: Caller, name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return _json(webhooks, webhooks.get(caller, name))

    @router.patch("/{name}", summary="Change a webhook", responses=_example(_WEBHOOK))
    def update(caller: Caller, name: str, body: Annotated[JSON, Body(examples=[{"pause_status": "PAUSED"}])]) -> JSON:  # pyright: ignore[reportUnusedFunction]
        given = fit(WebhookGiven, body, what="The change")
        change = WebhookChange(given.name, given.destination, given.filter, _is_paused(given))
        return _json(webhooks, webhooks.update(caller, name, change))

    @router.delete("/{name}", summary="Delete a webhook", responses=_example({}))
    def delete(caller: Caller, name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        webhooks.delete(caller, name)
        return {}

    _add_deliveries(router, webhooks)
    return router


def _add_deliveries(router: APIRouter, webhooks: Webhooks) -> None:
    @router.post("/{name}/test", summary="Send a test message", responses=_example({}))
    def test(caller: Caller, name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        webhooks.test(caller, name)
        return {}

    @router.post("/{name}/replay", summary="Tell events again", responses=_example({"replayed": 3}))
    def replay(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, name: str, body: Annotated[JSON, Body(examples=[{"since": 1767225600000}])]
    ) -> JSON:
        given = fit(ReplayGiven, body, what="The request")
        return {"replayed": webhooks.replay(caller, name, since=given.since, event_ids=given.events)}

    @router.get(
        "/{name}/deliveries",
        summary="What a webhook told, and what became of it",
        responses=_example({"deliveries": [_DELIVERY]}),
    )
    def deliveries(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        name: str,
        state: DeliveryState | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        page_token: str | None = None,
    ) -> JSON:
        if page_token is not None and not page_token.isdecimal():
            raise InvalidInput(f"{page_token!r} is not a page token of this list.")
        before = int(page_token) if page_token else None
        found = webhooks.deliveries(caller, name, state=state, limit=limit + 1, before=before)
        page = [_delivery_json(each) for each in found[:limit]]
        return {"deliveries": page, **({"next_page_token": str(page[-1]["delivery"])} if len(found) > limit else {})}

    @router.post("/{name}/retry", summary="Try again what was given up", responses=_example({"retried": 1}))
    def retry(caller: Caller, name: str, body: Annotated[JSON, Body(examples=[{"deliveries": [12]}])]) -> JSON:  # pyright: ignore[reportUnusedFunction]
        given = fit(RetryGiven, body, what="The request")
        return {"retried": webhooks.retry(caller, name, given.deliveries)}


def _is_paused(given: WebhookGiven) -> bool | None:
    match given.pause_status:
        case None:
            return None
        case "PAUSED" | "UNPAUSED":
            return given.pause_status == "PAUSED"
        case _:
            raise InvalidInput(f"{given.pause_status!r} is no pause_status.", hint="Say PAUSED or UNPAUSED.")


def _json(webhooks: Webhooks, webhook: Webhook) -> JSON:
    destination, problem = webhooks.destination_of(webhook), webhooks.problem_of(webhook)
    return {
        "id": webhook.webhook_id,
        "name": webhook.name,
        "destination": destination.name if destination else webhook.destination,
        "filter": webhook.wanted.model_dump(exclude_none=True, exclude_defaults=True),
        "pause_status": "PAUSED" if webhook.is_paused else "UNPAUSED",
        "owner": webhook.owner,
        "created_at": webhook.created_at,
        **({"problem": problem} if problem else {}),
    }


def _delivery_json(delivery: Delivery) -> JSON:
    return {
        "delivery": delivery.sequence,
        "delivery_id": delivery.delivery_id,
        "event_id": delivery.payload.get("event_id"),
        "event_type": delivery.event_type,
        "subject": delivery.payload.get("subject"),
        "state": delivery.state,
        "attempts": delivery.attempts,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.next_attempt_at,
        "delivered_at": delivery.delivered_at,
        "error": delivery.error,
    }


def _example(body: JSON) -> dict[int | str, JSON]:
    return {200: {"content": {"application/json": {"example": body}}}}
