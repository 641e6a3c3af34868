"""Experiments of a bundle. Their tags are set when they are made; later they belong to those who work with them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boathouse.bundles.resources.access import Access, wanted_access
from boathouse.bundles.resources.kind import Existing, Origin, Payload
from boathouse.catalog import SecurableKind
from boathouse.foundation.errors import Conflict, NotFound
from boathouse.foundation.principals import Principal

if TYPE_CHECKING:
    from boathouse.catalog import Catalog
    from boathouse.models import Models

_ANY_RUN = 3
"""MLflow's view of active and deleted runs: both are data."""


class Experiments:
    """The verbs on experiments. One that exists already is adopted, with its runs."""

    def __init__(self, catalog: "Catalog", models: "Models") -> None:
        self._catalog = catalog
        self._models = models
        self._access = Access(catalog, "experiments", SecurableKind.EXPERIMENT)

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        found = self._models.stores.experiment_named(str(payload["name"]))
        if found is None or found.lifecycle_stage == "deleted":
            return None
        return self.get(principal, str(found.experiment_id), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            self._catalog.securables.get(principal, SecurableKind.EXPERIMENT, resource_id)
            stores = self._models.stores
            experiment = stores.call(lambda: stores.tracking.get_experiment(resource_id))
        except NotFound:
            return None
        if experiment.lifecycle_stage == "deleted":
            return None
        access = self._access.read(principal, resource_id) if payload.get("permissions") else {}
        return Existing(resource_id, str(experiment.name), access)

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        return wanted_access("experiments", payload, before)

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        tags = {str(tag["key"]): str(tag["value"]) for tag in payload.get("tags") or ()}
        experiment_id = self._models.create_experiment(principal, str(payload["name"]), tags=tags)
        self._access.bring_to(principal, experiment_id, payload, {})
        return experiment_id

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        self._access.bring_to(principal, existing.resource_id, payload, before)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        if not with_data and self.data_in(principal, existing, frozenset()):
            raise Conflict(f"The experiment {existing.name} has runs.")
        self._models.delete_experiment(principal, existing.resource_id)

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        stores = self._models.stores
        runs = stores.call(lambda: stores.tracking.search_runs([existing.resource_id], "", _ANY_RUN, max_results=1))
        return "runs" if runs else None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._access.require_manage(principal, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None
