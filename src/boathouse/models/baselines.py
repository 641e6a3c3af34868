"""The simple model that a run has logged beside its own, under the name ``baseline``: who answers when the better one
cannot."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from boathouse.metastore import Database
from boathouse.models.artifact_addresses import artifact_path
from boathouse.models.repository import model_version_sources
from boathouse.models.stores import MlflowStores
from boathouse.models.version_files import VersionFiles

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel

NAME = "baseline"


class Baselines:
    """Finds the baseline of a model's version; whoever asks has been allowed to read it."""

    def __init__(self, stores: MlflowStores, database: Database, files: VersionFiles) -> None:
        self._stores = stores
        self._database = database
        self._files = files

    def folder(self, model: str, version: int) -> Path | None:
        """Where the baseline's files lie; None when the version's run has logged none.

        Raises:
            Unavailable: MLflow is still being loaded.
        """
        run_id = self.run_of(model, version)
        if run_id is None:
            return None
        search = self._stores.tracking.search_logged_models
        experiment = self._stores.experiment_of_run(run_id)
        wanted = f"source_run_id = '{run_id}' AND name = '{NAME}'"
        found: list[LoggedModel] = self._stores.call(lambda: list(search([experiment], filter_string=wanted)))
        for each in sorted(found, key=lambda one: one.creation_timestamp, reverse=True):
            place = artifact_path(each.artifact_location)
            folder = self._files.below(place) if place else None
            if folder is not None and (folder / "MLmodel").is_file():
                return folder
        return None

    def run_of(self, model: str, version: int) -> str | None:
        """The run that made a version; None when nobody knows."""
        sources = model_version_sources
        wanted = select(sources.c.run_id).where(sources.c.model == model, sources.c.version == version)
        with self._database.read() as connection:
            return connection.execute(wanted).scalar()
