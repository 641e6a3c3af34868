"""Schemas of a bundle."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boathouse.bundles.resources.access import Access, wanted_access
from boathouse.bundles.resources.kind import Existing, Origin, Payload, counted
from boathouse.catalog import Securable, SecurableKind
from boathouse.foundation.errors import NotFound
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import Principal

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

_CHILDREN = {
    SecurableKind.TABLE: "table",
    SecurableKind.VOLUME: "volume",
    SecurableKind.REGISTERED_MODEL: "model",
    SecurableKind.FUNCTION: "function",
}


class Schemas:
    """The verbs on schemas. One that exists already is adopted."""

    def __init__(self, catalog: "Catalog") -> None:
        self._catalog = catalog
        self._access = Access(catalog, "schemas", SecurableKind.SCHEMA)

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return self.get(principal, str(_name(payload)), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            securable = self._catalog.securables.get(principal, SecurableKind.SCHEMA, resource_id)
        except NotFound:
            return None
        return Existing(resource_id, resource_id, self._fields(principal, securable, payload))

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        return {**wanted_text(payload, before), **wanted_access("schemas", payload, before)}

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        name = _name(payload)
        self._catalog.securables.create_schema(
            principal, name, comment=payload.get("comment"), properties=payload.get("properties")
        )
        self._access.bring_to(principal, str(name), payload, {})
        return str(name)

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        text = wanted_text(payload, before)
        if any(existing.fields.get(field) != value for field, value in text.items()):
            self._catalog.securables.update(
                principal,
                SecurableKind.SCHEMA,
                existing.resource_id,
                comment=text.get("comment"),
                properties=text.get("properties"),
            )
        self._access.bring_to(principal, existing.resource_id, payload, before)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        self._catalog.securables.drop(principal, SecurableKind.SCHEMA, existing.resource_id, cascade=with_data)

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        found: list[str] = []
        for kind, noun in _CHILDREN.items():
            children = self._catalog.securables.list(principal, kind, existing.resource_id)
            if staying := [child for child in children if child.full_name not in going]:
                found.append(counted(len(staying), noun))
        return ", ".join(found) or None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._access.require_manage(principal, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None

    def _fields(self, principal: Principal, securable: Securable, payload: Payload) -> dict[str, Any]:
        fields: dict[str, Any] = {"comment": securable.comment or "", "properties": dict(securable.properties)}
        return fields | (self._access.read(principal, securable.full_name) if payload.get("grants") else {})


def wanted_text(payload: Payload, before: Payload) -> dict[str, Any]:
    """Comment and properties, where the bundle says or said something about them."""
    wanted: dict[str, Any] = {}
    if payload.get("comment") is not None or before.get("comment") is not None:
        wanted["comment"] = payload.get("comment") or ""
    if payload.get("properties") is not None or before.get("properties") is not None:
        wanted["properties"] = dict(payload.get("properties") or {})
    return wanted


def _name(payload: Payload) -> SchemaName:
    return SchemaName(str(payload["catalog_name"]), str(payload["name"]))
