"""MLflow's stores, used through their public methods, and the questions we ask them again and again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from boathouse.foundation.errors import AlreadyExists, BoathouseError, InvalidInput, NotFound, Unavailable
from boathouse.models import registry_rows
from boathouse.models.mlflow_server import ARTIFACT_ROOT, MlflowSettings, import_mlflow, prepare_database
from boathouse.models.repository import tune_sqlite

if TYPE_CHECKING:
    from mlflow.exceptions import MlflowException

PAGE_SIZE = 1000
MEMORY_SIZE = 50_000
"""Runs, models and traces whose experiment is remembered; the answer never changes."""

_CATEGORIES: dict[str, type[BoathouseError]] = {
    "RESOURCE_DOES_NOT_EXIST": NotFound,
    "NOT_FOUND": NotFound,
    "RESOURCE_ALREADY_EXISTS": AlreadyExists,
    "TEMPORARILY_UNAVAILABLE": Unavailable,
}


class MlflowStores:
    """The tracking and the registry store over MLflow's database; opened when first needed."""

    def __init__(self, settings: MlflowSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._tracking: Any = None
        self._registry: Any = None
        self._experiment_of = _Memory()

    @property
    def tracking(self) -> Any:
        if self._tracking is None:
            self._open()
        return self._tracking

    @property
    def registry(self) -> Any:
        if self._registry is None:
            self._open()
        return self._registry

    # --- which experiment a thing belongs to

    def experiment_of_run(self, run_id: str) -> str:
        """The experiment of a run.

        Raises:
            NotFound: There is no such run.
        """
        return self._experiment_of(
            "run", run_id, lambda: str(self.call(lambda: self.tracking.get_run(run_id)).info.experiment_id)
        )

    def experiment_of_logged_model(self, model_id: str) -> str:
        return self._experiment_of("logged model", model_id, lambda: str(self.logged_model(model_id).experiment_id))

    def experiment_of_trace(self, trace_id: str) -> str:
        return self._experiment_of(
            "trace", trace_id, lambda: str(self.call(lambda: self.tracking.get_trace_info(trace_id)).experiment_id)
        )

    def experiment_of_review_queue(self, queue_id: str) -> str:
        return str(self.call(lambda: self.tracking.get_review_queue(queue_id)).experiment_id)

    def experiment_of_label_schema(self, schema_id: str) -> str:
        return str(self.call(lambda: self.tracking.get_label_schema(schema_id)).experiment_id)

    def experiment_of_issue(self, issue_id: str) -> str:
        return str(self.call(lambda: self.tracking.get_issue(issue_id)).experiment_id)

    def experiments_of_dataset(self, dataset_id: str) -> list[str]:
        return [str(each) for each in self.call(lambda: self.tracking.get_dataset_experiment_ids(dataset_id))]

    def experiment_named(self, name: str) -> Any | None:
        """The experiment with this name, deleted or not; None when there is none."""
        return self.call(lambda: self.tracking.get_experiment_by_name(name))

    def remember_run(self, run_id: str, experiment_id: str) -> None:
        self._experiment_of.put("run", run_id, experiment_id)

    # --- reading

    def logged_model(self, model_id: str) -> Any:
        return self.call(lambda: self.tracking.get_logged_model(model_id))

    def experiments(self) -> Iterator[Any]:
        """All of them, deleted ones too."""
        from mlflow.entities import ViewType

        yield from _pages(
            lambda token: self.tracking.search_experiments(
                view_type=ViewType.ALL, max_results=PAGE_SIZE, page_token=token
            )
        )

    def registered_models(self) -> Iterator[registry_rows.ModelRow]:
        """All of them by name, without their versions; prompts, which a search leaves out, among them."""
        yield from registry_rows.every_model(self.registry.engine)

    def model_names_after(
        self, name: str | None, limit: int, *, containing: str = "", catalog: str | None = None
    ) -> list[str]:
        """The names of the next models."""
        engine = self.registry.engine
        return registry_rows.names_after(engine, name, limit, containing=containing, catalog=catalog)

    def models_with_alias(self, alias: str) -> dict[str, int]:
        """The models that have an alias, and the version at which it points."""
        return registry_rows.models_with_alias(self.registry.engine, alias)

    def models_named(self, names: Sequence[str]) -> list[registry_rows.ModelRow]:
        """These models by name, without their versions; one that is not there is left out."""
        return registry_rows.models_named(self.registry.engine, names)

    def model_version(self, model: str, version: int) -> Any:
        return self.call(lambda: self.registry.get_model_version(model, str(version)))

    def version_keys(self) -> set[tuple[str, int]]:
        """Model and number of each version that is there."""
        return registry_rows.every_version(self.registry.engine)

    def model_versions(self, model: str) -> list[registry_rows.VersionRow]:
        """The versions of a model, newest first."""
        return registry_rows.versions_of(self.registry.engine, model)

    def aliases(self, model: str) -> dict[str, int]:
        """Where the aliases of a model point; empty when there is no such model."""
        return registry_rows.aliases_of(self.registry.engine, model)

    def call(self, act: Callable[[], Any]) -> Any:
        """Ask a store; its errors become ours.

        Raises:
            BoathouseError: In the category that MLflow's error code names.
        """
        import_mlflow()
        from mlflow.exceptions import MlflowException

        try:
            return act()
        except MlflowException as error:
            raise as_ours(error) from error

    def _open(self) -> None:
        with self._lock:
            if self._registry is not None:
                return
            import_mlflow()
            from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
            from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingStore

            prepare_database(self._settings)
            url = self._settings.database_url
            tracking, registry = TrackingStore(url, ARTIFACT_ROOT), RegistryStore(url)
            if self._settings.sqlite_file is not None:
                for engine in {tracking.engine, registry.engine}:  # MLflow keeps one per database, for its server too
                    tune_sqlite(engine)
            registry_rows.add_indexes(registry.engine)
            self._tracking, self._registry = tracking, registry


def as_ours(error: "MlflowException") -> BoathouseError:
    """An error of MLflow in our category."""
    category = _CATEGORIES.get(str(error.error_code), InvalidInput if error.get_http_status_code() < 500 else None)
    return (category or BoathouseError)(str(error.message).removeprefix(f"{error.error_code}: "))


def _pages(fetch: Callable[[str | None], Any]) -> Iterator[Any]:
    token: str | None = None
    while True:
        page = fetch(token)
        yield from page
        token = page.token
        if not token:
            return


class _Memory:
    """What belongs to which experiment, as far as somebody has asked lately."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, kind: str, name: str, find: Callable[[], str]) -> str:
        with self._lock:
            known = self._known.get((kind, name))
            if known is not None:
                self._known.move_to_end((kind, name))
                return known
        found = find()
        self.put(kind, name, found)
        return found

    def put(self, kind: str, name: str, experiment_id: str) -> None:
        with self._lock:
            self._known[kind, name] = experiment_id
            while len(self._known) > MEMORY_SIZE:
                self._known.popitem(last=False)
