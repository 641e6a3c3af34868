"""How endpoints of a bundle change, fall and are limited. A deployment makes a revision; the history is kept."""

from collections.abc import Mapping
from typing import Any

from boathouse.bundles.payloads import EndpointPolicyPayload
from boathouse.bundles.resources.kind import Existing, Origin, Payload
from boathouse.catalog import Privilege
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import fit
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.endpoints.repository import policy_document
from boathouse.serving.endpoints.service import Endpoints


class EndpointPolicies:
    """The verbs on policies; their id is the name of their endpoint."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return self.get(principal, str(payload["endpoint"]), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            found = self._endpoints.get(principal, resource_id)
        except NotFound:
            return None
        if found.policy_revision is None:
            return None
        return Existing(resource_id, resource_id, _fields(self._endpoints.policy(principal, resource_id)))

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        return _fields(_read(payload).policy)

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        said = _read(payload)
        self._endpoints.put_policy(principal, said.endpoint, said.policy)
        return said.endpoint

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        self.create(principal, payload, origin)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        self._endpoints.put_policy(principal, existing.resource_id, None)

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        return None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._endpoints.access.require(principal, Privilege.MANAGE, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None


def _read(payload: Payload) -> EndpointPolicyPayload:
    return fit(EndpointPolicyPayload, dict(payload), what=f"The policy of endpoint {payload.get('endpoint')}")


def _fields(policy: EndpointPolicy) -> dict[str, Any]:
    return {"policy": policy_document(policy)}
