"""Volumes of a bundle."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from boathouse.bundles.resources.access import Access, wanted_access
from boathouse.bundles.resources.kind import Existing, Origin, Payload, counted
from boathouse.bundles.resources.schemas import wanted_text
from boathouse.catalog import SecurableKind
from boathouse.foundation.errors import NotFound
from boathouse.foundation.names import VolumeName
from boathouse.foundation.principals import SYSTEM, Principal

if TYPE_CHECKING:
    from boathouse.catalog import Catalog


class Volumes:
    """The verbs on volumes. One that exists already is adopted."""

    def __init__(self, catalog: "Catalog") -> None:
        self._catalog = catalog
        self._access = Access(catalog, "volumes", SecurableKind.VOLUME)

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return self.get(principal, str(_name(payload)), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            securable = self._catalog.securables.get(principal, SecurableKind.VOLUME, resource_id)
        except NotFound:
            return None
        access = self._access.read(principal, resource_id) if payload.get("grants") else {}
        return Existing(resource_id, resource_id, {"comment": securable.comment or "", **access})

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        return {**wanted_text(payload, before), **wanted_access("volumes", payload, before)}

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        name = _name(payload)
        self._catalog.securables.create_volume(principal, name, comment=payload.get("comment"))
        self._access.bring_to(principal, str(name), payload, {})
        return str(name)

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        comment = wanted_text(payload, before).get("comment")
        if comment is not None and comment != existing.fields["comment"]:
            self._catalog.securables.update(principal, SecurableKind.VOLUME, existing.resource_id, comment=comment)
        self._access.bring_to(principal, existing.resource_id, payload, before)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        self._catalog.securables.drop(principal, SecurableKind.VOLUME, existing.resource_id)

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        # Whether there are files is asked as Boathouse itself: who may drop a volume need not be allowed to read it.
        volume = self._catalog.securables.volume(SYSTEM, VolumeName.parse(existing.resource_id))
        folder = Path(unquote(urlsplit(volume.storage_location).path))
        files = sum(len(names) for _, _, names in os.walk(folder))
        return counted(files, "file") if files else None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._access.require_manage(principal, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None


def _name(payload: Payload) -> VolumeName:
    return VolumeName(str(payload["catalog_name"]), str(payload["schema_name"]), str(payload["name"]))
