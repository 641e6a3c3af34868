# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Changing rows of a table: copy on write, one Delta commit, all or nothing.

Three steps in one instance of the engine. First the rows that change are found, each with its new values, and kept in a
temporary table: every expression of the user is computed once, and what two source rows want of one row shows here.
Then the files that hold such rows are written anew, a few at a time; all other files stay. Last come the change files,
where the table keeps a change data feed. Only the log entry makes any of it count.
"""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from boathouse.lake.change_writing import ChangeWriter
from boathouse.lake.changed_rows import Changed, find_changed_rows
from boathouse.lake.commits import REWRITE_ROUNDS, require_unchanged
from boathouse.lake.engine import Engine
from boathouse.lake.errors import WriteConflict
from boathouse.lake.file_actions import WrittenFile, add_entry, change_entry, partition_text, remove_entry
from boathouse.lake.landing import Entry, land, require_changeable_rows, require_writable
from boathouse.lake.locations import as_url, local_path
from boathouse.lake.row_changes import TARGET, ChangeReport, RowChanges
from boathouse.lake.snapshots import DataFile, Snapshot, open_snapshot, open_table

_LONGEST_PAUSE_SECONDS = 0.25


@dataclass(slots=True)
class Rewritten:
    """Files that were written for a commit, and those that it takes out."""

    added: list[WrittenFile] = field(default_factory=list[WrittenFile])
    changes: list[WrittenFile] = field(default_factory=list[WrittenFile])
    removed: list[DataFile] = field(default_factory=list[DataFile])

    def discard(self) -> None:
        for file in (*self.added, *self.changes):
            file.path.unlink(missing_ok=True)


def change_rows(
    engine: Engine,
    location: str,
    changes: RowChanges,
    *,
    read_version: int | None = None,
    commit_info: Mapping[str, str] | None = None,
) -> ChangeReport:
    """Find the rows, write them anew, commit. Commits nothing when no row changes.

    When somebody else has changed rows meanwhile, everything is computed anew from theirs; with ``read_version`` that
    is a conflict.

    Raises:
        InvalidInput: A value does not fit its column, a constraint is broken, or several source rows meet one row.
        WriteConflict: Rows were changed since ``read_version``, or the schema was.
    """
    try:
        return _changed(engine, as_url(location), changes, read_version, commit_info or {})
    finally:
        if changes.sources.release is not None:  # not before: another round needs the same functions
            changes.sources.release()


def _changed(
    engine: Engine, location: str, changes: RowChanges, read_version: int | None, info: Mapping[str, str]
) -> ChangeReport:
    first = open_snapshot(location)
    for round_number in range(REWRITE_ROUNDS):
        snapshot = first if round_number == 0 else open_snapshot(location)
        if read_version is not None:
            require_unchanged(location, read_version, upto=snapshot.version)
        _require_alike(first, snapshot)
        require_changeable_rows(snapshot)
        require_writable(snapshot, open_table(location, snapshot.version))
        report = _attempt(engine, snapshot, changes, info, alone=read_version is not None)
        if report is not None:
            return report
        time.sleep(random.uniform(0, min(_LONGEST_PAUSE_SECONDS, 0.005 * 2**round_number)))
    raise WriteConflict(
        f"The table at {location} is changed by others so often that the write found no moment for itself.",
        hint="Try again, or write less often.",
    )


def _require_alike(first: Snapshot, now: Snapshot) -> None:
    if (first.schema_json, first.properties) != (now.schema_json, now.properties):
        raise WriteConflict(
            f"The columns or properties of the table at {now.location} were changed meanwhile.",
            hint="Repeat the statement.",
        )


def _attempt(
    engine: Engine, snapshot: Snapshot, changes: RowChanges, info: Mapping[str, str], *, alone: bool
) -> ChangeReport | None:
    folder = local_path(snapshot.location)
    written = Rewritten()
    try:
        with engine.workbench(changes.at(snapshot), also={TARGET}, folder=str(folder)) as bench:
            found = find_changed_rows(bench, snapshot, changes)
            if not found.total:
                return ChangeReport(snapshot.version)
            _write(ChangeWriter(bench.connection, snapshot, changes), snapshot, found, written)
        version = land(snapshot, _entry(snapshot, changes, found, written, info), alone=alone)
    except BaseException:
        written.discard()
        raise
    if version is None:
        written.discard()
        return None
    return ChangeReport(version, found.updated, found.deleted, found.inserted)


def _write(writer: ChangeWriter, snapshot: Snapshot, found: Changed, written: Rewritten) -> None:
    touched = sorted(found.files)
    written.removed += [snapshot.files[index] for index in touched]
    gone = [index for index in touched if found.files[index].is_emptied(snapshot.files[index])]
    rest = [index for index in touched if index not in set(gone)]
    writer.check(touched)
    for group in writer.groups(rest):
        writer.rewrite(group, written.added)
    writer.write_new(touched, written.added)
    wants_feed = snapshot.properties.get("delta.enableChangeDataFeed", "").lower() == "true"
    if wants_feed and (rest or found.updated):
        # Of files that only come or only go a reader of the feed knows by itself what changed.
        writer.write_feed(touched, written.changes)


def _entry(
    snapshot: Snapshot, changes: RowChanges, found: Changed, written: Rewritten, info: Mapping[str, str]
) -> Entry:
    now = int(time.time() * 1000)
    paths = {file.path: path for file, path in zip(snapshot.files, snapshot.log_paths, strict=True)}
    actions = [
        remove_entry(
            paths[file.path],
            file.size_bytes,
            {name: partition_text(file.partition.get(name)) for name in snapshot.partition_columns},
            now,
        )
        for file in written.removed
    ]
    actions += [add_entry(snapshot.location, file, snapshot.schema_json, now) for file in written.added]
    actions += [change_entry(snapshot.location, file) for file in written.changes]
    metrics = _metrics(changes.operation, found, written)
    removed = {paths[file.path] for file in written.removed}
    return Entry(changes.operation, actions, removed, changes.parameters, metrics, info)


def _metrics(operation: str, found: Changed, written: Rewritten) -> dict[str, int]:
    """The counts under the names that Delta's history has for them."""
    copied = max(0, sum(file.rows for file in written.added) - found.updated - found.inserted)
    if operation == "MERGE":
        return {
            "numTargetRowsInserted": found.inserted,
            "numTargetRowsUpdated": found.updated,
            "numTargetRowsDeleted": found.deleted,
            "numTargetRowsCopied": copied,
            "numTargetFilesAdded": len(written.added),
            "numTargetFilesRemoved": len(written.removed),
            "numTargetChangeFilesAdded": len(written.changes),
        }
    counts = {"numUpdatedRows": found.updated} if operation == "UPDATE" else {"numDeletedRows": found.deleted}
    return {
        **counts,
        "numCopiedRows": copied,
        "numAddedFiles": len(written.added),
        "numRemovedFiles": len(written.removed),
        "numAddedChangeFiles": len(written.changes),
    }
