"""Registered models of a bundle."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boathouse.bundles.resources.access import Access, wanted_access
from boathouse.bundles.resources.kind import Existing, Origin, Payload, counted
from boathouse.bundles.resources.schemas import wanted_text
from boathouse.catalog import SecurableKind
from boathouse.foundation.errors import Conflict, NotFound
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal

if TYPE_CHECKING:
    from boathouse.catalog import Catalog
    from boathouse.models import Models


class RegisteredModels:
    """The verbs on registered models. One that exists already is adopted, with its versions and aliases."""

    def __init__(self, catalog: "Catalog", models: "Models") -> None:
        self._catalog = catalog
        self._models = models
        self._access = Access(catalog, "registered_models", SecurableKind.REGISTERED_MODEL)

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return self.get(principal, str(_name(payload)), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            self._catalog.securables.get(principal, SecurableKind.REGISTERED_MODEL, resource_id)
            model = self._models.get_registered_model(principal, ModelName.parse(resource_id))
        except NotFound:
            return None
        access = self._access.read(principal, resource_id) if payload.get("grants") else {}
        return Existing(resource_id, resource_id, {"comment": model.comment or "", **access})

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        return {**wanted_text(payload, before), **wanted_access("registered_models", payload, before)}

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        name = _name(payload)
        self._models.create_registered_model(principal, name, comment=payload.get("comment"))
        self._access.bring_to(principal, str(name), payload, {})
        return str(name)

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        comment = wanted_text(payload, before).get("comment")
        if comment is not None and comment != existing.fields["comment"]:
            name = ModelName.parse(existing.resource_id)
            self._models.update_registered_model(principal, name, comment=str(comment))
        self._access.bring_to(principal, existing.resource_id, payload, before)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        if not with_data and (held := self.data_in(principal, existing, frozenset())):
            raise Conflict(f"The registered model {existing.name} has {held}.")
        self._models.delete_registered_model(principal, ModelName.parse(existing.resource_id))

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        versions = len(self._models.model_versions(principal, ModelName.parse(existing.resource_id)))
        return counted(versions, "version") if versions else None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._access.require_manage(principal, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None


def _name(payload: Payload) -> ModelName:
    return ModelName(str(payload["catalog_name"]), str(payload["schema_name"]), str(payload["name"]))
