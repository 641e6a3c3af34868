"""What the log of a table tells: its versions, what differs between two of them, and how its files lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from boathouse.catalog.audit import Audit
from boathouse.catalog.columns import columns_from_delta
from boathouse.catalog.pins import Pins
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.securables import Column, SecurableKind, Table
from boathouse.catalog.tables import Securables
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal

if TYPE_CHECKING:
    from boathouse.lake import Commit, Snapshot

SMALL_BYTES = 8 << 20
"""Files below this are worth putting together, once there are a few of them."""
MANY_SMALL = 8


@dataclass(frozen=True, slots=True)
class TableVersion:
    """One commit of a table."""

    version: int
    at: int
    """Milliseconds since 1970-01-01 UTC."""
    principal: str | None
    """None where a client of its own has written."""
    operation: str
    changes_data: bool
    changes_schema: bool
    """Columns, properties or protocol."""
    metrics: Mapping[str, str]
    """What the writer has counted: ``num_added_rows``, ``numFilesRemoved``."""
    statement_id: str | None = None


@dataclass(frozen=True, slots=True)
class VersionFigures:
    """A table at one version, in figures that its log holds."""

    version: int
    at: int
    rows: int | None
    """None where the log does not count them."""
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """A column that is not the same in two versions; None on the side where it is not."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ColumnRange:
    """The least and the greatest value of a column in two versions, as far as the log knows them."""

    name: str
    before: tuple[Any, Any]
    after: tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """What differs between two versions of a table."""

    before: VersionFigures
    after: VersionFigures
    columns: tuple[ColumnDifference, ...]
    properties: tuple[ColumnDifference, ...]
    ranges: tuple[ColumnRange, ...]
    """Only of the columns whose extremes are not the same."""
    has_rows: bool
    """Whether the change data feed tells which rows were changed between them."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """How the files of a table lie, and when they were last put in order."""

    newest: VersionFigures
    small_files: int
    median_bytes: int
    oldest_version: int
    """The oldest one that the log still has."""
    checkpoints: tuple[int, ...]
    pinned: tuple[int, ...]
    """Versions that must stay readable, because something rests on them."""
    partition_columns: tuple[str, ...]
    properties: Mapping[str, str]
    optimized: TableVersion | None
    vacuumed: TableVersion | None
    advice: tuple[str, ...]


class TableLogs:
    """Reads the logs of tables for those who may read the tables."""

    def __init__(self, audit: Audit, securables: Securables, pins: Pins) -> None:
        self._audit = audit
        self._securables = securables
        self._pins = pins

    def history(self, principal: Principal, name: TableName, *, limit: int | None = None) -> list[TableVersion]:
        """The versions that the log still has, newest first.

        Raises:
            NotFound, Denied: There is no such table, or the principal may not read it.
            InvalidInput: It has no log: it is a view.
        """
        from boathouse.lake.history import history

        with self._audit.verb(principal, "catalog", "getTableHistory", SecurableKind.TABLE, str(name)):
            table = self._read(principal, name)
            return [_version(commit) for commit in history(table.storage_location, limit)]

    def difference(self, principal: Principal, name: TableName, before: int, after: int) -> VersionDifference:
        """What one version has that another has not: columns, properties, figures.

        Raises:
            NotFound, Denied, InvalidInput: As :meth:`history`.
            VersionNotFound: The log does not have one of them.
        """
        from boathouse.lake import open_snapshot

        params = {"before": before, "after": after}
        with self._audit.verb(principal, "catalog", "compareTableVersions", SecurableKind.TABLE, str(name), params):
            table = self._read(principal, name)
            old, new = (open_snapshot(table.storage_location, version=each) for each in (before, after))
            return VersionDifference(
                _figures(old),
                _figures(new),
                tuple(_differences(_spelled(old), _spelled(new))),
                tuple(_differences(old.properties, new.properties)),
                tuple(_ranges(old, new)),
                has_rows=before < after and all(_feeds(each) for each in (old, new)),
            )

    def upkeep(self, principal: Principal, name: TableName) -> Upkeep:
        """How the files of a table lie now.

        Raises:
            NotFound, Denied, InvalidInput: As :meth:`history`.
        """
        from boathouse.lake import open_snapshot
        from boathouse.lake.history import history
        from boathouse.lake.log import DeltaLog

        with self._audit.verb(principal, "catalog", "getTableUpkeep", SecurableKind.TABLE, str(name)):
            table = self._read(principal, name)
            place = table.storage_location
            snapshot, commits = open_snapshot(place), history(place)
            sizes = [file.size_bytes for file in snapshot.files]
            small = sum(size < SMALL_BYTES for size in sizes)
            return Upkeep(
                newest=_figures(snapshot),
                small_files=small,
                median_bytes=int(median(sizes)) if sizes else 0,
                oldest_version=commits[-1].version,
                checkpoints=tuple(DeltaLog(place).checkpoints()),
                pinned=tuple(self._pins.versions(table.securable.id)),
                partition_columns=snapshot.partition_columns,
                properties=dict(sorted(snapshot.properties.items())),
                optimized=_latest(commits, "OPTIMIZE"),
                vacuumed=_latest(commits, "VACUUM"),
                advice=tuple(_advice(str(name), snapshot, small, _latest(commits, "VACUUM"), commits)),
            )

    def _read(self, principal: Principal, name: TableName) -> Table:
        table = self._securables.resolve_table(principal, name, Privilege.SELECT)
        if table.data_source_format != "DELTA" or not table.storage_location:
            raise InvalidInput(f"{name} is computed when it is read; it has no log of its own.")
        return table


def _version(commit: "Commit") -> TableVersion:
    metrics = commit.info.get("operationMetrics")
    return TableVersion(
        commit.version,
        epoch_ms(commit.timestamp),
        commit.info.get("boathouse.principal"),
        commit.operation,
        commit.changes_data,
        commit.changes_metadata,
        {str(key): str(value) for key, value in metrics.items()} if isinstance(metrics, dict) else {},
        commit.info.get("boathouse.statementId"),
    )


def _figures(snapshot: "Snapshot") -> VersionFigures:
    counts = [file.row_count for file in snapshot.files]
    known = None not in counts and not snapshot.needs_delta_reader
    return VersionFigures(
        snapshot.version,
        epoch_ms(snapshot.timestamp),
        sum(count or 0 for count in counts) if known else None,
        len(counts),
        sum(file.size_bytes for file in snapshot.files),
    )


def _spelled(snapshot: "Snapshot") -> dict[str, str]:
    columns = columns_from_delta(snapshot.schema_json, snapshot.partition_columns)
    return {column.name: _column(column) for column in columns}


def _column(column: Column) -> str:
    said = [column.type_text, "" if column.nullable else "NOT NULL"]
    said += [f"COMMENT {column.comment}" if column.comment else ""]
    return " ".join(each for each in said if each)


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[ColumnDifference]:
    names = dict.fromkeys([*before, *after])
    found = [ColumnDifference(name, before.get(name), after.get(name)) for name in names]
    return [each for each in found if each.before != each.after]


def _ranges(old: "Snapshot", new: "Snapshot") -> list[ColumnRange]:
    names = [name for name in new.fields if name in old.fields]
    found = [ColumnRange(name, _extremes(old, name), _extremes(new, name)) for name in names]
    return [each for each in found if each.before != each.after]


def _extremes(snapshot: "Snapshot", column: str) -> tuple[Any, Any]:
    least = [file.minimum[column] for file in snapshot.files if file.minimum.get(column) is not None]
    greatest = [file.maximum[column] for file in snapshot.files if file.maximum.get(column) is not None]
    try:
        return min(least, default=None), max(greatest, default=None)
    except TypeError:  # a struct has no order
        return None, None


def _feeds(snapshot: "Snapshot") -> bool:
    return snapshot.properties.get("delta.enableChangeDataFeed") == "true"


def _latest(commits: Sequence["Commit"], word: str) -> TableVersion | None:
    return next((_version(each) for each in commits if each.operation.upper().startswith(word)), None)


def _advice(
    name: str, snapshot: "Snapshot", small: int, vacuumed: TableVersion | None, commits: Sequence["Commit"]
) -> list[str]:
    """What would do the table good, each with the statement that does it."""
    found: list[str] = []
    if small >= MANY_SMALL and small * 2 > len(snapshot.files):
        found.append(f"{small} of {len(snapshot.files)} files are small: OPTIMIZE {name} puts them together.")
    rewrites = sum(_has_removed(commit) for commit in commits)
    if rewrites and vacuumed is None:
        found.append(f"{rewrites} versions have replaced files and none was ever deleted: VACUUM {name} frees space.")
    return found


def _has_removed(commit: "Commit") -> bool:
    metrics = _version(commit).metrics
    return any(metrics.get(name, "0") not in ("0", "") for name in _REMOVED_FILES)


_REMOVED_FILES = ("num_removed_files", "numRemovedFiles", "numTargetFilesRemoved", "numFilesRemoved")
"""As delta-rs and Spark count them, for each kind of write."""
