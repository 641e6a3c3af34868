"""Playbooks of a bundle. A deployment makes a revision; the history is kept."""

from collections.abc import Mapping
from typing import Any

from boathouse.bundles.payloads import PlaybookPayload
from boathouse.bundles.resources.kind import Existing, Origin, Payload
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import fit
from boathouse.monitoring.incidents.playbook import playbook_document
from boathouse.monitoring.incidents.playbooks import Playbooks


class BundlePlaybooks:
    """The verbs on playbooks; their id is their name."""

    def __init__(self, playbooks: Playbooks) -> None:
        self._playbooks = playbooks

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return self.get(principal, str(payload["playbook"]), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            found = self._playbooks.get(principal, resource_id)
        except NotFound:
            return None
        return Existing(found.name, found.name, {"definition": playbook_document(found.playbook)})

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        return {"definition": playbook_document(_read(payload).definition)}

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        said, place = _read(payload), f"{origin.bundle}/{origin.target}"
        return self._playbooks.put(principal, said.playbook, said.definition, origin=place).name

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        self.create(principal, payload, origin)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        self._playbooks.withdraw(principal, existing.resource_id)

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        return None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._playbooks.require_manage(principal, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None


def _read(payload: Payload) -> PlaybookPayload:
    return fit(PlaybookPayload, dict(payload), what=f"The playbook {payload.get('playbook')}")
