"""Experiments: MLflow's folders of runs, governed by the catalog under their experiment id."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from boathouse.catalog import METASTORE_NAME, Privilege, SecurableKind
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import EVERYONE, SYSTEM, Principal
from boathouse.models.authority import with_authority
from boathouse.models.intents import Intents
from boathouse.models.nouns import IntentKind
from boathouse.models.stores import MlflowStores

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

T = TypeVar("T")
DEFAULT_EXPERIMENT = "0"
KIND = SecurableKind.EXPERIMENT


class Experiments:
    """The verbs on experiments."""

    def __init__(self, stores: MlflowStores, catalog: "Catalog", intents: Intents) -> None:
        self._stores = stores
        self._catalog = catalog
        self._intents = intents

    def create(self, principal: Principal, name: str, *, tags: dict[str, str] | None = None) -> str:
        """Make the experiment unless there is one of this name; answers its id. A deleted one comes back.

        Raises:
            Denied: The principal may not create experiments, or may not read the one of this name.
        """
        audited = self._catalog.audit.verb(principal, "models", "createExperiment", params={"experiment_name": name})
        with audited, self._intents.alone_with(name):
            if (found := self._stores.experiment_named(name)) is not None:
                return self._existing(principal, found)
            self.require_create(principal)
            return str(self.creating(principal, name, lambda: self._make(name, tags or {}), str))

    def delete(self, principal: Principal, experiment_id: str) -> None:
        """Put the experiment aside; MLflow keeps it until its garbage is collected."""
        with self._catalog.audit.verb(principal, "models", "deleteExperiment", KIND, experiment_id):
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, experiment_id)
            self._stores.call(lambda: self._stores.tracking.delete_experiment(experiment_id))

    def require_create(self, principal: Principal) -> None:
        self._catalog.grants.require(principal, Privilege.CREATE_EXPERIMENT, SecurableKind.METASTORE, METASTORE_NAME)

    def creating(self, principal: Principal, name: str, act: Callable[[], T], id_of: Callable[[T], str | None]) -> T:
        """Make an experiment in MLflow by ``act`` and register it here; ``id_of`` says what was made, if anything."""

        def follow(result: T) -> None:
            self.register(principal, str(id_of(result)), name)

        return self._intents.carry_out(
            IntentKind.CREATE_EXPERIMENT,
            name,
            principal,
            act=act,
            follow=follow,
            succeeded=lambda result: id_of(result) is not None,
        )

    def register(self, principal: Principal, experiment_id: str, name: str, owner: str | None = None) -> None:
        acting = with_authority(principal)
        self._catalog.securables.register(acting, KIND, experiment_id, title=name, owner=owner or principal.name)
        if experiment_id == DEFAULT_EXPERIMENT:
            self._catalog.grants.grant(SYSTEM, EVERYONE, [Privilege.WRITE_EXPERIMENT], KIND, experiment_id)

    def renamed(self, principal: Principal, experiment_id: str, name: str) -> None:
        """Tell the catalog an experiment's new title."""
        self._catalog.securables.update(with_authority(principal), KIND, experiment_id, title=name)

    def _existing(self, principal: Principal, experiment: Any) -> str:
        experiment_id = str(experiment.experiment_id)
        self._catalog.grants.require(principal, Privilege.READ_EXPERIMENT, KIND, experiment_id)
        if experiment.lifecycle_stage == "deleted":
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, experiment_id)
            self._stores.call(lambda: self._stores.tracking.restore_experiment(experiment_id))
        return experiment_id

    def _make(self, name: str, tags: dict[str, str]) -> str:
        from mlflow.entities import ExperimentTag

        given = [ExperimentTag(key, value) for key, value in tags.items()]
        return str(self._stores.call(lambda: self._stores.tracking.create_experiment(name, tags=given)))

    def name_of(self, experiment_id: str) -> str:
        found = self._stores.call(lambda: self._stores.tracking.get_experiment(experiment_id))
        if found is None:
            raise NotFound(f"There is no experiment {experiment_id}.")
        return str(found.name)
