"""Folders as garbage: how large, how old, and how they go: first out of sight in one step, then file by file.

A process that dies in between leaves the rest in the trash, which the next pass empties.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from boathouse.foundation.home import Home
from boathouse.foundation.ids import new_id


@dataclass(frozen=True, slots=True)
class Weight:
    """What a folder or a file holds."""

    files: int
    bytes: int
    newest: int
    """When anything in it was last written, in epoch milliseconds."""


def trash_of(home: Home) -> Path:
    return home.root / "trash"


def weigh(path: Path) -> Weight:
    """Size and age of everything below a path; what goes away meanwhile weighs nothing."""
    files = size = newest = 0
    waiting = [str(path)]
    if path.is_symlink() or not path.is_dir():
        return _of_file(path)
    while waiting:
        folder = waiting.pop()
        try:
            newest = max(newest, Path(folder).stat().st_mtime_ns)
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                        continue
                    stat = entry.stat(follow_symlinks=False)
                    files, size, newest = files + 1, size + stat.st_size, max(newest, stat.st_mtime_ns)
        except FileNotFoundError:
            continue
    return Weight(files, size, newest // 1_000_000)


def _of_file(path: Path) -> Weight:
    try:
        stat = path.lstat()
    except FileNotFoundError:
        return Weight(0, 0, 0)
    return Weight(1, stat.st_size, stat.st_mtime_ns // 1_000_000)


def out_of_sight(home: Home, path: Path) -> Path | None:
    """Move a folder or file to the trash; None when it is gone already.

    Raises:
        OSError: It cannot be moved.
    """
    trash = trash_of(home)
    trash.mkdir(exist_ok=True)
    there = trash / new_id()
    try:
        path.rename(there)
    except FileNotFoundError:
        return None
    return there


def destroy(path: Path | None) -> None:
    """Delete what is in the trash; what cannot be deleted now stays for the next pass."""
    if path is None:
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def throw_away(home: Home, path: Path) -> None:
    """Both steps."""
    destroy(out_of_sight(home, path))


def children(folder: Path) -> list[Path]:
    """What lies in a folder, by name; nothing where there is none."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
