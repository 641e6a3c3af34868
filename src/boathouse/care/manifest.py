"""What a backup says about itself: what is in it, of which instant, and the hash of every file.

BACKUP/
├── manifest.json     the facts, and the hash of the list
├── files.jsonl       one line per file: path, size, time, SHA-256
└── home/             the files, as they lie in a home
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from boathouse.foundation.errors import InvalidInput, NotFound

FORMAT = 1
"""Raised when an older Boathouse could no longer read what a newer one writes."""
MANIFEST = "manifest.json"
FILES = "files.jsonl"
HOME = "home"
_CHUNK_BYTES = 1 << 20


class BackupDamaged(InvalidInput):
    """A backup is not what its manifest says."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup; ``path`` is relative to its ``home``."""

    path: str
    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BackupTable:
    """A managed Delta table, at the version that the backup holds."""

    full_name: str
    table_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The facts about one backup."""

    instant: str
    """What the databases stood at, in UTC. Files are from then or later, and all that the databases name is there."""
    boathouse: str
    """The release that wrote it."""
    home: str
    """Where the home was; a restore elsewhere rewrites locations."""
    tables: tuple[BackupTable, ...]
    not_included: tuple[str, ...]
    """What the catalog names and the backup does not hold: external tables and volumes."""
    has_keys: bool
    has_logs: bool
    files: int
    bytes: int
    files_sha256: str
    format: int = FORMAT


_KINDS = {str: str, int: int, bool: bool, tuple[BackupTable, ...]: list, tuple[str, ...]: list}
"""What JSON has for the type of a field."""


def write_manifest(folder: Path, manifest: Manifest) -> None:
    content = json.dumps(asdict(manifest), indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(content + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """
    Raises:
        NotFound: There is no backup.
        BackupDamaged: It cannot be read, or was written by a release that is too new.
    """
    try:
        content: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(
            f"There is no backup at {folder}: it has no {MANIFEST}.", hint="Name the folder that boathouse backup made."
        ) from error
    except ValueError as error:
        raise BackupDamaged(f"The {MANIFEST} of {folder} cannot be read.", hint="Use another backup.") from error
    if not isinstance(content, dict):
        raise BackupDamaged(f"The {MANIFEST} of {folder} holds no manifest.", hint=_ANOTHER)
    if (found := content.get("format")) != FORMAT:
        raise BackupDamaged(
            f"The backup {folder} has format {found}, and this release reads format {FORMAT}.",
            hint="Restore it with the release that wrote it.",
        )
    try:
        return _manifest_of(content)
    except (KeyError, TypeError) as error:
        raise BackupDamaged(
            f"The {MANIFEST} of {folder} lacks a field, or has a wrong one: {error}.", hint=_ANOTHER
        ) from error


def _manifest_of(content: dict[str, Any]) -> Manifest:
    """Fields that a newer release has added without a new format are passed over."""
    known: dict[str, Any] = {name: content[name] for name in Manifest.__slots__}
    for name, value in known.items():
        if not isinstance(value, _KINDS[Manifest.__annotations__[name]]):
            raise TypeError(f"{name} is {value!r}")
    known["tables"] = tuple(BackupTable(**table) for table in known["tables"])
    known["not_included"] = tuple(known["not_included"])
    return Manifest(**known)


def write_files(folder: Path, files: Iterable[BackupFile]) -> str:
    """Keep the list of files; gives its hash."""
    with (folder / FILES).open("w", encoding="utf-8") as stream:
        for file in files:
            stream.write(json.dumps(asdict(file), ensure_ascii=False) + "\n")
    return hash_of(folder / FILES)


def read_files(folder: Path, manifest: Manifest) -> list[BackupFile]:
    """
    Raises:
        BackupDamaged: The list is not the one that the manifest means, or leads out of the backup.
    """
    try:
        if hash_of(folder / FILES) != manifest.files_sha256:
            raise BackupDamaged(f"The {FILES} of {folder} is not the one it was written with.", hint=_ANOTHER)
        found = list(_lines(folder / FILES))
    except FileNotFoundError as error:
        raise BackupDamaged(f"The backup {folder} has lost its {FILES}.", hint=_ANOTHER) from error
    for file in found:
        if file.path.startswith("/") or ".." in Path(file.path).parts:
            raise BackupDamaged(f"The backup {folder} names a file outside itself: {file.path}", hint=_ANOTHER)
    return found


def hash_of(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def copy_hashed(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file with its time; gives the size and hash of what was written, also when the source grew meanwhile."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read, target.open("wb") as write:
        status = os.fstat(read.fileno())
        while chunk := read.read(_CHUNK_BYTES):
            digest.update(chunk)
            write.write(chunk)
            size += len(chunk)
        write.flush()
        os.fsync(write.fileno())
    target.chmod(status.st_mode & 0o777)
    os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))
    return size, digest.hexdigest()


_ANOTHER = "Use another backup."


def _lines(file: Path) -> Iterator[BackupFile]:
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            yield BackupFile(**json.loads(line))
