"""Alerts, joined with the law, the sessions and the metric tables; and the loop that looks and tells."""

from dataclasses import dataclass

from boathouse.catalog import Catalog
from boathouse.catalog.events.nouns import KNOWN_TYPES
from boathouse.foundation.clock import Clock
from boathouse.foundation.looping import Loop
from boathouse.metastore import Database
from boathouse.monitoring.alerts.asking import MetricTables, MetricTablesOf, beside
from boathouse.monitoring.alerts.following import LOOK_SECONDS, Following
from boathouse.monitoring.alerts.looking import Looking, Parts
from boathouse.monitoring.alerts.service import Alerts
from boathouse.monitoring.alerts.telling import Telling
from boathouse.monitoring.metrics.profile_rows import model_column
from boathouse.monitoring.monitors.repository import find_monitor
from boathouse.wiring.rollouts import SessionOf


@dataclass(frozen=True, slots=True)
class Alerting:
    """The verbs on alerts, and what goes on by itself."""

    alerts: Alerts
    looking: Looking
    loops: tuple[Loop, ...]

    def start(self) -> None:
        for loop in self.loops:
            loop.start()

    def stop(self) -> None:
        for loop in self.loops:
            loop.stop()


def metric_tables(database: Database) -> MetricTablesOf:
    """Where the monitor of a table writes to; beside the table before there is one."""

    def found(table: str) -> MetricTables:
        with database.read() as connection:
            monitor = find_monitor(connection, table)
        if monitor is None:
            return beside(table)
        model = model_column(monitor.settings) or "model_id"
        return MetricTables(str(monitor.profile_table), str(monitor.drift_table), model)

    return found


def build_alerting(catalog: Catalog, session_of: SessionOf, clock: Clock) -> Alerting:
    """Join them."""
    parts = Parts(catalog, session_of, metric_tables(catalog.database), clock)
    looking = Looking(parts)
    following, telling = Following(parts, looking), Telling(catalog, clock)

    def look() -> None:
        following.look()
        telling.tell()

    loop = Loop("alerts", LOOK_SECONDS, look, trouble="Alerts could not be looked at")
    return Alerting(Alerts(parts, looking, KNOWN_TYPES), looking, (loop,))
