"""``system.monitoring.alert_firings`` and ``system.monitoring.incidents``: the rows that a principal may see."""

from collections.abc import Callable, Iterator
from typing import Any

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.monitoring.alerts import firings as fired
from boathouse.monitoring.alerts import repository as alerts
from boathouse.monitoring.incidents import repository as rows

_MOST = 1_000_000


class AlertTables:
    """Reads both: of the tables that the principal may read, and what is its own; administrators see all."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog

    def firings(self, principal: Principal) -> Iterator[dict[str, Any]]:
        """What fired, in time."""
        with self._database.read() as connection:
            found = fired.history(connection, limit=_MOST)[::-1]
            known = alerts.by_ids(connection, sorted({each.alert_id for each in found}))
        may_read = self._reader(principal)
        mine = {principal.name, *principal.groups}
        for each in found:
            alert = known[each.alert_id]
            is_own = principal.is_admin or alert.principal == principal.name or alert.owner in mine
            if not is_own and not (alert.rule.events is None and may_read(alert.rule.subject)):
                continue
            yield {
                "firing_id": each.firing_id,
                "alert": alert.name,
                "subject": each.series.get("subject") or alert.rule.subject,
                "metric": alert.rule.metric,
                "column_name": each.series.get("column"),
                "slice_key": each.series.get("slice_key"),
                "slice_value": each.series.get("slice_value"),
                "model_id": each.series.get("model"),
                "granularity": each.series.get("granularity"),
                "severity": each.severity.value,
                "owner": alert.owner,
                "rule_revision": each.revision,
                "window_start": from_epoch_ms(each.window_start),
                "window_end": from_epoch_ms(each.window_end),
                "value": each.value,
                "threshold": each.threshold,
                "why": each.why,
                "fired_at": from_epoch_ms(each.fired_at),
                "resolved_at": _at(each.resolved_at),
                "resolved_by": each.resolved_by,
                "resolution": each.resolution,
                "told_at": _at(each.told_at),
                "incident": each.incident,
            }

    def incidents(self, principal: Principal) -> Iterator[dict[str, Any]]:
        """Incidents, in the order in which they were opened."""
        with self._database.read() as connection:
            found = rows.every(connection, limit=_MOST)[::-1]
        may_read = self._reader(principal)
        mine = {principal.name, *principal.groups}
        for each in found:
            is_own = principal.is_admin or each.owner in mine or each.opened_by == principal.name
            if not is_own and not (each.is_table and may_read(each.subject)):
                continue
            yield {
                "incident": each.number,
                "title": each.title,
                "subject": each.subject,
                "severity": each.severity.value,
                "owner": each.owner,
                "alert": each.alert,
                "opened_at": from_epoch_ms(each.opened_at),
                "opened_by": each.opened_by,
                "closed_at": _at(each.closed_at),
                "closed_by": each.closed_by,
                "resolution": each.resolution,
                "playbook": each.playbook,
                "playbook_run_id": each.run_id,
            }

    def _reader(self, principal: Principal) -> Callable[[str], bool]:
        """Whether the principal may read a table; each is asked about once."""
        asked: dict[str, bool] = {}

        def may(table: str) -> bool:
            if table not in asked:
                try:
                    asked[table] = self._catalog.grants.allows(principal, Privilege.SELECT, SecurableKind.TABLE, table)
                except BoathouseError:  # it is gone
                    asked[table] = False
            return asked[table]

        return may


def _at(instant: int | None) -> Any:
    return None if instant is None else from_epoch_ms(instant)
