"""Putting a commit of our own into a table's log.

delta-rs has no way to commit change files beside added and removed ones (docs/decisions/0005). So a rewrite that we
have computed ourselves writes its log entry itself: complete in a temporary file, then linked under the number it is
meant for. The link fails when somebody else has that number, which is what makes the commit atomic, as in delta-rs.

When somebody was faster, what they did decides. Rows that were only added, by somebody who had not looked at the table,
are as good as added after us; the same rows in other files do not concern us unless they were in files that we replace.
Everything else means that we have read what is no longer so.
"""

import json
import logging
import os
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deltalake import DeltaTable

from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.ids import new_id
from boathouse.lake.errors import explained, translated
from boathouse.lake.log import COMMIT_ID, DeltaLog
from boathouse.lake.snapshots import Snapshot, open_table

_logger = logging.getLogger(__name__)

ENGINE = "boathouse"

_CHECKPOINT_INTERVAL = 100
"""Commits from one checkpoint to the next, where the table does not say; as delta-rs has it."""

_UNDERSTOOD = {
    *("appendOnly", "invariants", "checkConstraints", "changeDataFeed", "timestampNtz", "vacuumProtocolCheck"),
    *("columnMapping", "deletionVectors", "domainMetadata", "v2Checkpoint", "generatedColumns", "identityColumns"),
    "variantType",
}
"""Writer features that a rewrite keeps to: by not using them, or by refusing where a column uses them."""

_COLUMN_RULES = {
    "delta.generationExpression": "generated columns",
    "delta.identity.start": "identity columns",
    "delta.invariants": "column invariants",
}

_BEST_LEFT = "Change it with the engine that made it, or copy it: CREATE TABLE ... AS SELECT."


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit, before it has a number."""

    operation: str
    actions: Sequence[Mapping[str, Any]]
    removed: Set[str]
    """Paths of the files that it replaces, as the log has them."""
    parameters: Mapping[str, str]
    metrics: Mapping[str, int]
    info: Mapping[str, str]


def require_writable(snapshot: Snapshot, table: DeltaTable) -> None:
    """Refuse to rewrite a table in ways that we do not master.

    Raises:
        InvalidInput: Names the feature.
    """
    if snapshot.needs_delta_reader:
        raise InvalidInput(
            f"The rows of the table at {snapshot.location} cannot be changed: it uses deletion vectors, column mapping "
            "or types that need Delta's own reader.",
            hint=_BEST_LEFT,
        )
    unknown = sorted(set(table.protocol().writer_features or ()) - _UNDERSTOOD)
    if unknown:
        raise InvalidInput(
            f"The rows of the table at {snapshot.location} cannot be changed: it uses the Delta feature {unknown[0]}.",
            hint=_BEST_LEFT,
        )
    for field in json.loads(snapshot.schema_json)["fields"]:
        for rule, spelled in _COLUMN_RULES.items():
            if rule in field.get("metadata", {}):
                raise InvalidInput(f"Column {field['name']} uses {spelled}, which cannot be kept to.", hint=_BEST_LEFT)


def require_changeable_rows(snapshot: Snapshot) -> None:
    """Refuse to change rows of a table that promises to keep them.

    Raises:
        InvalidInput: It does.
    """
    if snapshot.properties.get("delta.appendOnly", "").lower() == "true":
        raise InvalidInput(
            f"The table at {snapshot.location} is append-only (delta.appendOnly).",
            hint="Rows can be added to it, not changed.",
        )


def land(snapshot: Snapshot, entry: Entry, *, alone: bool) -> int | None:
    """Commit what was computed from the snapshot; gives the version, or None when what it rests on has changed.

    With ``alone`` nobody may have done anything to the rows since.
    """
    log = DeltaLog(snapshot.location)
    content = _content(snapshot, entry)
    version = snapshot.version + 1
    temporary = log.folder / f"_commit_{new_id()}.json.tmp"
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        while not _linked(temporary, log, version):
            if _disturbs(log.actions(version), entry.removed, alone=alone):
                return None
            version += 1
    except OSError as error:
        raise explained(error, snapshot.location) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    _checkpoint(snapshot, version)
    return version


def _content(snapshot: Snapshot, entry: Entry) -> bytes:
    now = int(datetime.now(UTC).timestamp() * 1000)
    info = {
        "timestamp": now,
        "operation": entry.operation,
        "operationParameters": dict(entry.parameters),
        "readVersion": snapshot.version,
        "isBlindAppend": False,
        "operationMetrics": {name: str(value) for name, value in entry.metrics.items()},
        "engineInfo": ENGINE,
        **entry.info,
        COMMIT_ID: new_id(),
    }
    lines = [json.dumps(each, separators=(",", ":")) for each in ({"commitInfo": info}, *entry.actions)]
    return ("\n".join(lines) + "\n").encode()


def _linked(temporary: os.PathLike[str], log: DeltaLog, version: int) -> bool:
    try:
        os.link(temporary, log.commit_file(version))
    except FileExistsError:
        return False
    folder = os.open(log.folder, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


def _disturbs(actions: Sequence[Mapping[str, Any]] | None, ours: Set[str], *, alone: bool) -> bool:
    if actions is None:
        return True
    kinds = {kind for action in actions for kind in action}
    if kinds & {"metaData", "protocol"}:
        return True
    added = [action["add"] for action in actions if "add" in action]
    removed = [action["remove"] for action in actions if "remove" in action]
    changed = any(each.get("dataChange", True) for each in (*added, *removed)) or "cdc" in kinds
    if not changed:
        return any(each["path"] in ours for each in removed)
    info = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
    is_blind = not removed and "cdc" not in kinds and info.get("isBlindAppend") is not False
    return alone or not is_blind


def _checkpoint(snapshot: Snapshot, version: int) -> None:
    """A checkpoint now and then; the commit holds without it, so its failure is not one of the commit."""
    interval = snapshot.properties.get("delta.checkpointInterval", "")
    if (version + 1) % (int(interval) if interval.isdigit() and int(interval) else _CHECKPOINT_INTERVAL):
        return
    try:
        with translated(snapshot.location):
            open_table(snapshot.location, version).create_checkpoint()
    except BoathouseError as error:
        _logger.warning("Version %d of %s has no checkpoint: %s", version, snapshot.location, error)
