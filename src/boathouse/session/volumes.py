"""Paths into volumes: ``/Volumes/<catalog>/<schema>/<volume>/<path>``, and the jail that keeps them inside."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import VolumeName

ROOT = "/Volumes"


@dataclass(frozen=True, slots=True)
class VolumePath:
    """A file or folder in a volume, by its governed path."""

    volume: VolumeName
    inner: PurePosixPath
    """Relative to the volume; ``.`` for the volume itself."""

    @classmethod
    def parse(cls, text: str) -> "VolumePath":
        """Read a path.

        Raises:
            InvalidInput: It does not lie in a volume, or climbs out of it.
        """
        shown = text if len(text) <= 200 else text[:200] + "..."
        if "\0" in text or "\\" in text:
            raise InvalidInput(f"The path {shown!r} holds a character that a path cannot have.")
        path = text.removeprefix("dbfs:")
        parts = [part for part in path.split("/") if part]
        if not path.startswith("/") or len(parts) < 4 or parts[0] != "Volumes":
            raise InvalidInput(
                f"{shown!r} is not a path in a volume.", hint="Write /Volumes/catalog/schema/volume/path."
            )
        if any(part in (".", "..") for part in parts):
            raise InvalidInput(f"The path {shown!r} leaves its volume.", hint="Leave out '.' and '..'.")
        if any(len(part.encode()) > 255 for part in parts):
            raise InvalidInput(f"A part of the path {shown!r} is longer than 255 bytes.")
        return cls(VolumeName(parts[1], parts[2], parts[3]), PurePosixPath(*parts[4:]))

    @property
    def is_volume(self) -> bool:
        return not self.inner.parts

    def __str__(self) -> str:
        name = self.volume
        base = f"{ROOT}/{name.catalog}/{name.schema}/{name.name}"
        return base if self.is_volume else f"{base}/{self.inner}"


def jailed(root: Path, path: VolumePath) -> Path:
    """Where the path lies on the disk, certainly below ``root``.

    Raises:
        InvalidInput: A symbolic link on the way leads out of the volume.
    """
    place = root / path.inner
    real_root = Path(os.path.realpath(root))
    if not Path(os.path.realpath(place)).is_relative_to(real_root):
        raise InvalidInput(f"The path {path} leads out of its volume through a link.")
    return place


def files_below(root: Path, path: VolumePath) -> list[Path]:
    """The files that the path means: itself, all below a folder, or those that match its ``*`` and ``?``.

    Hidden files and unfinished uploads (names that begin with ``.`` or ``_``) are left out.

    Raises:
        NotFound: There are none.
    """
    if any(mark in str(path.inner) for mark in "*?["):
        found = sorted(match for match in root.glob(str(path.inner)) if match.is_file())
    else:
        place = jailed(root, path)
        found = [place] if place.is_file() else sorted(each for each in place.rglob("*") if each.is_file())
    real_root = Path(os.path.realpath(root))
    kept = [each for each in found if _is_shown(each, root) and Path(os.path.realpath(each)).is_relative_to(real_root)]
    if not kept:
        raise NotFound(f"There is no file at {path}.", hint="boathouse ls shows what a volume holds.")
    return kept


def _is_shown(file: Path, root: Path) -> bool:
    return not any(part.startswith((".", "_")) for part in file.relative_to(root).parts)
