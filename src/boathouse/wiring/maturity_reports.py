"""What serving, monitors, alerts and retraining tell of a model's maturity: their rows, joined."""

from collections.abc import Mapping
from typing import Any

from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.gates.policy import PRODUCTION
from boathouse.models.promotion.policies import stages_of
from boathouse.monitoring.alerts import repository as alert_rows
from boathouse.monitoring.maturity import reported
from boathouse.monitoring.maturity.recorded import Reporter
from boathouse.monitoring.maturity.reported import Alerted, Retrained, ServedAt, Watched
from boathouse.monitoring.monitors import repository as monitor_rows
from boathouse.monitoring.monitors.nouns import Monitor, RefreshState
from boathouse.monitoring.retraining import repository as retraining_rows
from boathouse.monitoring.retraining.nouns import Choice, State
from boathouse.monitoring.retraining.policy import TriggerKind
from boathouse.serving.capture import repository as capture_rows
from boathouse.serving.endpoints import repository as endpoint_rows
from boathouse.serving.endpoints.nouns import ReadyState

_JUDGED = frozenset({State.PASSED, State.PROMOTED, State.REJECTED})
_MOST_LOOKED_AT = 200
_REFRESHES = 10


class MaturityReports:
    """Findings by practice."""

    def __init__(self, database: Database, models: Models) -> None:
        self._database = database
        self._models = models

    def reporters(self) -> Mapping[str, Reporter]:
        """For the practices that the records of models alone cannot judge."""
        return {
            "served": lambda model: reported.served(self._served(model), self._champion(model)),
            "monitored": lambda model: reported.monitored(self._served(model), self._watched()),
            "alerts_owned": lambda model: reported.alerts_owned(self._tables(model), self._alerts()),
            "retraining_gated": lambda model: reported.retraining_gated(self._retrained(model)),
        }

    def _champion(self, model: str) -> int | None:
        revision = self._models.requirements.deployed(model)
        alias = stages_of(revision.requirements if revision else None)[PRODUCTION]
        return self._models.stores.aliases(model).get(alias)

    def _served(self, model: str) -> list[ServedAt]:
        found: list[ServedAt] = []
        with self._database.read() as connection:
            endpoints = endpoint_rows.every(connection)
            standings = endpoint_rows.newest_standings(connection, [each.endpoint_id for each in endpoints])
            kept: dict[str, list[str]] = {}
            for table in capture_rows.listed(connection):
                kept.setdefault(table.endpoint_id, []).append(table.table_name)
        for endpoint in endpoints:
            standing = standings.get(endpoint.endpoint_id)
            for entity in standing.entities if standing else ():
                if entity.entity.lower() == model.lower() and standing is not None:
                    is_ready = standing.state is ReadyState.READY
                    tables = tuple(kept.get(endpoint.endpoint_id, ()))
                    found.append(ServedAt(endpoint.name, entity.version, is_ready, tables))
        return found

    def _watched(self) -> list[Watched]:
        with self._database.read() as connection:
            return [self._looked(connection, each) for each in monitor_rows.every_monitor(connection)]

    def _looked(self, connection: Any, monitor: Monitor) -> Watched:
        refreshes = monitor_rows.refreshes_of(connection, monitor.monitor_id, _REFRESHES)
        done = [each.ended_at for each in refreshes if each.state is RefreshState.SUCCESS and each.ended_at is not None]
        return Watched(monitor.table_name, max(done, default=None), monitor.failure)

    def _alerts(self) -> list[Alerted]:
        with self._database.read() as connection:
            found = alert_rows.every(connection)
        return [Alerted(each.name, each.rule.subject, each.owner) for each in found if not each.rule.paused]

    def _tables(self, model: str) -> list[str]:
        """What the model was trained and is judged on, what its endpoints keep, and what monitors write of these."""
        tables = {table for each in self._served(model) for table in each.tables}
        revision = self._models.requirements.deployed(model)
        if revision is not None:
            tables |= {revision.requirements.evaluation.table}
        newest = self._champion(model) or self._models.repository.newest_version(model)
        run_id = self._models.repository.run_of_version(model, newest) if newest is not None else None
        if run_id is not None:
            tables |= {each.table_name for each in self._models.repository.inputs_of(run_id)}
        lower = {each.lower() for each in tables}
        with self._database.read() as connection:
            monitors = monitor_rows.every_monitor(connection)
        for monitor in monitors:
            if monitor.table_name.lower() in lower:
                tables |= {str(monitor.profile_table), str(monitor.drift_table)}
        return sorted(tables)

    def _retrained(self, model: str) -> list[Retrained]:
        with self._database.read() as connection:
            found = retraining_rows.decisions(connection, model, _MOST_LOOKED_AT)
        return [
            Retrained(
                each.trigger, each.kind is TriggerKind.BY_HAND, each.decided_at, each.version, each.state in _JUDGED
            )
            for each in found
            if each.choice is Choice.STARTED
        ]
