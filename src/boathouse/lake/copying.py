"""Taking a table's folder along as it is at one version, while others write to it and clean it up."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from boathouse.lake.errors import DamagedTable
from boathouse.lake.locations import local_path
from boathouse.lake.snapshots import absolute_path, open_snapshot, open_table

_LOG = "_delta_log"


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The files below a table's folder that belong to it up to one version, as relative paths.

    More than the version itself needs: what is still there of earlier ones comes along, so that time travel reaches as
    far as before.
    """

    version: int
    log: tuple[str, ...]
    data: tuple[str, ...]
    needed: frozenset[str]
    """Without these of ``data`` the version cannot be read."""


def table_files(location: str) -> TableFiles:
    """The files of the newest version.

    Raises:
        NoTableThere, DamagedTable: There is no table, or it cannot be read.
    """
    version = open_snapshot(location).version
    root = local_path(location)
    needed = frozenset(path.relative_to(root).as_posix() for path in _data_files(location, version))
    log = sorted(path.name for path in (root / _LOG).iterdir() if _is_of(path, version))
    data = sorted(
        path.relative_to(root).as_posix() for path in root.rglob("*") if _LOG not in path.parts and path.is_file()
    )
    return TableFiles(version, tuple(f"{_LOG}/{name}" for name in log), tuple(data), needed)


def clone(location: str, version: int | None, into: Path) -> None:
    """The table as it was at a version (else as it is), in a folder of its own: links to the same files, which nobody
    ever changes. What is written there stays there.

    Raises:
        VersionNotFound, DamagedTable: The version cannot be read.
    """
    snapshot = open_snapshot(location, version=version)
    root = local_path(location)
    if snapshot.needs_delta_reader:  # deletion vectors and the like, which are not listed
        data = [path for path in root.rglob("*") if _LOG not in path.parts and path.is_file()]
    else:
        data = _data_files(location, snapshot.version)
    log = [path for path in (root / _LOG).iterdir() if _is_of(path, snapshot.version)]
    draft = into.with_name(f"{into.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    for path in [*data, *log]:
        place = draft / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            place.hardlink_to(path)
        except OSError:  # another disk
            shutil.copy2(path, place)
    draft.rename(into)


def count_files(location: str, version: int) -> int:
    """How many files hold the rows of a version, all of which are there.

    Raises:
        VersionNotFound, DamagedTable: It cannot be read, or a file is missing.
    """
    files = _data_files(location, version)
    for path in files:
        if not path.is_file():
            raise DamagedTable(f"The table at {location} lacks the file {path.name} of its version {version}.")
    return len(files)


def _data_files(location: str, version: int) -> list[Path]:
    adds = pa.table(open_table(location, version).get_add_actions())
    root = local_path(location)
    return [Path(absolute_path(root, path)) for path in adds["path"].to_pylist()]


def _is_of(path: Path, version: int) -> bool:
    """Whether a file of the log says something about no later version."""
    if path.name == "_last_checkpoint":
        return _last_checkpoint(path) <= version
    number, _, _ = path.name.partition(".")
    return len(number) == 20 and number.isdigit() and int(number) <= version and path.is_file()


def _last_checkpoint(path: Path) -> int:
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return 2**63  # readers do without it
