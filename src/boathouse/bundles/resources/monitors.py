"""Monitors of a bundle. The tables that they watch may be made by the bundle's own jobs, later."""

from collections.abc import Iterator, Mapping
from typing import Any

from boathouse.bundles.payloads import MonitorPayload
from boathouse.bundles.resources.kind import Existing, Origin, Payload
from boathouse.bundles.substitution import pending_in
from boathouse.catalog import Catalog
from boathouse.foundation.errors import Denied, NotFound
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import fit
from boathouse.monitoring.monitors.service import Monitors
from boathouse.monitoring.monitors.settings import MonitorSettings

_FIELDS = (
    "output_schema_name", "baseline_table_name", "slicing_exprs", "custom_metrics", "snapshot", "time_series",
    "inference_log", "schedule", "notifications", "boathouse",
)  # fmt: skip


class BundleMonitors:
    """The verbs on monitors; their id is the name of their table. One that exists already is adopted."""

    def __init__(self, catalog: Catalog, monitors: Monitors) -> None:
        self._catalog = catalog
        self._monitors = monitors

    def remarks(self, principal: Principal, payload: Payload) -> Iterator[str]:
        """Tables that are not there: a job of the bundle may still make them.

        Raises:
            DoesNotFit: One that is there has not what the monitor needs.
        """
        if pending_in(dict(payload)):
            return
        said = _read(payload)
        self._monitors.require_fitting(principal, TableName.parse(said.table_name), _settings(said))
        late = said.extras.late_labels
        named = {
            "table_name": said.table_name,
            "baseline_table_name": said.baseline_table_name,
            "late_labels.table_name": late.table_name if late is not None else None,
        }
        for field, name in named.items():
            if name is None:
                continue
            try:
                self._catalog.securables.table(principal, TableName.parse(name))
            except (NotFound, Denied):
                waits = " The monitor waits for it." if field == "table_name" else ""
                yield f"{field}: there is no table {name} that you may read.{waits}"

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return self.get(principal, str(payload["table_name"]), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            found = self._monitors.get(principal, TableName.parse(resource_id))
        except (NotFound, Denied):
            return None
        return Existing(found.table_name, found.table_name, _fields(found.settings, payload))

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        return _fields(_settings(_read(payload)), payload)

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        said = _read(payload)
        where = f"{origin.bundle}/{origin.target}"
        made = self._monitors.create(
            principal, TableName.parse(said.table_name), _settings(said), may_wait=True, origin=where
        )
        return made.table_name

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        said = _read(payload)
        where = f"{origin.bundle}/{origin.target}"
        self._monitors.update(principal, TableName.parse(said.table_name), _settings(said), origin=where)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        self._monitors.delete(principal, TableName.parse(existing.resource_id))

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        """Its metric tables stay when it goes."""
        return None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._monitors.require_manage(principal, TableName.parse(existing.resource_id))

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.get(principal, str(payload["table_name"]), payload)
        return found.resource_id if found else None


def _read(payload: Payload) -> MonitorPayload:
    return fit(MonitorPayload, dict(payload), what=f"The monitor of {payload.get('table_name')}")


def _settings(said: MonitorPayload) -> MonitorSettings:
    document = said.document()
    del document["table_name"]
    return MonitorSettings.model_validate(document)


def _fields(settings: MonitorSettings, payload: Payload) -> dict[str, Any]:
    """Every field, so that one that is said no more is seen; where assets lie only if the bundle says it."""
    document = settings.document()
    told = ("assets_dir",) if payload.get("assets_dir") is not None else ()
    return {name: document.get(name) for name in (*_FIELDS, *told)}
