"""Any verb of the audit log that has succeeded. A job's principal is told of what it may read there: everything with
SELECT on ``system.access``, else its own acts."""

from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.law import AUDIT_SCHEMA, Catalog
from boathouse.catalog.securables import AuditEvent
from boathouse.foundation.principals import Principal
from boathouse.jobs.starting.starters import Starter, Verdict
from boathouse.jobs.starting.triggers.events import ToldEvents, one_run_for_all

_OURS = ("jobs", "session", "notifications")
"""What runs do themselves. It counts only when it is asked for by name, else every run would start the next."""


class CatalogEventTrigger:
    """Starts a run when something has been done."""

    def __init__(self, events: ToldEvents) -> None:
        self._events = events

    def look(self, starter: Starter, now: datetime) -> Verdict:
        return one_run_for_all(starter, self._events.events(starter.job_id), now, "CATALOG_EVENT", "catalog_event")


def facts_of(starter: Starter, event: AuditEvent, catalog: Catalog, principal: Principal) -> dict[str, Any] | None:
    """What the event means for the trigger; None when it is none of its business."""
    wanted = starter.details
    if wanted.get("service") is None and event.service in _OURS:
        return None
    is_wanted = (
        wanted["action"] in ("*", event.action)
        and wanted.get("service") in (None, event.service)
        and wanted.get("securable_kind") in (None, event.securable_kind)
        and _fits(event.securable_name, wanted.get("securable_name"))
    )
    if not is_wanted or not _may_know(event, catalog, principal):
        return None
    facts = {
        "action": event.action,
        "service": event.service,
        "securable_kind": event.securable_kind,
        "securable_name": event.securable_name,
        "by": event.principal,
        "event_id": event.event_id,
    }
    return {key: value for key, value in facts.items() if value}


def _fits(name: str | None, pattern: str | None) -> bool:
    return pattern is None or fnmatchcase((name or "").lower(), pattern.lower().replace("[", "[[]"))


def _may_know(event: AuditEvent, catalog: Catalog, principal: Principal) -> bool:
    return event.principal == principal.name or catalog.grants.allows(
        principal, Privilege.SELECT, SecurableKind.SCHEMA, AUDIT_SCHEMA
    )
