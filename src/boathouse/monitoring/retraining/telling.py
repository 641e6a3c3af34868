"""What this room tells the platform's events and the audit log, in the transactions of the facts."""

from typing import Any

from sqlalchemy import Connection

from boathouse.catalog import Catalog, SecurableKind
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.foundation.principals import Principal
from boathouse.monitoring.retraining.nouns import Choice, Decision

KIND = SecurableKind.REGISTERED_MODEL
SERVICE = "monitoring"


def tell(connection: Connection, catalog: Catalog, decided: Decision, now: int) -> None:
    """Tell of what was decided. That a trial is being made is no decision yet."""
    if decided.choice is Choice.CHECKING:
        return
    data: dict[str, Any] = {
        "model": decided.model,
        "trigger": decided.trigger,
        "decision": decided.choice.value,
        "reason": decided.reason,
        "decision_id": decided.decision_id,
        "why": decided.why,
        "brake": decided.brake.value if decided.brake else None,
        "as_of": decided.as_of,
    }
    told = NewEvent(EventType.RETRAINING_DECIDED, decided.model, decided.principal, data)
    events.write(connection, [told], now)
    params = {"decision_id": decided.decision_id, "decision": decided.choice.value, "trigger": decided.trigger}
    key = (KIND, decided.model)
    catalog.audit.record_with(connection, Principal(decided.principal), (SERVICE, "decideRetraining"), key, params)


def tell_frozen(connection: Connection, model: str, principal: str, reason: str, now: int) -> None:
    """Tell that nothing is trained until a person lets it go on."""
    data = {"model": model, "trigger": None, "decision": Choice.FROZEN.value, "reason": reason, "brake": "frozen"}
    events.write(connection, [NewEvent(EventType.RETRAINING_DECIDED, model, principal, data)], now)
