"""How models of a bundle are trained again. A deployment makes a revision; the history is kept."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from boathouse.bundles.payloads import RetrainingPayload
from boathouse.bundles.resources.kind import Existing, Origin, Payload
from boathouse.bundles.substitution import pending_in
from boathouse.foundation.errors import Denied, NotFound
from boathouse.foundation.names import ModelName, TableName
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import fit
from boathouse.monitoring.monitors.repository import find_monitor
from boathouse.monitoring.retraining.book import PolicyBook
from boathouse.monitoring.retraining.policy import OnMetric, OnTable, OnVolume, RetrainingPolicy
from boathouse.monitoring.retraining.repository import document_of

if TYPE_CHECKING:
    from boathouse.catalog import Catalog


class RetrainingPolicies:
    """The verbs on retraining; its id is the full name of its model."""

    def __init__(self, catalog: "Catalog", book: PolicyBook) -> None:
        self._catalog = catalog
        self._book = book

    def remarks(self, principal: Principal, payload: Payload) -> Iterator[str]:
        """Tables and monitors that are not there: something may still make them."""
        if pending_in(dict(payload)):
            return
        for name, trigger in _read(payload).policy.named():
            if isinstance(trigger.settings, OnMetric) and trigger.settings.metric_table is None:
                yield from self._without_monitor(name, trigger.settings.table)
            if not isinstance(trigger.settings, OnTable | OnVolume):
                continue
            table = trigger.settings.table
            try:
                self._catalog.securables.table(principal, TableName.parse(table))
            except (NotFound, Denied):
                yield f"triggers {name}: there is no table {table} that you may read. It asks for nothing before."

    def _without_monitor(self, trigger: str, table: str) -> Iterator[str]:
        with self._catalog.database.read() as connection:
            if find_monitor(connection, table) is None:
                yield f"triggers {trigger}: no monitor watches {table} yet. It asks for nothing before."

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return self.get(principal, str(payload["model"]), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            held = self._book.get(principal, ModelName.parse(resource_id))
        except NotFound:
            return None
        return Existing(held.model, held.model, _fields(held.policy))

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        return _fields(_read(payload).policy)

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        said = _read(payload)
        return self._book.put(principal, ModelName.parse(said.model), said.policy).model

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        self.create(principal, payload, origin)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        self._book.withdraw(principal, ModelName.parse(existing.resource_id))

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        return None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._book.require_manage(principal, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None


def _read(payload: Payload) -> RetrainingPayload:
    return fit(RetrainingPayload, dict(payload), what=f"The retraining of {payload.get('model')}")


def _fields(policy: RetrainingPolicy) -> dict[str, Any]:
    return {"policy": document_of(policy)}
