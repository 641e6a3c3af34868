"""The commits of a table as its Delta log tells them: who changed what, when.

delta-rs numbers the history of a table opened at an older version wrongly and does not say whether a commit changed
data, so the few facts we need are read from the log files themselves.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from boathouse.lake.errors import DamagedTable
from boathouse.lake.locations import local_path

COMMIT_ID = "boathouse.commitId"
"""The key under which each of our commits carries an id of its own."""

_COMMIT_FILE = re.compile(r"(\d{20})\.json")
_CHECKPOINT_FILE = re.compile(r"(\d{20})\.checkpoint\..*")


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of the log."""

    version: int
    timestamp: datetime
    operation: str
    info: dict[str, Any] = field(default_factory=dict[str, Any])
    """The whole ``commitInfo``."""
    changes_data: bool = True
    """False for maintenance: the same rows in other files."""
    changes_metadata: bool = False
    """Schema, properties or protocol."""

    @property
    def commit_id(self) -> str | None:
        return self.info.get(COMMIT_ID)


class DeltaLog:
    """The log folder of one table."""

    def __init__(self, location: str) -> None:
        self.location = location
        self.folder = local_path(location) / "_delta_log"

    def commit_file(self, version: int) -> Path:
        return self.folder / f"{version:020d}.json"

    def versions(self) -> list[int]:
        """The versions whose commits are still in the log, ascending."""
        return sorted(self._numbers(_COMMIT_FILE))

    def checkpoints(self) -> list[int]:
        """The versions at which the log has a checkpoint, ascending."""
        return sorted(set(self._numbers(_CHECKPOINT_FILE)))

    def files_before(self, version: int) -> list[Path]:
        """The commits and checkpoints of versions below ``version``."""
        found: list[Path] = []
        for path in self.folder.iterdir():
            match = _COMMIT_FILE.fullmatch(path.name) or _CHECKPOINT_FILE.fullmatch(path.name)
            if match and int(match[1]) < version:
                found.append(path)
        return sorted(found)

    def latest(self) -> int:
        """The newest version in the log; -1 when it has none."""
        return max(self.versions(), default=-1)

    def actions(self, version: int) -> list[dict[str, Any]] | None:
        """What one commit did, action by action; None when the log no longer has it.

        Raises:
            DamagedTable: The entry is not readable.
        """
        try:
            lines = self.commit_file(version).read_text(encoding="utf-8").splitlines()
            return [json.loads(line) for line in lines if line.strip()]
        except FileNotFoundError:
            return None
        except ValueError as error:  # neither UTF-8 nor JSON
            name = self.commit_file(version).name
            raise DamagedTable(
                f"The Delta table at {self.location} is damaged: log entry {name} is not readable.",
                hint="Restore the file from a backup, or drop the table.",
            ) from error

    def refuse_empty_entries(self, *, after: int, upto: int) -> None:
        """Look for commits without content, which a loss of power leaves behind. delta-rs takes them for commits that
        changed nothing, and their rows would vanish in silence.

        Raises:
            DamagedTable: There is one among the versions after one up to and with another.
        """
        for version in range(max(after, max(self._checkpoints_upto(upto), default=-1)) + 1, upto + 1):
            file = self.commit_file(version)
            if file.exists() and file.stat().st_size == 0:
                raise DamagedTable(
                    f"The Delta table at {self.location} is damaged: log entry {file.name} is empty.",
                    hint="Restore the file from a backup, or drop the table.",
                )

    def _checkpoints_upto(self, version: int) -> list[int]:
        return [each for each in self.checkpoints() if each <= version]

    def commit(self, version: int) -> Commit | None:
        """The facts about one commit, or None when the log no longer has it.

        Raises:
            DamagedTable: The entry is not readable.
        """
        actions = self.actions(version)
        return None if actions is None else _commit(version, actions, self.commit_file(version))

    def between(self, after: int, upto: int) -> Iterator[Commit | None]:
        """The commits after one version up to and with another; None where an entry is gone."""
        return (self.commit(version) for version in range(after + 1, upto + 1))

    def find(self, commit_id: str, *, after: int) -> int | None:
        """The version of our own commit, if it has landed."""
        for commit in self.between(after, self.latest()):
            if commit and commit.commit_id == commit_id:
                return commit.version
        return None

    def _numbers(self, pattern: re.Pattern[str]) -> Iterator[int]:
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if match := pattern.fullmatch(path.name):
                yield int(match[1])


def _commit(version: int, actions: list[dict[str, Any]], file: Path) -> Commit:
    info = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
    changed = [action.get("add") or action.get("remove") or action.get("cdc") for action in actions]
    milliseconds = info.get("inCommitTimestamp") or info.get("timestamp") or int(file.stat().st_mtime * 1000)
    return Commit(
        version=version,
        timestamp=datetime.fromtimestamp(milliseconds / 1000, UTC),
        operation=str(info.get("operation", "")),
        info=info,
        changes_data=any(entry and entry.get("dataChange", True) for entry in changed),
        changes_metadata=any("metaData" in action or "protocol" in action for action in actions),
    )
