"""A registered model has a new version, or an alias that moved. The audit log tells; MLflow is not asked."""

from datetime import datetime
from typing import Any

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.law import Catalog
from boathouse.catalog.securables import AuditEvent
from boathouse.foundation.principals import Principal
from boathouse.jobs.settings import ModelCondition
from boathouse.jobs.starting.starters import Starter, Verdict
from boathouse.jobs.starting.triggers.events import ToldEvents, one_run_for_all

_ACTIONS = {
    ModelCondition.MODEL_CREATED: "createRegisteredModel",
    ModelCondition.MODEL_VERSION_READY: "createModelVersion",
    ModelCondition.MODEL_ALIAS_SET: "setRegisteredModelAlias",
}


class ModelTrigger:
    """Starts a run when a model has changed."""

    def __init__(self, events: ToldEvents) -> None:
        self._events = events

    def look(self, starter: Starter, now: datetime) -> Verdict:
        return one_run_for_all(starter, self._events.events(starter.job_id), now, "MODEL", "model")


def facts_of(starter: Starter, event: AuditEvent, catalog: Catalog, principal: Principal) -> dict[str, Any] | None:
    """What the event means for the trigger; None when it is none of its business."""
    condition = ModelCondition(starter.details["condition"])
    if event.service != "models" or event.action != _ACTIONS[condition]:
        return None
    params = event.request_params
    name = event.securable_name or ""
    if condition is ModelCondition.MODEL_CREATED and event.securable_kind != SecurableKind.REGISTERED_MODEL.value:
        name = params.get("name", "")  # through MLflow's API the event is about the schema
    alias = params.get("alias")
    if not _lies_in(name, starter.details.get("securable_name")):
        return None
    wanted = starter.details.get("aliases") or []
    if condition is ModelCondition.MODEL_ALIAS_SET and wanted and alias not in wanted:
        return None
    if not catalog.grants.allows(principal, Privilege.EXECUTE, SecurableKind.REGISTERED_MODEL, name):
        return None
    facts = {"name": name, "version": params.get("version"), "alias": alias, "by": event.principal}
    return {key: value for key, value in facts.items() if value}


def _lies_in(name: str, wanted: str | None) -> bool:
    return not wanted or name.lower() == wanted.lower() or name.lower().startswith(wanted.lower() + ".")
