"""Is a backup what it says? Every hash, both databases, every table at its version."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from boathouse.care.contents import table_locations
from boathouse.care.databases import BOATHOUSE, NAMES, problems_of
from boathouse.care.manifest import HOME, BackupDamaged, BackupFile, Manifest, hash_of, read_files, read_manifest
from boathouse.foundation.errors import BoathouseError
from boathouse.lake import as_url, local_path
from boathouse.lake.copying import count_files

_SHOWN = 5
"""Problems that an error names."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A backup that is whole."""

    manifest: Manifest
    files: list[BackupFile]
    table_files: int
    """Data files of all tables at their versions."""


def verify(backup: Path) -> Verified:
    """Read everything.

    Raises:
        BackupDamaged: Something is missing or is not what it was; the error names the first few.
    """
    manifest = read_manifest(backup)
    files = read_files(backup, manifest)
    problems = [problem for file in files for problem in _problems_of_file(backup / HOME, file)]
    _refuse(backup, problems)
    for name in NAMES:
        if (problem := problems_of(backup / HOME / "db" / name)) is not None:
            problems.append(f"db/{name}: {problem}")
    _refuse(backup, problems)
    count = verify_tables(backup / HOME, manifest, Path(manifest.home))
    return Verified(manifest, files, count)


def verify_tables(root: Path, manifest: Manifest, home: Path) -> int:
    """Open every table of a home that lies in ``root``, while its database says it lies in ``home``; gives the number
    of data files.

    Raises:
        BackupDamaged: A table cannot be read.
    """
    database = root / "db" / BOATHOUSE
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        locations = table_locations(connection)
    count, problems = 0, list[str]()
    for table in manifest.tables:
        try:
            inside = local_path(locations[table.table_id]).relative_to(home)
            count += count_files(as_url(root / inside), table.version)
        except (KeyError, ValueError):
            problems.append(f"table {table.full_name}: the database does not say where it is")
        except BoathouseError as error:
            problems.append(f"table {table.full_name}: {error.message}")
    _refuse(root, problems)
    return count


def _problems_of_file(root: Path, file: BackupFile) -> Iterator[str]:
    try:
        size = (root / file.path).stat().st_size
        if size != file.size:
            yield f"{file.path} has {size:,} bytes instead of {file.size:,}"
        elif hash_of(root / file.path) != file.sha256:
            yield f"{file.path} has another content"
    except FileNotFoundError:
        yield f"{file.path} is missing"


def _refuse(backup: Path, problems: list[str]) -> None:
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise BackupDamaged(
            f"The backup {backup} is damaged: {'; '.join(problems[:_SHOWN])}{more}.", hint="Use another backup."
        )
