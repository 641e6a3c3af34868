"""What this room tells the platform's events, in the transactions of the facts."""

from collections.abc import Callable

from sqlalchemy import Connection

from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.principals import SYSTEM
from boathouse.models.nouns import AliasDecision, AliasMove, DecisionKind, NewVersion


def telling_of_versions(clock: Clock) -> Callable[[Connection, NewVersion], None]:
    """Tells that a version was made; one that was only found in MLflow's database is no news."""

    def tell(connection: Connection, made: NewVersion) -> None:
        if made.principal == SYSTEM.name:
            return
        data = {"version": made.version, "mlflow_run_id": made.run_id, "is_candidate": made.starts_job}
        told = NewEvent(EventType.MODEL_VERSION_CREATED, made.model, made.principal, data)
        events.write(connection, [told], epoch_ms(clock.now()))

    return tell


def moved(move: AliasMove) -> NewEvent:
    """The event of an alias that points somewhere else."""
    data = {
        "alias": move.alias,
        "from_version": move.from_version,
        "version": move.to_version,
        "reason": move.reason,
        "through": move.through,
    }
    return NewEvent(EventType.ALIAS_MOVED, move.model, move.principal, data)


def carried_out(decision: AliasDecision, move: AliasMove) -> NewEvent:
    """The event of a promotion or a rollback that has moved an alias."""
    kind = EventType.PROMOTED if decision.kind is DecisionKind.PROMOTION else EventType.ROLLED_BACK
    data = {
        "version": decision.version,
        "from_version": move.from_version,
        "alias": decision.alias,
        "stage": decision.document.get("stage"),
        "reason": move.reason,
        "decision_id": decision.decision_id,
    }
    return NewEvent(kind, decision.model, decision.principal, data)
