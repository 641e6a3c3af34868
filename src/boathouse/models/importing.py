"""Takes in an existing MLflow store: experiments, runs with their ids, logged models, registered models with the
numbers of their versions, aliases and artifacts.

Everything comes in under our law: experiments and models get an owner and stand in the audit log. It can be stopped at
any moment and started again: a run appears with its artifacts or not at all, and what is there is not done twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import InvalidName, ModelName, SchemaName
from boathouse.foundation.principals import Principal
from boathouse.models.import_rows import add_logged_model, add_run, add_version, has_logged_model, has_run, has_version
from boathouse.models.import_source import ImportSource, copy_artifacts, size_of
from boathouse.models.mlflow_server import ARTIFACT_ROOT
from boathouse.models.models import Models

ORIGIN = "boathouse.imported_from"
IMPORTED_BY = "boathouse.imported_by"
GAP = "boathouse.import_gap"
"""Tag of what is not whole, with what is missing."""


@dataclass(slots=True)
class Imported:
    """What came in, or would."""

    experiments: int = 0
    runs: int = 0
    logged_models: int = 0
    models: int = 0
    versions: int = 0
    aliases: int = 0
    artifact_bytes: int = 0
    known: int = 0
    """Runs, logged models and versions that were there already."""
    gaps: list[str] = field(default_factory=list[str])
    """What is missing in the source."""


@dataclass(frozen=True, slots=True)
class MlflowImport:
    """What to take in, and how."""

    source: ImportSource
    artifacts: Path
    """Our folder of artifacts."""
    into: SchemaName | None = None
    """Of models whose names have no three levels."""
    dry_run: bool = False


class Importer:
    """One import."""

    def __init__(self, models: Models, principal: Principal, wish: MlflowImport) -> None:
        self._models = models
        self._principal = principal
        self._wish = wish
        self._source = wish.source
        self._done = Imported()
        self._places: dict[str, str] = {}
        """Where artifacts were, and where they are now."""

    def run(self) -> Imported:
        """Take in everything.

        Raises:
            InvalidInput: A model needs a schema to come into, and none was named.
        """
        params = {"source": self._source.name, "dry_run": self._wish.dry_run}
        catalog = self._models.catalog
        with catalog.audit.verb(self._principal, "models", "importMlflow", params=params):
            names = {model.name: self._name_of(str(model.name)) for model in self._source.registered_models()}
            for experiment in self._source.experiments():
                self._experiment(experiment)
            for model in self._source.registered_models():
                self._model(model, names[model.name])
        return self._done

    # Experiments

    def _experiment(self, experiment: Any) -> None:
        known = self._models.stores.experiment_named(experiment.name)
        self._done.experiments += known is None
        ours = str(known.experiment_id) if known else ""
        if not self._wish.dry_run:
            tags = {
                key: str(value)
                for key, value in dict(experiment.tags).items()
                if not key.startswith("mlflow.experiment.")
            }
            tags |= {ORIGIN: self._source.name}
            ours = self._models.experiments.create(self._principal, experiment.name, tags=tags)
        for run in self._source.runs(experiment.experiment_id):
            self._run(run, ours)
        for model in self._source.logged_models(experiment.experiment_id):
            self._logged_model(model, ours)

    def _run(self, run: Any, experiment_id: str) -> None:
        run_id = str(run.info.run_id)
        place = f"{experiment_id}/{run_id}/artifacts"
        self._places[str(run.info.artifact_uri)] = place
        if has_run(self._models.stores, run_id):
            self._done.known += 1
            return
        found = self._source.local_artifacts(run.info.artifact_uri, str(run.info.experiment_id), run_id, "artifacts")
        missing = self._take(place, found, lambda: self._download(place, run_id=run_id))
        if missing and not run.data.tags.get("mlflow.log-model.history"):
            missing = False  # a run that has logged no artifact often has no folder
        self._note_gap(f"run {run_id}: its artifacts at {run.info.artifact_uri} are not there", missing)
        self._done.runs += 1
        if not self._wish.dry_run:
            history = [
                metric for key in run.data.metrics for metric in self._source.client.get_metric_history(run_id, key)
            ]
            tags = {**run.data.tags, **self._marks(gap="artifacts" if missing else None)}
            add_run(self._models.stores, run, experiment_id, f"{ARTIFACT_ROOT}{place}", history, tags)

    def _logged_model(self, model: Any, experiment_id: str) -> None:
        place = f"{experiment_id}/models/{model.model_id}/artifacts"
        self._places[str(model.artifact_location)] = place
        if has_logged_model(self._models.stores, model.model_id):
            self._done.known += 1
            return
        parts = (str(model.experiment_id), "models", str(model.model_id), "artifacts")
        found = self._source.local_artifacts(model.artifact_location, *parts)
        missing = self._take(place, found, lambda: self._download(place, artifact_uri=f"models:/{model.model_id}"))
        self._note_gap(f"logged model {model.model_id}: its files at {model.artifact_location} are not there", missing)
        self._done.logged_models += 1
        if not self._wish.dry_run:
            tags = {**model.tags, **self._marks(gap="artifacts" if missing else None)}
            add_logged_model(self._models.stores, model, experiment_id, f"{ARTIFACT_ROOT}{place}", tags)

    # Registered models

    def _name_of(self, name: str) -> ModelName:
        try:
            return ModelName.parse(name)
        except InvalidName:
            pass
        if self._wish.into is None:
            raise InvalidInput(
                f"The registered model {name!r} needs a schema to come into.", hint="Name one: --into catalog.schema"
            )
        plain = "".join(letter if letter.isalnum() or letter in "_-" else "_" for letter in name).strip("_-").lower()
        return ModelName(self._wish.into.catalog, self._wish.into.schema, plain or "model")

    def _model(self, model: Any, name: ModelName) -> None:
        registry, is_new = self._models.registry, False
        try:
            found = registry.get(self._principal, name)
            if (origin := found.tags.get(ORIGIN)) != f"{self._source.name}#{model.name}":
                self._done.gaps.append(f"model {model.name}: {name} is there already, from {origin or 'elsewhere'}")
                return
        except NotFound:
            is_new = True
        self._done.models += is_new
        if is_new and not self._wish.dry_run:
            tags = {**model.tags, ORIGIN: f"{self._source.name}#{model.name}", IMPORTED_BY: self._principal.name}
            registry.create(self._principal, name, comment=model.description or None, tags=tags)
        for version in self._source.versions(model.name):
            self._version(version, name)
        for alias, number in dict(model.aliases).items():
            self._alias(name, alias, int(number), is_new=is_new)

    def _version(self, version: Any, name: ModelName) -> None:
        number = int(version.version)
        if has_version(self._models.stores, str(name), number):
            self._done.known += 1
            return
        source, gap = self._place_of(version, name)
        if version.run_id and not has_run(self._models.stores, version.run_id) and not self._wish.dry_run:
            gap = gap or f"run {version.run_id}"
        self._note_gap(f"model {version.name} version {number}: the source does not have its {gap}", bool(gap))
        self._done.versions += 1
        if not self._wish.dry_run:
            tags = {**version.tags, **self._marks(gap=gap)}
            self._models.registry.creating_version(
                self._principal,
                name,
                lambda: add_version(self._models.stores, version, str(name), source, tags),
                lambda _: number,
            )

    def _place_of(self, version: Any, name: ModelName) -> tuple[str, str | None]:
        """Where the content of a version is here, and what of it is missing."""
        source = str(version.source or "")
        if source.startswith("models:/"):
            return source, None
        if source.startswith("runs:/"):
            run_id = source.removeprefix("runs:/").partition("/")[0]
            if self._wish.dry_run or has_run(self._models.stores, run_id):
                return source, None
        for before, after in self._places.items():
            if source == before or source.startswith(before.rstrip("/") + "/"):
                return f"{ARTIFACT_ROOT}{after}{source.removeprefix(before.rstrip('/'))}", None
        place = f"imported/{name}/{version.version}"
        found = self._source.local_artifacts(source)
        uri = f"models:/{version.name}/{version.version}"
        missing = self._take(place, found, lambda: self._download(place, artifact_uri=uri))
        return f"{ARTIFACT_ROOT}{place}", f"files at {source}" if missing else None

    def _alias(self, name: ModelName, alias: str, number: int, *, is_new: bool) -> None:
        if self._wish.dry_run:
            self._done.aliases += 1
            return
        known = self._models.registry.get(self._principal, name).aliases
        if alias in known or not has_version(self._models.stores, str(name), number):
            return  # it may have moved here since; that is not ours to undo
        self._models.registry.aliases.set(self._principal, name, alias, number, expected=None, reason="imported")
        self._done.aliases += 1

    # Artifacts

    def _take(self, place: str, found: Path | None, download: Callable[[], bool]) -> bool:
        """Bring artifacts in; True when there are none to bring."""
        target = self._wish.artifacts / place
        if found is not None:
            self._done.artifact_bytes += size_of(found) if self._wish.dry_run else copy_artifacts(found, target)
            return False
        if self._source.is_remote:
            return False if self._wish.dry_run else not download()
        return not target.exists()

    def _download(self, place: str, **what: str) -> bool:
        import tempfile

        from mlflow.artifacts import download_artifacts
        from mlflow.exceptions import MlflowException

        target = self._wish.artifacts / place
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".import-") as scratch:
            try:
                found = download_artifacts(dst_path=scratch, tracking_uri=self._source.uri, **what)
            except (MlflowException, OSError):
                return False
            self._done.artifact_bytes += copy_artifacts(Path(found), target)
        return True

    # Small things

    def _marks(self, gap: str | None) -> dict[str, str]:
        marks = {ORIGIN: self._source.name, IMPORTED_BY: self._principal.name}
        return {**marks, GAP: gap} if gap else marks

    def _note_gap(self, text: str, is_one: bool) -> None:
        if is_one:
            self._done.gaps.append(text)
