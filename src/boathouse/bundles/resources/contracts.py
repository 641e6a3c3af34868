"""Contracts of a bundle. A deployment makes a revision; the history is kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from boathouse.bundles.payloads import ContractPayload
from boathouse.bundles.resources.kind import Existing, Origin, Payload
from boathouse.bundles.substitution import pending_in
from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.errors import Denied, NotFound
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import fit
from boathouse.quality.contracts.service import Contracts


class BundleContracts:
    """The verbs on contracts; their id is the name of their table."""

    def __init__(self, catalog: Catalog, contracts: Contracts) -> None:
        self._catalog = catalog
        self._contracts = contracts

    def remarks(self, principal: Principal, payload: Payload) -> Iterator[str]:
        """A table that is not there yet.

        Raises:
            DoesNotFit: It is there, and has not what the contract promises.
        """
        if pending_in(payload.get("table")):
            return
        said = _read(payload)
        try:
            self._contracts.require_fitting(principal, TableName.parse(said.table), said.document)
        except (NotFound, Denied):
            yield f"There is no table {said.table} that you may read. The next deployment once it is there attaches it."

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return self.get(principal, str(payload["table"]), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        table = TableName.parse(resource_id)
        try:
            found = self._contracts.get(principal, table)
        except (NotFound, Denied):
            return None
        name = str(table)
        return Existing(
            name, name, {"document": found.document, "quarantine": self._contracts.quarantine(principal, table)}
        )

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        said = _read(payload)
        return {"document": said.document, "quarantine": said.quarantine or f"{said.table}_quarantine"}

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        """A table that is not there yet is none's fault: a job of the bundle may make it, and the next deployment then
        attaches the contract."""
        said = _read(payload)
        table = TableName.parse(said.table)
        try:
            self._catalog.securables.table(principal, table)
        except NotFound:
            return said.table
        self._contracts.attach(principal, table, said.document, quarantine=said.quarantine)
        return said.table

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        self.create(principal, payload, origin)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        self._contracts.detach(principal, TableName.parse(existing.resource_id))

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        """Its quarantine table stays when it goes."""
        return None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._catalog.grants.require(principal, Privilege.MANAGE, SecurableKind.TABLE, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None


def _read(payload: Payload) -> ContractPayload:
    return fit(ContractPayload, dict(payload), what=f"The contract of {payload.get('table')}")
