"""Deployed code on the server: each snapshot in a folder named by its hash, complete or not there at all.

home/bundles/<bundle>/<target>/<whose>/<hash>/files/...
"""

import errno
import shutil
import tarfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import quote

from boathouse.bundles.code_files import CodeFile, snapshot_hash
from boathouse.foundation.errors import InvalidInput, NotFound, Unavailable
from boathouse.foundation.home import Home
from boathouse.foundation.ids import new_id

FILES = "files"
KEPT = 5
"""Snapshots that stay beside the active one: a running task may still read from an older one."""
MAX_BYTES = 2 * 1024**3
"""What one snapshot may unpack to; data belongs into volumes."""


class Snapshots:
    """Stores and finds deployed code."""

    def __init__(self, home: Home) -> None:
        self._root = home.bundles

    def folder(self, bundle: str, target: str, owner: str, snapshot: str) -> Path:
        """Where a snapshot lies or would lie; ``owner`` is empty for a shared deployment."""
        if len(snapshot) != 64 or not set(snapshot) <= set("0123456789abcdef"):
            raise InvalidInput(f"{snapshot!r} is not the hash of a snapshot.")
        return self._place(bundle, target, owner) / snapshot

    def exists(self, bundle: str, target: str, owner: str, snapshot: str) -> bool:
        return self.folder(bundle, target, owner, snapshot).is_dir()

    def require(self, bundle: str, target: str, owner: str, snapshot: str) -> Path:
        """
        Raises:
            NotFound: The code was not uploaded.
        """
        folder = self.folder(bundle, target, owner, snapshot)
        if not folder.is_dir():
            raise NotFound(f"The code {snapshot[:12]} of {bundle} was not uploaded.", hint="Deploy again.")
        return folder

    def store(self, bundle: str, target: str, owner: str, snapshot: str, archive: IO[bytes]) -> Path:
        """Unpack an uploaded archive; the folder appears when it is complete and its hash is right.

        Raises:
            InvalidInput: The archive is damaged, holds anything but plain files, or is not what its hash says.
            Unavailable: The disk is full.
        """
        folder = self.folder(bundle, target, owner, snapshot)
        if folder.is_dir():
            return folder
        incoming = self._root / ".incoming" / new_id()
        try:
            (incoming / FILES).mkdir(parents=True)
            _unpack(archive, incoming / FILES)
            found = snapshot_hash(_stored_files(incoming / FILES))
            if found != snapshot:
                raise InvalidInput(f"The uploaded code has the hash {found[:12]}, not {snapshot[:12]}: it was damaged.")
            folder.parent.mkdir(parents=True, exist_ok=True)
            _appear(incoming, folder)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Unavailable("The disk is full; the code was not stored.", hint="Free some disk space.") from error
            raise
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        return folder

    def prune(self, bundle: str, target: str, owner: str, active: str | None, kept: Collection[Path] = ()) -> None:
        """Remove all but the active snapshot, the newest few others, and what ``kept`` lies in."""
        place = self._place(bundle, target, owner)
        folders = list(place.iterdir()) if place.is_dir() else []
        others = [folder for folder in folders if folder.name != active and not _holds_any(folder, kept)]
        for folder in sorted(others, key=lambda one: one.stat().st_mtime, reverse=True)[KEPT:]:
            shutil.rmtree(folder, ignore_errors=True)

    def remove_all(self, bundle: str, target: str, owner: str, kept: Collection[Path] = ()) -> None:
        """Forget the code of a destroyed deployment, but for what ``kept`` lies in."""
        place = self._place(bundle, target, owner)
        for folder in list(place.iterdir()) if place.is_dir() else []:
            if not _holds_any(folder, kept):
                shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # something of it is kept
            place.rmdir()

    def _place(self, bundle: str, target: str, owner: str) -> Path:
        whose = f"user-{quote(owner, safe='')}" if owner else "shared"
        return self._root / _component(bundle) / _component(target) / whose


def _holds_any(folder: Path, places: Collection[Path]) -> bool:
    return any(place == folder or folder in place.parents for place in places)


def _component(name: str) -> str:
    """A name as one part of a path, whatever it holds."""
    return quote(name, safe=" ").replace(".", "%2E") if name.startswith(".") else quote(name, safe=" ")


def _appear(incoming: Path, folder: Path) -> None:
    try:
        incoming.rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise somebody else stored the same code first
            raise


def _unpack(archive: IO[bytes], into: Path) -> None:
    size = 0
    try:
        with tarfile.open(fileobj=archive, mode="r|gz") as tar:
            for member in tar:
                if not member.isreg():
                    raise InvalidInput(f"The uploaded code holds {member.name!r}, which is not a plain file.")
                size += member.size
                if size > MAX_BYTES:
                    raise InvalidInput(
                        f"The code is larger than {MAX_BYTES // 1024**2} MB.", hint="Put data into a volume instead."
                    )
                _put(tar.extractfile(member), _place_below(into, member.name), executable=bool(member.mode & 0o100))
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise InvalidInput(f"The uploaded code cannot be read: {error}.") from error


def _place_below(folder: Path, name: str) -> Path:
    """Where a file of the archive goes. (tarfile's own filters are not in every Python 3.11.)

    Raises:
        InvalidInput: Its name leads out of the folder.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise InvalidInput(f"The uploaded code holds {name!r}, which is no path below the bundle.")
    return folder / path


def _put(content: IO[bytes] | None, target: Path, *, executable: bool) -> None:
    assert content is not None, "a plain file has content"
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("wb") as file:
        shutil.copyfileobj(content, file)
    target.chmod(0o755 if executable else 0o644)


def _stored_files(folder: Path) -> list[CodeFile]:
    names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return [CodeFile(name, folder / name) for name in names]
