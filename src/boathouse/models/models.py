"""The verbs of the room: one object for the wiring, the doors and the bundles."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from boathouse.foundation.clock import Clock
from boathouse.foundation.home import Home
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.models.mlflow_server import MlflowSettings
from boathouse.models.nouns import ANY, AliasMove, AnyVersion, ModelVersion, RegisteredModel
from boathouse.models.parts import ModelParts
from boathouse.models.policy.gatekeeper import Gatekeeper
from boathouse.models.runs import EnvironmentLock

if TYPE_CHECKING:
    from boathouse.catalog import Catalog


class Models(ModelParts):
    """Experiments, runs and registered models under the catalog's law.

    Example:
        models = Models(catalog, database, home)
        models.start()
        models.create_registered_model(principal, ModelName.parse("prod.flights.delay"), comment="Arrival delay")
        models.set_alias(principal, ModelName.parse("prod.flights.delay"), "champion", 3, expected=2)
    """

    def __init__(
        self,
        catalog: "Catalog",
        database: Database,
        home: Home,
        *,
        settings: MlflowSettings | None = None,
        clock: Clock | None = None,
        environment_lock: EnvironmentLock = lambda _: None,
    ) -> None:
        super().__init__(catalog, database, home, settings=settings, clock=clock, environment_lock=environment_lock)
        self.gatekeeper = Gatekeeper(self)

    def start(self, when_loaded: Callable[[], None] = lambda: None) -> None:
        """Load MLflow in the background and bring both databases to agree; requests wait for it."""

        def settle() -> None:
            self.reconciliation.run()
            when_loaded()

        self.server.start(then=settle)

    @property
    def state(self) -> str:
        """For the health answer: ``starting``, ``ready`` or ``failed: ...``."""
        return self.server.state

    # --- experiments

    def create_experiment(self, principal: Principal, name: str, *, tags: dict[str, str] | None = None) -> str:
        """The id of the experiment of this name, made if there is none."""
        return self.experiments.create(principal, name, tags=tags)

    def delete_experiment(self, principal: Principal, experiment_id: str) -> None:
        self.experiments.delete(principal, experiment_id)

    # --- registered models

    def create_registered_model(
        self, principal: Principal, name: ModelName, *, comment: str | None = None, tags: dict[str, str] | None = None
    ) -> RegisteredModel:
        return self.registry.create(principal, name, comment=comment, tags=tags)

    def get_registered_model(self, principal: Principal, name: ModelName) -> RegisteredModel:
        return self.registry.get(principal, name)

    def list_registered_models(self, principal: Principal) -> list[RegisteredModel]:
        return self.registry.all(principal)

    def page_of_registered_models(
        self,
        principal: Principal,
        *,
        after: str | None = None,
        limit: int = 100,
        containing: str = "",
        catalog: str | None = None,
    ) -> tuple[list[RegisteredModel], str | None]:
        return self.registry.page(principal, after=after, limit=limit, containing=containing, catalog=catalog)

    def update_registered_model(self, principal: Principal, name: ModelName, *, comment: str) -> RegisteredModel:
        return self.registry.update(principal, name, comment=comment)

    def delete_registered_model(self, principal: Principal, name: ModelName) -> None:
        self.registry.delete(principal, name)

    def model_versions(self, principal: Principal, name: ModelName) -> list[ModelVersion]:
        return self.registry.versions(principal, name)

    def model_with_versions(self, principal: Principal, name: ModelName) -> tuple[RegisteredModel, list[ModelVersion]]:
        return self.registry.with_versions(principal, name)

    def set_alias(
        self,
        principal: Principal,
        name: ModelName,
        alias: str,
        version: int,
        *,
        expected: int | AnyVersion | None = ANY,
        reason: str | None = None,
    ) -> AliasMove:
        return self.registry.aliases.set(principal, name, alias, version, expected=expected, reason=reason)

    def delete_alias(
        self, principal: Principal, name: ModelName, alias: str, *, reason: str | None = None
    ) -> AliasMove:
        return self.registry.aliases.delete(principal, name, alias, reason=reason)

    def alias_history(self, principal: Principal, name: ModelName, alias: str | None = None) -> list[AliasMove]:
        return self.registry.aliases.history(principal, name, alias)
