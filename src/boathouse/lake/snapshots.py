# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""A table as it is at one version: its schema and the files that hold its rows.

Opening the newest snapshot is what every query begins with, so the delta-rs tables are kept open and only brought up to
date. What is kept is checked against the log on disk: a table that was dropped and made anew at the same place is
opened anew.
"""

import json
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from os.path import normpath
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from boathouse.lake.errors import DamagedTable, NoTableThere, VersionNotFound, translated
from boathouse.lake.locations import as_url, local_path, table_uri
from boathouse.lake.log import Commit, DeltaLog
from boathouse.lake.schema import fields_of, is_plain

KEPT_TABLES = 256
"""How many tables stay open in one process."""

_PARQUET_SAYS_ALL = {
    *("timestampNtz", "v2Checkpoint", "vacuumProtocolCheck", "typeWidening", "typeWidening-preview", "variantType"),
}
"""Reader features that do not change what the rows of a Parquet file mean. (delta-rs lists ``variantType`` when it sets
a property of a table with ``timestampNtz``; a column of that type is not plain, and shows so.)"""


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a snapshot."""

    path: str
    """Absolute, on the local disk."""
    size_bytes: int
    row_count: int | None
    partition: dict[str, Any]
    """Typed partition values, as the log has them."""
    minimum: dict[str, Any] = field(repr=False, default_factory=dict[str, Any])
    """The least value per column, where the log knows it."""
    maximum: dict[str, Any] = field(repr=False, default_factory=dict[str, Any])


@dataclass(frozen=True)
class Snapshot:
    """A table at one version. Never changes."""

    location: str
    version: int
    schema_json: str
    """The schema as Delta and Spark write it: a struct, in JSON."""
    partition_columns: tuple[str, ...]
    properties: dict[str, str]
    needs_delta_reader: bool
    """Whether the Parquet files alone do not say what the rows are: deletion vectors, column mapping and the like."""
    _adds: pa.Table = field(repr=False, compare=False)

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        from deltalake import Schema

        return pa.schema(Schema.from_json(self.schema_json).to_arrow())

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The columns in order, each with its Delta type as JSON."""
        return fields_of(self.schema_json)

    @cached_property
    def required_columns(self) -> tuple[str, ...]:
        """The columns that must not be null."""
        return tuple(field["name"] for field in json.loads(self.schema_json)["fields"] if not field["nullable"])

    @cached_property
    def log_paths(self) -> tuple[str, ...]:
        """The paths of the files as the log has them, in the order of ``files``."""
        return tuple(self._adds["path"].to_pylist()) if self._adds.num_rows else ()

    @cached_property
    def files(self) -> tuple[DataFile, ...]:
        """The files that hold the rows; none are listed where ``needs_delta_reader``."""
        return _files(self.location, self._adds)

    def of_files(self, files: Sequence[DataFile]) -> "Snapshot":
        """The same version with only these of its files, in this order."""
        positions = {file.path: position for position, file in enumerate(self.files)}
        rows = pa.array([positions[file.path] for file in files], pa.int64())
        return replace(self, _adds=self._adds.take(rows))

    @cached_property
    def timestamp(self) -> datetime:
        """When this version was committed."""
        commit = DeltaLog(self.location).commit(self.version)
        return commit.timestamp if commit else _unknown_instant(self.location)


def open_snapshot(location: str, *, version: int | None = None, timestamp: datetime | None = None) -> Snapshot:
    """The table at a version, as it was at an instant, or (without either) at its newest version.

    The version at an instant is the latest one that was committed at or before it.

    Raises:
        NoTableThere: No Delta table lies at the location.
        VersionNotFound: There is no such version, or the table did not exist at that instant.
        DamagedTable: The Delta log cannot be read.
    """
    location = as_url(location)
    if timestamp is not None:
        version = version_at(location, timestamp)
    if version is None:
        return _open_tables.newest(location)
    return _open_tables.at(location, version)


def open_table(location: str, version: int | None = None) -> DeltaTable:
    """A delta-rs table of its own for the caller.

    Raises:
        NoTableThere, VersionNotFound, DamagedTable: As :func:`open_snapshot`.
    """
    log = DeltaLog(location)
    if not log.folder.is_dir():
        raise NoTableThere(f"There is no Delta table at {as_url(location)}.")
    if version is not None:
        _require_version(log, version)
    with translated(as_url(location)):
        table = DeltaTable(table_uri(location), version=version)
    log.refuse_empty_entries(after=-1, upto=table.version())
    return table


def version_at(location: str, timestamp: datetime) -> int:
    """The latest version that was committed at or before the instant.

    Raises:
        NoTableThere: No Delta table lies at the location.
        VersionNotFound: The instant lies before the first version that the log still has.
    """
    commits = dated_commits(location)
    if not commits:
        raise NoTableThere(f"There is no Delta table at {as_url(location)}.")
    instant = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
    position = bisect_right([commit.timestamp for commit in commits], instant)
    if position == 0:
        first = commits[0]
        raise VersionNotFound(
            f"The table at {as_url(location)} has no version as of {instant.isoformat()}: its oldest one is version "
            f"{first.version} of {first.timestamp.isoformat()}.",
        )
    return commits[position - 1].version


def dated_commits(location: str) -> list[Commit]:
    """The commits in the log, oldest first, with instants that strictly rise.

    Clocks of several writers may disagree, and a commit that had to be repeated keeps the instant of its first attempt;
    Delta lets an entry that would be older than its predecessor count as one millisecond younger.
    """
    log = DeltaLog(location)
    commits: list[Commit] = []
    for version in log.versions():
        commit = log.commit(version)
        if commit is None:
            continue
        if commits and commit.timestamp <= commits[-1].timestamp:
            commit = replace(commit, timestamp=commits[-1].timestamp + timedelta(milliseconds=1))
        commits.append(commit)
    return commits


class _OpenTables:
    """The tables that this process has open, least recently used first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: OrderedDict[str, _OpenTable] = OrderedDict()

    def newest(self, location: str) -> Snapshot:
        return self._table(location).newest()

    def at(self, location: str, version: int) -> Snapshot:
        return self._table(location).at(version)

    def _table(self, location: str) -> "_OpenTable":
        with self._lock:
            table = self._tables.pop(location, None) or _OpenTable(location)
            self._tables[location] = table
            while len(self._tables) > KEPT_TABLES:
                self._tables.popitem(last=False)
            return table


class _OpenTable:
    """One table, kept open at the newest version seen."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._log = DeltaLog(location)
        self._lock = threading.Lock()
        self._table: DeltaTable | None = None
        self._identity: tuple[int, int, int] | None = None
        self._newest: Snapshot | None = None

    def newest(self) -> Snapshot:
        with self._lock:
            table = self._brought_up_to_date()
            if self._newest is None or self._newest.version != table.version():
                self._newest = _snapshot(self._location, table)
                self._identity = self._identity_of(self._newest.version)
            return self._newest

    def at(self, version: int) -> Snapshot:
        with self._lock:
            known = self._newest
            if known and known.version == version and self._identity == self._identity_of(version) is not None:
                return known
        with translated(self._location):
            return _snapshot(self._location, open_table(self._location, version))

    def _brought_up_to_date(self) -> DeltaTable:
        if self._table is not None and self._newest is not None:
            identity = self._identity_of(self._newest.version)
            if identity is not None and identity == self._identity:
                with translated(self._location):
                    self._table.update_incremental()
                self._log.refuse_empty_entries(after=self._newest.version, upto=self._table.version())
                return self._table
        self._newest = self._identity = None
        self._table = open_table(self._location)
        return self._table

    def _identity_of(self, version: int) -> tuple[int, int, int] | None:
        """What tells this log entry from one of the same number in another table at the same place."""
        try:
            stat = self._log.commit_file(version).stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size


_open_tables = _OpenTables()


def _snapshot(location: str, table: DeltaTable) -> Snapshot:
    with translated(location):
        schema_json = table.schema().to_json()
        metadata = table.metadata()
        needs_delta_reader = _needs_delta_reader(table, schema_json, metadata.configuration)
        adds = pa.table({}) if needs_delta_reader else _as_table(table.get_add_actions(flatten=True))
    return Snapshot(
        location=location,
        version=table.version(),
        schema_json=schema_json,
        partition_columns=tuple(metadata.partition_columns),
        properties=dict(metadata.configuration),
        needs_delta_reader=needs_delta_reader,
        _adds=adds,
    )


def _as_table(data: Any) -> pa.Table:
    """What delta-rs gives, as our table. ``pa.table`` would import pandas first, to see whether it is a frame of it."""
    return pa.RecordBatchReader.from_stream(data).read_all()


def _needs_delta_reader(table: DeltaTable, schema_json: str, properties: dict[str, str]) -> bool:
    if properties.get("delta.columnMapping.mode", "none") != "none":
        return True
    features = set(table.protocol().reader_features or ()) - _PARQUET_SAYS_ALL
    if "columnMapping" in features:  # allowed, but the mode above says that it is not used
        features.remove("columnMapping")
    if "deletionVectors" in features and _as_table(table.deletion_vectors()).num_rows == 0:
        features.remove("deletionVectors")
    return bool(features) or not all(is_plain(kind) for kind in fields_of(schema_json).values())


def _files(location: str, adds: pa.Table) -> tuple[DataFile, ...]:
    folder = local_path(location)
    groups: dict[str, dict[str, list[Any]]] = {"partition": {}, "min": {}, "max": {}}
    for name in adds.column_names:
        group, dot, column = name.partition(".")
        if dot and group in groups:
            groups[group][column] = _values(adds[name])
    if not adds.num_rows:
        return ()
    rows = zip(adds["path"].to_pylist(), adds["size_bytes"].to_pylist(), adds["num_records"].to_pylist(), strict=True)
    return tuple(
        DataFile(
            path=absolute_path(folder, path),
            size_bytes=size,
            row_count=count,
            partition={column: values[index] for column, values in groups["partition"].items()},
            minimum={column: values[index] for column, values in groups["min"].items()},
            maximum={column: values[index] for column, values in groups["max"].items()},
        )
        for index, (path, size, count) in enumerate(rows)
    )


def _values(column: pa.ChunkedArray) -> list[Any]:
    """The values as Python has them. Arrow would import pandas to make instants."""
    if not pa.types.is_timestamp(column.type) or column.type.unit != "us":
        return column.to_pylist()
    start = datetime(1970, 1, 1, tzinfo=UTC if column.type.tz else None)
    counts = column.cast(pa.int64()).to_pylist()
    return [None if count is None else start + timedelta(microseconds=count) for count in counts]


def absolute_path(folder: Path, path: str) -> str:
    """Where a file of the log lies; the log holds paths URL-encoded, most of them relative to the table's folder.

    Raises:
        DamagedTable: The path leaves the folder. Whoever may read a table may not read what else its log could name.
    """
    named = str(local_path(path)) if path.startswith("file:") else str(folder / unquote(path))
    absolute = normpath(named)
    if not absolute.startswith(f"{folder}/"):
        raise DamagedTable(
            f"The log of the Delta table at {folder} names a file outside of it: {path}.",
            hint="Restore the log from a backup, or drop the table.",
        )
    return absolute


def _require_version(log: DeltaLog, version: int) -> None:
    if log.commit_file(version).exists() or version in log.checkpoints():
        return
    known = log.versions()
    if not known:
        raise NoTableThere(f"There is no Delta table at {as_url(log.location)}.")
    raise VersionNotFound(
        f"The table at {as_url(log.location)} has no version {version}; its log holds {known[0]} to {known[-1]}."
    )


def _unknown_instant(location: str) -> datetime:
    raise DamagedTable(f"The log of the table at {location} no longer says when this version was committed.")
