"""What serving, monitors, alerts and retraining tell of a model, as findings: pure. Each was written down when it
happened; nothing is asked of people."""

from collections.abc import Sequence
from dataclasses import dataclass

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.maturity.findings import Finding, met, not_met


@dataclass(frozen=True, slots=True)
class ServedAt:
    """An endpoint that a version of the model stands at."""

    endpoint: str
    version: int | None
    is_ready: bool
    tables: tuple[str, ...] = ()
    """Where what it is asked and answers is kept."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A table that a monitor watches."""

    table: str
    refreshed_at: int | None
    """The last refresh that succeeded; None: none has."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert about a table."""

    alert: str
    table: str
    owner: str | None


@dataclass(frozen=True, slots=True)
class Retrained:
    """A training that the loop has started."""

    trigger: str
    is_by_hand: bool
    at: int
    version: int | None
    was_judged: bool
    """Its candidate has met the gates, whatever they said."""


def served(found: Sequence[ServedAt], champion: int | None) -> Finding:
    """The version in production answers."""
    if champion is None:
        return not_met("No version is in production.")
    right = [each for each in found if each.version == champion]
    ready = next((each for each in right if each.is_ready), None)
    if ready is not None:
        return met(f"Version {champion} answers at the endpoint {ready.endpoint}.")
    if right:
        return not_met(f"Version {champion} stands at the endpoint {right[0].endpoint}, which is not ready.")
    if found:
        return not_met(f"The endpoint {found[0].endpoint} serves version {found[0].version}, not version {champion}.")
    return not_met("No endpoint serves the model.")


def monitored(served_at: Sequence[ServedAt], watched: Sequence[Watched]) -> Finding:
    """A monitor has looked at what the endpoint keeps."""
    kept = {table.lower() for each in served_at for table in each.tables}
    mine = [each for each in watched if each.table.lower() in kept]
    good = next((each for each in mine if each.refreshed_at is not None and each.problem is None), None)
    if good is not None:
        return met(f"The monitor of {good.table} was last refreshed on {_day(good.refreshed_at or 0)}.")
    if mine:
        return not_met(f"The monitor of {mine[0].table} has not looked: {mine[0].problem or 'no refresh yet'}.")
    if not served_at:
        return not_met("No endpoint serves the model, so nothing is kept that could be watched.")
    return not_met("No monitor watches what its endpoints keep." if kept else "Its endpoints keep nothing.")


def alerts_owned(tables: Sequence[str], alerts: Sequence[Alerted]) -> Finding:
    """Somebody is named who is told when a figure of the model is wrong.

    Args:
        tables: What endpoints keep, what monitors write of it, what the model was trained and is judged on.
    """
    wanted = {each.lower() for each in tables}
    mine = [each for each in alerts if each.table.lower() in wanted]
    if not mine:
        return not_met("No alert is about what the model was trained on or what it answers.")
    without = [each.alert for each in mine if not each.owner]
    if without:
        return not_met(f"The alert {without[0]} has no owner.")
    more = f" and {len(mine) - 1} more" if len(mine) > 1 else ""
    return met(f"The alert {mine[0].alert}{more} about {mine[0].table} is {mine[0].owner}'s.")


def retraining_gated(retrained: Sequence[Retrained]) -> Finding:
    """What was seen has started a training whose candidate met the gates.

    Args:
        retrained: Newest first.
    """
    if not retrained:
        return not_met("No training was started by what was seen.")
    mine = [each for each in retrained if not each.is_by_hand]
    if not mine:
        return not_met("Trainings of the loop were started by hand only.")
    judged = next((each for each in mine if each.was_judged), None)
    if judged is None:
        return not_met(f"The training that {mine[0].trigger} has started on {_day(mine[0].at)} has met no gate yet.")
    return met(f"{judged.trigger} has started a training on {_day(judged.at)}; version {judged.version} met the gates.")


def _day(milliseconds: int) -> str:
    return from_epoch_ms(milliseconds).date().isoformat()
