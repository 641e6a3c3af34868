"""Alerts, joined with the law, the sessions and the metric tables; and the loop that looks and tells."""

from dataclasses import dataclass

from boathouse.catalog import Catalog
from boathouse.catalog.events.nouns import KNOWN_TYPES
from boathouse.foundation.clock import Clock
from boathouse.foundation.looping import Loop
from boathouse.monitoring.alerts.asking import MetricTablesOf, beside
from boathouse.monitoring.alerts.following import LOOK_SECONDS, Following
from boathouse.monitoring.alerts.looking import Looking, Parts
from boathouse.monitoring.alerts.service import Alerts
from boathouse.monitoring.alerts.telling import Telling
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


def build_alerting(catalog: Catalog, session_of: SessionOf, clock: Clock, tables: MetricTablesOf = beside) -> Alerting:
    """Join them. ``tables`` says where the metric tables of a table are."""
    parts = Parts(catalog, session_of, tables, clock)
    looking = Looking(parts)
    following, telling = Following(parts, looking), Telling(catalog, clock)

    def look() -> None:
        following.look()
        telling.tell()

    loop = Loop("alerts", LOOK_SECONDS, look, trouble="Alerts could not be looked at")
    return Alerting(Alerts(parts, looking, KNOWN_TYPES), looking, (loop,))
