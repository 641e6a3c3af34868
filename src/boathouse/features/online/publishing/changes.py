# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Which keys have changed between two versions of a table, as its log tells: by change files where a commit wrote them,
else by the rows of the files that it added and removed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from boathouse.features.online.publishing.latest import Source
from boathouse.lake import Commit, EngineQuery
from boathouse.lake.change_feed import change_file_rows, read_changes
from boathouse.lake.engine import Engine
from boathouse.lake.log import DeltaLog
from boathouse.lake.schema import identifier

_DELETED = ("delete", "update_preimage")


@dataclass(frozen=True, slots=True)
class Changes:
    """What has happened to a table since a version."""

    commits: tuple[Commit, ...]
    """Those that changed rows."""
    rewrites: bool
    """Whether one of them only tells of whole files that went and came, among which most rows may be the same."""
    only_adds: bool = False
    """Whether rows have come, and none has gone or changed."""
    rows: int | None = None
    """How many rows the change files hold and, of commits that wrote none, the files that came; None where that cannot
    be told."""
    moves: bool = False
    """Whether files went, and so rows that stay may have another place in the table."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why nobody can tell."""

    because: str


def changes_since(source: Source, version: int) -> Changes | Unknown:
    """The commits after a version, up to that of the source."""
    if source.snapshot.needs_delta_reader:
        return Unknown("its files do not hold its rows as they are (deletion vectors or column mapping)")
    if version > source.snapshot.version:
        return Unknown(f"version {version}, which was published, is not there any more")
    log, commits, rewrites = DeltaLog(source.snapshot.location), list[Commit](), False
    only_adds, rows, moves = True, 0, False
    for number in range(version + 1, source.snapshot.version + 1):
        commit = log.commit(number)
        if commit is None:
            return Unknown(f"the history since version {version} is gone")
        actions = log.actions(number) or []
        moves = moves or any("remove" in action for action in actions)
        if commit.changes_data:
            if _has_other_partitions(source, actions):
                return Unknown("it was partitioned by other columns")
            commits.append(commit)
            rewrites = rewrites or _replaces_files(actions)
            only_adds = only_adds and not any("remove" in action or "cdc" in action for action in actions)
            rows = _sum(rows, _changed_rows(source, actions))
    return Changes(tuple(commits), rewrites, only_adds, rows, moves)


def changed_keys(engine: Engine, source: Source, changes: Changes) -> pa.Table:
    """The keys of which a row has come, gone or changed; keys that are not whole are left out.

    Raises:
        DamagedTable: Files of the commits are gone.
    """
    if not changes.commits:
        return source.key_schema.empty_table()
    keys = ", ".join(identifier(key) for key in source.keys)
    whole = " AND ".join(f"{identifier(key)} IS NOT NULL" for key in source.keys)
    if not changes.rewrites:
        text = f"SELECT DISTINCT {keys} FROM changes WHERE {whole}"
        return _run(engine, source, changes, source.keys, text)
    columns = changed_columns(source)
    row = ", ".join(identifier(column) for column in columns)
    deleted = ", ".join(f"'{each}'" for each in _DELETED)
    # A row that went with one file and came with another is counted up and down, and so is none.
    text = (
        f"SELECT DISTINCT {keys} FROM (SELECT {keys}, hash({row}) AS __hash, "
        f"CASE WHEN _change_type IN ({deleted}) THEN -1 ELSE 1 END AS __sign FROM changes WHERE {whole}) "
        f"GROUP BY {keys}, __hash HAVING sum(__sign) <> 0"
    )
    return _run(engine, source, changes, columns, text)


def changed_columns(source: Source) -> list[str]:
    """All that the value of a key depends on."""
    clocks = [each for each in (source.table.timeseries_column, source.table.known.column) if each]
    return list(dict.fromkeys([*source.keys, *clocks, *source.features]))


def _run(engine: Engine, source: Source, changes: Changes, columns: Sequence[str], text: str) -> pa.Table:
    rows = read_changes(source.snapshot, changes.commits, columns)
    return engine.run(EngineQuery(text, arrow={"changes": rows})).arrow().cast(source.key_schema)


def _replaces_files(actions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a commit took files away without telling by change files which of their rows it meant."""
    if any(action.get("cdc") for action in actions):
        return False
    return any(action["remove"].get("dataChange", True) for action in actions if action.get("remove"))


def _has_other_partitions(source: Source, actions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a file that tells of changes lies by other partition columns than the table's: read as one of its, it
    would have nulls there."""
    expected = set(source.snapshot.partition_columns)
    kinds = ("cdc",) if any(action.get("cdc") for action in actions) else ("add", "remove")
    entries = [action[kind] for action in actions for kind in kinds if action.get(kind)]
    return any(set(entry.get("partitionValues") or ()) != expected for entry in entries)


def _changed_rows(source: Source, actions: Sequence[Mapping[str, Any]]) -> int | None:
    if any(action.get("cdc") for action in actions):
        return change_file_rows(source.snapshot, actions)
    return _added_rows(actions)


def _added_rows(actions: Sequence[Mapping[str, Any]]) -> int | None:
    """How many rows the files of a commit hold; None where one does not tell."""
    found = [json.loads(action["add"].get("stats") or "{}").get("numRecords") for action in actions if "add" in action]
    return None if None in found else sum(found)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
