"""The files of volumes for clients that reach them through the control plane. Each verb is authorised and audited."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from boathouse.catalog import Catalog, LineageEdge, LineageNode, NodeKind, Privilege, SecurableKind
from boathouse.foundation.errors import Conflict, NotFound
from boathouse.foundation.principals import Principal
from boathouse.lake import local_path
from boathouse.session.volume_writing import UNFINISHED, FileDraft
from boathouse.session.volumes import VolumePath, jailed


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file or folder as a listing shows it."""

    path: str
    name: str
    is_directory: bool
    size_bytes: int
    modified_ms: int


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that may be read."""

    place: Path
    size_bytes: int
    modified_ms: int


class FileStore:
    """Reads and writes files below ``/Volumes`` as a principal."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def start_upload(self, principal: Principal, path: str, *, overwrite: bool) -> FileDraft:
        """Begin to write a file; call ``finish_upload`` with all of it written.

        Raises:
            AlreadyExists: It exists and ``overwrite`` is false.
        """
        parsed = VolumePath.parse(path)
        with self._verb(principal, "filesPut", parsed):
            place = self._place(principal, parsed, Privilege.WRITE_VOLUME)
            return FileDraft(place, parsed, overwrite=overwrite)

    def finish_upload(self, principal: Principal, path: str, draft: FileDraft) -> None:
        """Put an uploaded file in its place."""
        draft.finish()
        target = LineageNode(NodeKind.VOLUME, str(VolumePath.parse(path).volume))
        self._catalog.lineage.record(principal, [LineageEdge(None, target, "WRITE")])

    def open_file(self, principal: Principal, path: str, *, audit: bool = True) -> OpenFile:
        """A file, ready to be read.

        Raises:
            NotFound: There is no such file.
        """
        parsed = VolumePath.parse(path)
        with self._verb(principal, "filesGet" if audit else "filesHead", parsed):
            place = self._place(principal, parsed, Privilege.READ_VOLUME)
            if not place.is_file() or place.name.startswith(UNFINISHED):
                raise NotFound(f"There is no file at {parsed}.")
            stat = place.stat()
        return OpenFile(place, stat.st_size, stat.st_mtime_ns // 1_000_000)

    def delete_file(self, principal: Principal, path: str) -> None:
        """Delete a file."""
        parsed = VolumePath.parse(path)
        with self._verb(principal, "filesDelete", parsed):
            place = self._place(principal, parsed, Privilege.WRITE_VOLUME)
            if place.is_dir():
                raise Conflict(f"{parsed} is a folder.", hint="Delete it as one.")
            try:
                place.unlink()
            except FileNotFoundError as error:
                raise NotFound(f"There is no file at {parsed}.") from error

    def make_folder(self, principal: Principal, path: str) -> None:
        """Make a folder and those above it; one that exists is fine."""
        parsed = VolumePath.parse(path)
        with self._verb(principal, "filesCreateDirectory", parsed):
            try:
                self._place(principal, parsed, Privilege.WRITE_VOLUME).mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError) as error:
                raise Conflict(f"{parsed} cannot be made: a part of the path is a file.") from error

    def delete_folder(self, principal: Principal, path: str) -> None:
        """Delete an empty folder."""
        parsed = VolumePath.parse(path)
        with self._verb(principal, "filesDeleteDirectory", parsed):
            place = self._place(principal, parsed, Privilege.WRITE_VOLUME)
            if parsed.is_volume:
                raise Conflict(f"{parsed} is a volume.", hint="DROP VOLUME removes it.")
            _require_folder(place, parsed)
            try:
                place.rmdir()
            except OSError as error:
                raise Conflict(f"The folder {parsed} is not empty.") from error

    def folder_exists(self, principal: Principal, path: str) -> None:
        """Return if the folder is there.

        Raises:
            NotFound: It is not.
        """
        parsed = VolumePath.parse(path)
        with self._verb(principal, "filesHead", parsed):
            _require_folder(self._place(principal, parsed, Privilege.READ_VOLUME), parsed)

    def list_folder(self, principal: Principal, path: str, *, after: str = "", limit: int = 1000) -> list[FileEntry]:
        """The entries of a folder by name, those after a name; at most ``limit``."""
        parsed = VolumePath.parse(path)
        with self._verb(principal, "filesList", parsed):
            place = self._place(principal, parsed, Privilege.READ_VOLUME)
            _require_folder(place, parsed)
            with os.scandir(place) as found:
                names = sorted(entry.name for entry in found if not entry.name.startswith(UNFINISHED))
        chosen = [name for name in names if name > after][:limit]
        return [_entry(place / name, parsed) for name in chosen if (place / name).exists()]

    def _place(self, principal: Principal, path: VolumePath, privilege: Privilege) -> Path:
        volume = self._catalog.securables.resolve_volume(principal, path.volume, privilege)
        return jailed(local_path(volume.storage_location), path)

    @contextmanager
    def _verb(self, principal: Principal, action: str, path: VolumePath) -> Generator[None]:
        facts = {"path": str(path)}
        with self._catalog.audit.verb(principal, "files", action, SecurableKind.VOLUME, str(path.volume), facts):
            yield


def _require_folder(place: Path, path: VolumePath) -> None:
    if not place.is_dir():
        raise NotFound(f"There is no folder at {path}.")


def _entry(place: Path, folder: VolumePath) -> FileEntry:
    stat = place.stat()
    inner = VolumePath(folder.volume, PurePosixPath(folder.inner, place.name))
    is_directory = place.is_dir()
    return FileEntry(
        str(inner), place.name, is_directory, 0 if is_directory else stat.st_size, stat.st_mtime_ns // 1_000_000
    )
