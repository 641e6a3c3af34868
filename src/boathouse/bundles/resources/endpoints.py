"""Endpoints of a bundle. What they serve may be made by the bundle's own jobs, later."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boathouse.bundles.payloads import EndpointPayload
from boathouse.bundles.resources.access import Access, wanted_access
from boathouse.bundles.resources.kind import Existing, Origin, Payload
from boathouse.catalog import SecurableKind
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import fit
from boathouse.serving.endpoints.capturing import with_default_capture
from boathouse.serving.endpoints.given import wanted_of
from boathouse.serving.endpoints.nouns import CaptureTarget, Endpoint, Wanted
from boathouse.serving.endpoints.service import Endpoints, NewEndpoint

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

_SECTION = "model_serving_endpoints"


class BundleEndpoints:
    """The verbs on endpoints; their id is their name. One that exists already is adopted."""

    def __init__(self, catalog: "Catalog", endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._access = Access(catalog, _SECTION, SecurableKind.ENDPOINT)

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return self.get(principal, str(payload["name"]), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            found = self._endpoints.get(principal, resource_id)
        except NotFound:
            return None
        access = self._access.read(principal, resource_id) if payload.get("permissions") else {}
        held = Wanted(found.config.entities, found.config.routes, found.config.capture)
        fields = _fields(held, says_capture=_says_capture(payload))
        told = {"description": found.description or "", "tags": dict(found.tags)}
        return Existing(resource_id, resource_id, {**fields, **told, **access})

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        said = _read(payload)
        fields = _fields(_wanted(said, None), says_capture=_says_capture(payload))
        told: dict[str, Any] = {}
        if said.description is not None or before.get("description") is not None:
            told["description"] = said.description or ""
        tags = _tags(payload)
        if tags or _tags(before):
            told["tags"] = {**tags, **{key: None for key in _tags(before) if key not in tags}}
        return {**fields, **told, **wanted_access(_SECTION, payload, before)}

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        said = _read(payload)
        wanted = _wanted(said, None)
        if not _says_capture(payload):
            wanted = with_default_capture(wanted, said.name, self._endpoints.may_capture(principal))
        where = f"{origin.bundle}/{origin.target}"
        new = NewEndpoint(said.name, wanted, said.description, _tags(payload), origin=where)
        self._endpoints.create(principal, new)
        self._access.bring_to(principal, said.name, payload, {})
        return said.name

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        said, name = _read(payload), existing.resource_id
        held = self._endpoints.get(principal, name)
        self._endpoints.update_config(principal, name, _wanted(said, held))
        self._describe(principal, held, said.description, before)
        tags = _tags(payload)
        gone = [key for key in _tags(before) if key not in tags and key in held.tags]
        if gone or any(held.tags.get(key) != value for key, value in tags.items()):
            self._endpoints.set_tags(principal, name, tags, remove=gone)
        self._endpoints.set_origin(principal, name, f"{origin.bundle}/{origin.target}")
        self._access.bring_to(principal, name, payload, before)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        self._endpoints.delete(principal, existing.resource_id)

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        """Its inference tables stay when it goes."""
        return None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._access.require_manage(principal, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None

    def _describe(self, principal: Principal, held: Endpoint, description: str | None, before: Payload) -> None:
        if description is None and before.get("description") is None:
            return
        if (description or None) != held.description:
            self._endpoints.describe(principal, held.name, description)


def _read(payload: Payload) -> EndpointPayload:
    return fit(EndpointPayload, dict(payload), what=f"The endpoint {payload.get('name')!r}")


def _says_capture(payload: Payload) -> bool:
    config = payload.get("config")
    return isinstance(config, Mapping) and config.get("auto_capture_config") is not None  # pyright: ignore[reportUnknownMemberType]


def _wanted(said: EndpointPayload, held: Endpoint | None) -> Wanted:
    return wanted_of(said.config, said.name, kept=held.config.capture if held is not None else None)


def _tags(payload: Payload) -> dict[str, str]:
    return {str(tag["key"]): str(tag.get("value") or "") for tag in payload.get("tags") or ()}


def _fields(wanted: Wanted, *, says_capture: bool) -> dict[str, Any]:
    """A configuration with entities by their names, so that a difference names the entity."""
    entities = {
        each.name: {"entity": each.entity, "version": each.version if each.alias is None else each.alias}
        for each in wanted.entities
    }
    traffic = {each.entity: each.percent for each in wanted.routes}
    captured = {"auto_capture": _capture_fields(wanted.capture)} if says_capture else {}
    return {"entities": entities, "traffic": traffic, **captured}


def _capture_fields(capture: CaptureTarget | None) -> dict[str, Any]:
    if capture is None:
        return {"enabled": False}
    table = f"{capture.catalog}.{capture.schema}.{capture.prefix}_payload"
    return {"table": table, "enabled": capture.is_enabled}
