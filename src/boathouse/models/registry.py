"""Registered models: three-level names, versions whose inputs stay readable, aliases that move one at a time."""

from bisect import bisect_right
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import Clock
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import InvalidName, ModelName
from boathouse.foundation.principals import Principal
from boathouse.models.aliases import Aliases, ModelNotFound, require_version
from boathouse.models.authority import with_authority
from boathouse.models.intents import Intents
from boathouse.models.nouns import (
    STARTS_JOB,
    IntentKind,
    ModelVersion,
    RegisteredModel,
)
from boathouse.models.provenance import Provenance
from boathouse.models.registry_rows import ModelRow, VersionRow
from boathouse.models.repository import ModelRepository
from boathouse.models.stores import MlflowStores

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

T = TypeVar("T")
KIND = SecurableKind.REGISTERED_MODEL
LARGEST_PAGE = 1000
LONGEST_IN_CATALOG = 10_000
"""Characters of a comment or a tag; MLflow's own file takes any number."""
Keeper = Callable[[ModelName, int | None], None]
"""Raises unless a version, or the whole model (None), may go."""


class Registry:
    """The verbs on registered models, their versions and aliases."""

    def __init__(
        self,
        stores: MlflowStores,
        catalog: "Catalog",
        intents: Intents,
        repository: ModelRepository,
        provenance: Provenance,
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._catalog = catalog
        self._intents = intents
        self._repository = repository
        self._provenance = provenance
        self.aliases = Aliases(stores, catalog, intents, repository, clock)
        self._keepers: list[Keeper] = []

    def keep_for(self, keeper: Keeper) -> None:
        """Ask a higher room before a model or a version is deleted, or a model renamed."""
        self._keepers.append(keeper)

    # --- models

    def create(
        self, principal: Principal, name: ModelName, *, comment: str | None = None, tags: dict[str, str] | None = None
    ) -> RegisteredModel:
        """Make a registered model.

        Raises:
            AlreadyExists: The name is taken.
            Denied: The principal lacks CREATE MODEL on the schema.
        """
        with self._catalog.audit.verb(principal, "models", "createRegisteredModel", KIND, str(name)):
            self.require_create(principal, name)
            self.creating(principal, name, lambda: self._make(name, comment, tags or {}), comment=comment, tags=tags)
        return self._model(str(name))

    def get(self, principal: Principal, name: ModelName) -> RegisteredModel:
        """A registered model with its aliases."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(name))
        return self._model(str(name))

    def all(self, principal: Principal) -> list[RegisteredModel]:
        """The models that the principal may see."""
        found: list[RegisteredModel] = []
        after: str | None = None
        while True:
            page, after = self.page(principal, after=after, limit=LARGEST_PAGE)
            found += page
            if after is None:
                return found

    def page(
        self,
        principal: Principal,
        *,
        after: str | None = None,
        limit: int = 100,
        containing: str = "",
        catalog: str | None = None,
    ) -> tuple[list[RegisteredModel], str | None]:
        """The next models by name that the principal may see, and after which to go on; None at the end.

        However far into the list, a page takes the same time.

        Args:
            containing: Only models with this text in their name, whatever its case.
            catalog: Only models of this catalog.
        """
        if principal.is_admin:
            names = self._stores.model_names_after(after, limit + 1, containing=containing, catalog=catalog)
        else:
            reached = self._catalog.grants.within_reach(principal, Privilege.EXECUTE, KIND)
            visible = sorted(
                name
                for name in reached
                if containing.lower() in name.lower() and (catalog is None or name.startswith(f"{catalog}."))
            )
            start = 0 if after is None else bisect_right(visible, after)
            names = visible[start : start + limit + 1]
        shown = names[:limit]
        return self._models(shown), shown[-1] if len(names) > limit else None

    def delete(self, principal: Principal, name: ModelName) -> None:
        """Delete a model with all its versions; what they were trained on is no longer kept for them."""
        with self._catalog.audit.verb(principal, "models", "deleteRegisteredModel", KIND, str(name)):
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, str(name))
            drop = self._stores.registry.delete_registered_model
            self.deleting(principal, name, lambda: self._stores.call(lambda: drop(str(name))))

    def update(self, principal: Principal, name: ModelName, *, comment: str) -> RegisteredModel:
        """Change what a model says about itself."""
        with self._catalog.audit.verb(principal, "models", "updateRegisteredModel", KIND, str(name)):
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, str(name))
            with self._intents.alone_with(str(name)):
                self._stores.call(lambda: self._stores.registry.update_registered_model(str(name), comment))
                self.mirror(principal, str(name))
        return self._model(str(name))

    def versions(self, principal: Principal, name: ModelName) -> list[ModelVersion]:
        """The versions of a model, newest first."""
        return self.with_versions(principal, name)[1]

    def with_versions(self, principal: Principal, name: ModelName) -> tuple[RegisteredModel, list[ModelVersion]]:
        """A registered model, and its versions, newest first."""
        model = self.get(principal, name)
        return model, [_as_version(row, model) for row in self._stores.model_versions(model.name)]

    @contextmanager
    def alone_with(self, name: ModelName) -> Generator[None]:
        """Nobody else moves an alias of the model, or changes it otherwise, during the block."""
        with self._intents.alone_with(str(name)):
            yield

    def require_version(self, name: ModelName, version: int) -> None:
        """
        Raises:
            ModelNotFound: There is no such version.
        """
        require_version(self._repository, name, version)

    # --- what both our verbs and MLflow's API go through

    def require_create(self, principal: Principal, name: ModelName) -> None:
        self._catalog.grants.require(principal, Privilege.CREATE_MODEL, SecurableKind.SCHEMA, str(name.parent))

    def creating(
        self,
        principal: Principal,
        name: ModelName,
        act: Callable[[], T],
        *,
        succeeded: Callable[[T], bool] = lambda _: True,
        comment: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> T:
        """Make a model in MLflow by ``act`` and register it in the catalog."""

        def follow(_: T) -> None:
            acting = with_authority(principal)
            shown = _fitting(comment) if comment else None
            self._catalog.securables.register(acting, KIND, str(name), comment=shown, parent=str(name.parent))
            if tags:
                self._catalog.securables.set_tags(acting, KIND, str(name), _all_fitting(tags))

        with self._intents.alone_with(str(name)):
            return self._intents.carry_out(
                IntentKind.CREATE_MODEL, str(name), principal, act=act, follow=follow, succeeded=succeeded
            )

    def deleting(
        self,
        principal: Principal,
        name: ModelName,
        act: Callable[[], T],
        *,
        succeeded: Callable[[T], bool] = lambda _: True,
    ) -> T:
        def follow(_: T) -> None:
            self.forget(principal, str(name))

        with self._intents.alone_with(str(name)):
            for alias in self._stores.aliases(str(name)):
                self.aliases.require_movable(principal, name, alias, None)
            self._require_not_kept(name, None)
            return self._intents.carry_out(
                IntentKind.DELETE_MODEL, str(name), principal, act=act, follow=follow, succeeded=succeeded
            )

    def forget(self, principal: Principal, name: str) -> None:
        """Drop everything we know of a model that MLflow no longer has."""
        for version in self._repository.versions_of(name):
            self._provenance.version_deleted(name, version)
        self._repository.drop_model(name)
        self.aliases.record_differences(principal, name, {}, through="mlflow", reason="the model was deleted")
        self._catalog.securables.forget(with_authority(principal), KIND, name)

    def renaming(
        self,
        principal: Principal,
        name: ModelName,
        new_name: ModelName,
        act: Callable[[], T],
        *,
        succeeded: Callable[[T], bool] = lambda _: True,
    ) -> T:
        if new_name.parent != name.parent:
            raise InvalidInput(
                f"{name} cannot become {new_name}: a model keeps its schema.",
                hint=f"Register its versions again under {new_name}.",
            )

        def follow(_: T) -> None:
            self.rename(principal, str(name), new_name)

        with self._intents.alone_with(str(name), str(new_name)):
            for alias in self.aliases.of(name):  # who loads it by its name would find it gone, or another in its place
                self.aliases.require_movable(principal, name, alias, None)
            self._require_not_kept(name, None)
            return self._intents.carry_out(
                IntentKind.RENAME_MODEL,
                str(name),
                principal,
                act=act,
                follow=follow,
                succeeded=succeeded,
                details={"new_name": str(new_name)},
            )

    def rename(self, principal: Principal, name: str, new_name: ModelName) -> None:
        """Follow a rename that MLflow has made."""
        self._provenance.model_renamed(name, str(new_name))
        self._catalog.securables.rename(with_authority(principal), KIND, name, str(new_name))

    def creating_version(
        self,
        principal: Principal,
        name: ModelName,
        act: Callable[[], T],
        version_of: Callable[[T], int | None],
        *,
        starts_job: bool = True,
    ) -> T:
        """Make a version in MLflow by ``act``; pin what it was trained on and draw the lineage.

        A version that is no candidate (a copy, an import, a reproduction) is made with ``starts_job=False``.
        """

        def follow(result: T) -> None:
            number = str(version_of(result))
            made = self._stores.call(lambda: self._stores.registry.get_model_version(str(name), number))
            self._provenance.version_created(principal, made, starts_job=starts_job)

        with self._intents.alone_with(str(name)):
            return self._intents.carry_out(
                IntentKind.CREATE_VERSION,
                str(name),
                principal,
                act=act,
                follow=follow,
                succeeded=lambda result: version_of(result) is not None,
                details={} if starts_job else {STARTS_JOB: "no"},
            )

    def deleting_version(
        self,
        principal: Principal,
        name: ModelName,
        version: int,
        act: Callable[[], T],
        *,
        succeeded: Callable[[T], bool] = lambda _: True,
    ) -> T:
        def follow(_: T) -> None:
            self._provenance.version_deleted(str(name), version)
            remaining = self._stores.aliases(str(name))
            self.aliases.record_differences(
                principal, str(name), remaining, through="mlflow", reason="the version was deleted"
            )

        with self._intents.alone_with(str(name)):
            for alias, pointed in self._stores.aliases(str(name)).items():
                if pointed == version:
                    self.aliases.require_movable(principal, name, alias, None)
            self._require_not_kept(name, version)
            return self._intents.carry_out(
                IntentKind.DELETE_VERSION,
                str(name),
                principal,
                act=act,
                follow=follow,
                succeeded=succeeded,
                details={"version": str(version)},
            )

    def mirror(self, principal: Principal, name: str) -> None:
        """Bring comment and tags of a model's securable in line with MLflow's."""
        acting, securables = with_authority(principal), self._catalog.securables
        found, known = self._model(name), securables.get(acting, KIND, name)
        comment, tags = _fitting(found.comment or ""), _all_fitting(found.tags)
        if comment != (known.comment or ""):
            securables.update(acting, KIND, name, comment=comment)
        if tags != known.tags:
            gone = [key for key in known.tags if key not in tags]
            securables.set_tags(acting, KIND, name, tags, remove=gone)

    def _require_not_kept(self, name: ModelName, version: int | None) -> None:
        for keeper in self._keepers:
            keeper(name, version)

    def _make(self, name: ModelName, comment: str | None, tags: dict[str, str]) -> None:
        from mlflow.entities.model_registry import RegisteredModelTag

        given = [RegisteredModelTag(key, value) for key, value in tags.items()]
        self._stores.call(lambda: self._stores.registry.create_registered_model(str(name), given, comment))

    def _model(self, name: str) -> RegisteredModel:
        found = self._models([name])
        if not found:
            raise ModelNotFound(f"There is no registered model {name}.")
        return found[0]

    def _models(self, names: Sequence[str]) -> list[RegisteredModel]:
        return [_as_model(row) for row in self._stores.models_named(names)]


def parse_model_name(text: str, known: Sequence[str] = ()) -> ModelName:
    """Read the name of a registered model.

    Raises:
        InvalidInput: It does not have three levels.
    """
    try:
        return ModelName.parse(text)
    except InvalidName as error:
        raise InvalidInput(
            f"{text!r} cannot name a registered model: {error.message}",
            hint=did_you_mean(text, known) or "Write catalog.schema.model, as in prod.flights.delay.",
        ) from error


def _fitting(text: str) -> str:
    """As much of a text of MLflow's as the catalog takes."""
    return text.replace("\0", "")[:LONGEST_IN_CATALOG]


def _all_fitting(tags: Mapping[str, str]) -> dict[str, str]:
    return {_fitting(key): _fitting(value) for key, value in tags.items() if key.strip("\0 ")}


def _as_model(row: ModelRow) -> RegisteredModel:
    return RegisteredModel(
        row.name, row.description, row.aliases, row.tags, row.creation_timestamp, row.last_updated_timestamp
    )


def _as_version(row: VersionRow, model: RegisteredModel) -> ModelVersion:
    aliases = sorted(alias for alias, pointed in model.aliases.items() if pointed == row.version)
    return ModelVersion(
        model.name,
        row.version,
        row.source,
        row.run_id,
        row.description,
        tuple(aliases),
        row.tags,
        row.creation_timestamp,
    )
