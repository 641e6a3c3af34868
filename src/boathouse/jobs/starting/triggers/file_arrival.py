"""New files below a folder of a volume.

What counts is a name that was not there before: a file that is written again starts nothing. What has been seen is kept
in the database together with the fact that a run is due, so that neither is forgotten when the process dies in between.
A folder in which nothing was added or removed costs one look at its time of change.
"""

import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.jobs.starting.debounce import ready_at
from boathouse.jobs.starting.sight import Sight
from boathouse.jobs.starting.starters import Fire, Starter, Verdict
from boathouse.lake.locations import local_path
from boathouse.session.volumes import VolumePath, jailed

_SETTLED_NS = 2_000_000_000
"""A folder that changed this lately may change again without its time of change telling: file systems round it."""
_UNFINISHED = (".", "_")


class SeenFiles(Protocol):
    def files(self, job_id: int) -> set[str]: ...


class FileArrivalTrigger:
    """Starts a run when files have arrived."""

    def __init__(self, sight: Sight, seen: SeenFiles) -> None:
        self._sight = sight
        self._seen = seen
        self._quiet: dict[int, tuple[int, dict[str, int]]] = {}

    def look(self, starter: Starter, now: datetime) -> Verdict:
        url = starter.details["url"]
        try:
            folder = self._folder(starter.run_as, url)
        except BoathouseError as error:
            return Verdict(problem=str(error))
        if not folder.is_dir():
            return Verdict(problem=f"There is no folder at {url}; it is waited for.")
        if starter.memory and self._is_quiet(starter):
            return self._verdict(starter, [], [], now)
        found, folders = _scan(folder)
        seen = self._seen.files(starter.job_id)
        new = sorted(found.keys() - seen)
        verdict = self._verdict(starter, new, sorted(seen - found.keys()), now, found=found)
        self._quiet[starter.job_id] = (starter.revision + verdict.changes(starter), folders)
        return verdict

    def _folder(self, run_as: str, url: str) -> Path:
        path = VolumePath.parse(url)
        volume = self._sight.volume(run_as, path.volume)
        return jailed(local_path(volume.storage_location), path)

    def _is_quiet(self, starter: Starter) -> bool:
        revision, folders = self._quiet.get(starter.job_id, (-1, {}))
        return revision == starter.revision and bool(folders) and all(map(_is_unchanged, folders, folders.values()))

    def _verdict(
        self, starter: Starter, new: list[str], gone: list[str], now: datetime, *, found: dict[str, int] | None = None
    ) -> Verdict:
        arrived = new
        if not starter.memory and found is not None:  # the first look: what was there before is no news
            arrived = [path for path in new if found[path] >= starter.since]
        memory = {"is_watching": True, **starter.memory}
        if arrived:
            memory |= {
                "arrived": memory.get("arrived", 0) + len(arrived),
                "last_change": epoch_ms(now),
                "example": arrived[-1],
            }
        if not memory.get("arrived"):
            return Verdict(memory=memory, files_seen=tuple(new), files_gone=tuple(gone))
        ready = ready_at(starter.details, memory["last_change"], starter.last_fired_at)
        if ready > epoch_ms(now):
            return Verdict(due_at=ready, memory=memory, files_seen=tuple(new), files_gone=tuple(gone))
        fire = Fire(
            f"files:{starter.job_id}:{starter.since}:{starter.revision}",
            "FILE_ARRIVAL",
            {
                "time_ms": epoch_ms(now),
                "location": starter.details["url"],
                "files": memory["arrived"],
                "example": memory["example"],
            },
        )
        return Verdict(fires=(fire,), memory={"is_watching": True}, files_seen=tuple(new), files_gone=tuple(gone))


def _is_unchanged(folder: str, changed_ns: int) -> bool:
    try:
        return Path(folder).stat().st_mtime_ns == changed_ns
    except OSError:
        return False


def _scan(root: Path) -> tuple[dict[str, int], dict[str, int]]:
    """The files below a folder with their times of change in ms; and the folders with theirs, when all of them are
    long enough ago to be trusted."""
    folders: dict[str, int] = {}
    found = {os.path.relpath(path, root): changed for path, changed in _walk(str(root), folders)}
    is_settled = all(time.time_ns() - changed > _SETTLED_NS for changed in folders.values())
    return found, folders if is_settled else {}


def _walk(folder: str, folders: dict[str, int]) -> Iterator[tuple[str, int]]:
    try:
        folders[folder] = Path(folder).stat().st_mtime_ns  # before the listing: what comes later changes it
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(_UNFINISHED):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(entry.path, folders)
                elif entry.is_file(follow_symlinks=False):
                    yield entry.path, entry.stat(follow_symlinks=False).st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return  # it went away while we looked
