"""The files of a model version where they lie on the server, and the lock of the environment that its run had."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from boathouse.foundation.errors import NotFound
from boathouse.metastore import Database
from boathouse.models.artifact_addresses import artifact_path
from boathouse.models.repository import model_version_sources
from boathouse.models.runs import LOCK_ARTIFACT
from boathouse.models.stores import MlflowStores


class FilesElsewhere(NotFound):
    """The files of a version are not below the artifact folder, or are gone."""


class VersionFiles:
    """Finds files below the artifact folder; whoever asks has been allowed to read them."""

    def __init__(self, stores: MlflowStores, database: Database, artifacts: Path) -> None:
        self._stores = stores
        self._database = database
        self._artifacts = artifacts

    def folder(self, model: str, version: int) -> Path:
        """Where the files of a version lie.

        Raises:
            FilesElsewhere: They are not in the care of this server.
        """
        location = self.location(model, version)
        if not location:
            raise FilesElsewhere(
                f"The files of version {version} of {model} do not lie in this server's artifact folder.",
                hint="Log the model again from a run, and register that.",
            )
        folder = self.below(location)
        if not folder.is_dir():
            raise FilesElsewhere(f"The files of version {version} of {model} are gone.")
        return folder

    def location(self, model: str, version: int) -> str | None:
        """Where the files lie below the artifact folder; None when elsewhere, and of no such version."""
        sources = model_version_sources
        wanted = select(sources.c.location).where(sources.c.model == model, sources.c.version == version)
        with self._database.read() as connection:
            return connection.execute(wanted).scalar()

    def lock_of_run(self, run_id: str) -> Path | None:
        """The lock of the environment that a run had; None when none was kept."""
        root = artifact_path(self._stores.call(lambda: self._stores.tracking.get_run(run_id)).info.artifact_uri)
        file = self.below(f"{root}/{LOCK_ARTIFACT}") if root else None
        return file if file is not None and file.is_file() else None

    def below(self, path: str) -> Path:
        """A place below the artifact folder.

        Raises:
            FilesElsewhere: The path leads out of it.
        """
        place = (self._artifacts / path.strip("/")).resolve()
        if not place.is_relative_to(self._artifacts.resolve()):
            raise FilesElsewhere(f"{path} leads out of the artifact folder.")
        return place


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every regular file below a folder with its path there, in order; links and other things are left out."""
    found: list[tuple[str, Path]] = []
    for root, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not (Path(root) / each).is_symlink()]
        for name in names:
            file = Path(root) / name
            if stat.S_ISREG(file.lstat().st_mode):
                found.append((file.relative_to(folder).as_posix(), file))
    yield from sorted(found)
