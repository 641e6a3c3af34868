"""Alerts of a bundle. A deployment makes a revision; the history is kept."""

from collections.abc import Mapping
from typing import Any

from boathouse.bundles.payloads import AlertPayload
from boathouse.bundles.resources.kind import Existing, Origin, Payload
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import fit
from boathouse.monitoring.alerts.repository import document_of
from boathouse.monitoring.alerts.rules import without_name
from boathouse.monitoring.alerts.service import Alerts


class BundleAlerts:
    """The verbs on alerts; their id is their name."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return self.get(principal, str(payload["alert"]), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            found = self._alerts.get(principal, resource_id)
        except NotFound:
            return None
        return Existing(found.name, found.name, {"rule": document_of(found.rule)})

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        return {"rule": document_of(without_name(_read(payload).rule))}

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        said = _read(payload)
        return self._alerts.put(principal, said.alert, said.rule, origin=f"{origin.bundle}/{origin.target}").name

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        self.create(principal, payload, origin)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        self._alerts.withdraw(principal, existing.resource_id)

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        return None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._alerts.require_manage(principal, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None


def _read(payload: Payload) -> AlertPayload:
    return fit(AlertPayload, dict(payload), what=f"The alert {payload.get('alert')}")
