"""Makes a backup of a running home.

The databases come first, all as of one instant; the files after them. A file is always written before the row that
names it, so whatever the databases named at that instant was there, and it is held before it is copied, so it still is:
lineage, registry and pins of a backup never point to files that are not in it. Files may be a little newer than the
databases; nobody refers to those, and they do no harm.
"""

import os
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from boathouse.care.contents import Contents, Held
from boathouse.care.databases import NAMES, copy_database, one_instant
from boathouse.care.drafts import draft_of, require_free, require_space
from boathouse.care.manifest import (
    HOME,
    BackupFile,
    Manifest,
    copy_hashed,
    hash_of,
    read_files,
    read_manifest,
    write_files,
    write_manifest,
)
from boathouse.care.staging import staging
from boathouse.catalog import Catalog
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal

_IMMUTABLE = (".parquet",)
"""Files that are never written again under the same name, so those of an earlier backup serve."""


@dataclass(frozen=True, slots=True)
class BackupOptions:
    """What goes into a backup beside the data."""

    with_keys: bool = False
    """The key of the secrets: whoever has the backup can then read them."""
    with_logs: bool = False
    """Logs and working folders of runs, and the logs of the processes."""
    base: Path | None = None
    """An earlier backup; what has not changed since is linked to instead of copied."""


def back_up(
    principal: Principal, catalog: Catalog, home: Home, place: Path, options: BackupOptions | None = None
) -> Manifest:
    """Write a backup to the folder ``place``, which must not exist; it appears when it is whole.

    Raises:
        AlreadyExists: There is something at the place.
        InvalidInput: The place lies in the home.
        Unavailable: The disk has not enough room; nothing is left behind.
    """
    options = options or BackupOptions()
    if place.resolve().is_relative_to(home.root.resolve()):
        raise InvalidInput(
            f"{place} lies in the home that is backed up.", hint="Choose a place outside, on another disk."
        )
    params = {"place": str(place), "with_keys": options.with_keys, "base": str(options.base or "")}
    with catalog.audit.verb(principal, "care", "backup", params=params):
        require_free(place)
        base = _Base(options.base)
        with staging(home) as held, draft_of(place) as draft, one_instant(home.databases) as databases:
            instant = datetime.now(UTC)
            contents = Contents(home, databases[0], held)
            files = contents.hold(with_logs=options.with_logs, with_keys=options.with_keys)
            size = sum((home.databases / name).stat().st_size for name in NAMES)
            require_space(draft, size + sum(file.source.stat().st_size for file in files if not base.has(file)))
            found = [_database(draft, name, reader) for name, reader in zip(NAMES, databases, strict=True)]
            found += [base.link(file, draft) or _copy(file, draft) for file in files]
            manifest = Manifest(
                instant=instant.isoformat(timespec="milliseconds"),
                boathouse=version("boathouse"),
                home=str(home.root.absolute()),
                tables=tuple(contents.tables),
                not_included=tuple(contents.not_included),
                has_keys=options.with_keys,
                has_logs=options.with_logs,
                files=len(found),
                bytes=sum(file.size for file in found),
                files_sha256=write_files(draft, found),
            )
            write_manifest(draft, manifest)
        return manifest


def _database(draft: Path, name: str, reader: sqlite3.Connection) -> BackupFile:
    path = f"db/{name}"
    target = draft / HOME / path
    copy_database(reader, target)
    status = target.stat()
    return BackupFile(path, status.st_size, status.st_mtime_ns, hash_of(target))


def _copy(file: Held, draft: Path) -> BackupFile:
    target = draft / HOME / file.path
    size, digest = copy_hashed(file.source, target)
    return BackupFile(file.path, size, target.stat().st_mtime_ns, digest)


class _Base:
    """An earlier backup, as far as its files can be used again."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._files: dict[str, BackupFile] = {}
        if folder is not None:
            found = read_files(folder, read_manifest(folder))
            self._files = {file.path: file for file in found if file.path.endswith(_IMMUTABLE)}

    def has(self, file: Held) -> bool:
        """Whether the same file is there already: same place, size and time, of a kind that is never changed."""
        known = self._files.get(file.path)
        if known is None:
            return False
        status = file.source.stat()
        return (known.size, known.mtime_ns) == (status.st_size, status.st_mtime_ns)

    def link(self, file: Held, draft: Path) -> BackupFile | None:
        """Give the file of the earlier backup a second name in this one; None when that is not possible."""
        if self._folder is None or not self.has(file):
            return None
        target = draft / HOME / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self._folder / HOME / file.path, target)
        except OSError:
            return None
        return self._files[file.path]
