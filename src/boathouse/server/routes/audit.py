"""The audit log, read."""

from typing import Any

from fastapi import APIRouter

from boathouse.catalog import AuditEvent
from boathouse.catalog.law import Catalog
from boathouse.catalog.repository.records import EventFilter
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import EVENT, example
from boathouse.server.routes.unity_shapes import JSON

_MOST = 10_000


def routes(catalog: Catalog) -> APIRouter:
    """One question."""
    router = APIRouter(tags=["Audit"])

    @router.get(
        "/audit",
        summary="The latest audit events: all for who may read system.access, else one's own",
        responses=example({"events": [EVENT]}),
    )
    def events(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        since: int | None = None,
        until: int | None = None,
        principal: str | None = None,
        service: str | None = None,
        action: str | None = None,
        securable_kind: str | None = None,
        securable_name: str | None = None,
        limit: int = 100,
    ) -> JSON:
        wanted = EventFilter(since, until, principal, service, action, securable_kind, securable_name)
        found = catalog.audit_trail(caller, wanted, limit=max(0, min(limit, _MOST)))
        return {"events": [event_json(event) for event in found]}

    return router


def event_json(event: AuditEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in AuditEvent.__slots__}
