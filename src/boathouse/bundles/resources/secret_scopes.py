"""Secret scopes of a bundle. One that exists already is adopted, with its secrets; a bundle never holds values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boathouse.bundles.resources.access import Access, wanted_access
from boathouse.bundles.resources.kind import Existing, Origin, Payload, counted
from boathouse.catalog import SecurableKind
from boathouse.foundation.errors import Conflict, NotFound
from boathouse.foundation.principals import SYSTEM, Principal

if TYPE_CHECKING:
    from boathouse.catalog import Catalog


class SecretScopes:
    """The verbs on secret scopes."""

    def __init__(self, catalog: "Catalog") -> None:
        self._catalog = catalog
        self._access = Access(catalog, "secret_scopes", SecurableKind.SECRET_SCOPE)

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return self.get(principal, str(payload["name"]).lower(), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            found = self._catalog.securables.get(principal, SecurableKind.SECRET_SCOPE, resource_id)
        except NotFound:
            return None
        access = self._access.read(principal, resource_id) if payload.get("permissions") else {}
        return Existing(resource_id, found.title or resource_id, access)

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        return wanted_access("secret_scopes", payload, before)

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        name = str(payload["name"])
        self._catalog.secrets.create(principal, name)
        self._access.bring_to(principal, name.lower(), payload, {})
        return name.lower()

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        self._access.bring_to(principal, existing.resource_id, payload, before)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        if not with_data and (held := self.data_in(principal, existing, frozenset())):
            raise Conflict(f"The secret scope {existing.name} holds {held}.")
        self._catalog.secrets.delete(principal, existing.resource_id)

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        # Whether there are secrets is asked as Boathouse itself: who may delete a scope knows of them anyway.
        held = self._catalog.secrets.list(SYSTEM, existing.resource_id)
        return counted(len(held), "secret") if held else None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._access.require_manage(principal, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None
