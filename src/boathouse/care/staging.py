"""Holds on to files while they are being copied, so that no clean-up takes them away: a second name for each, on the
same disk, costs no space and lives until we give it up."""

import errno
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from boathouse.foundation.home import Home
from boathouse.foundation.ids import new_id

PREFIX = ".backup-"
_CANNOT_LINK = {errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.EACCES}


class Staging:
    """Files under second names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0

    def hold(self, file: Path) -> Path:
        """A path with the file's present content, for as long as the staging lives.

        Raises:
            FileNotFoundError: It has gone already.
        """
        self._number += 1
        held = self._folder / f"{self._number // 1000}" / f"{self._number}"
        held.parent.mkdir(exist_ok=True)
        try:
            os.link(file, held)
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            shutil.copy2(file, held)
        return held


@contextmanager
def staging(home: Home) -> Generator[Staging]:
    """A place in the home for second names; what a backup that was killed has left is removed first."""
    for left in home.root.glob(f"{PREFIX}*"):
        if not _is_alive(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = home.root / f"{PREFIX}{os.getpid()}-{new_id()[:8]}"
    folder.mkdir()
    try:
        yield Staging(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_alive(folder: Path) -> bool:
    pid = folder.name.removeprefix(PREFIX).partition("-")[0]
    return pid.isdigit() and Path(f"/proc/{pid}").exists() if Path("/proc").is_dir() else True
