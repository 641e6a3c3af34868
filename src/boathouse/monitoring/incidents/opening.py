"""Opens what alerts ask for, and writes down when what has opened an incident is fine again."""

import logging

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.monitoring.alerts import firings as fired
from boathouse.monitoring.alerts import repository as alerts
from boathouse.monitoring.alerts.nouns import Firing
from boathouse.monitoring.incidents import repository as rows
from boathouse.monitoring.incidents.nouns import EntryKind
from boathouse.monitoring.incidents.service import Incidents

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class Opening:
    """Follows what fires."""

    def __init__(self, catalog: Catalog, incidents: Incidents, clock: Clock) -> None:
        self._database = catalog.database
        self._incidents = incidents
        self._clock = clock

    def look(self) -> int:
        """One round; gives the number of incidents that were opened or went on."""
        with self._database.read() as connection:
            waiting = fired.without_incident(connection)
            known = alerts.by_ids(connection, sorted({each.alert_id for each in waiting}))
        by_alert: dict[str, list[Firing]] = {}
        for each in waiting:
            if known[each.alert_id].rule.incident is not None and not each.is_problem:
                by_alert.setdefault(each.alert_id, []).append(each)
        done = 0
        for alert_id, firings in by_alert.items():
            try:
                done += self._incidents.open_from(known[alert_id], firings) is not None
            except BoathouseError as error:  # who has put it is gone; the others' incidents must not wait for that
                log.warning("No incident could be opened for the alert %s: %s", known[alert_id].name, error)
        return done + self._tell_of_ends() + self._incidents.go_on_approved()

    def _tell_of_ends(self) -> int:
        """A line in the timeline for each series that is fine again."""
        with self._database.read() as connection:
            ended = fired.ended_in_incidents(connection)
        if not ended:
            return 0
        with self._database.write() as connection:
            names = alerts.by_ids(connection, sorted({each.alert_id for each in ended}))
            for each in ended:
                assert each.incident is not None
                of = f" for {each.series.text}" if each.series.text else ""
                text = f"{names[each.alert_id].name} is fine again{of}: {each.resolution}"
                at = each.resolved_at or epoch_ms(self._clock.now())
                rows.note(connection, each.incident, at, EntryKind.ALERT, text, each.resolved_by or "")
            fired.told_to_incident(connection, [each.firing_id for each in ended], epoch_ms(self._clock.now()))
        return len(ended)
