"""Follows the snapshot's file: a look costs one question to the file system."""

import logging
import os

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import Home
from boathouse.serving.snapshot.files import read, snapshot_file
from boathouse.serving.snapshot.nouns import Snapshot

log = logging.getLogger(__name__)


class SnapshotFollower:
    """Notices that the file is another one. For one thread at a time."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file = snapshot_file(home)
        self._seen: tuple[int, int, int] | None = None

    def is_changed(self) -> bool:
        mark = self._mark()
        return mark is not None and mark != self._seen

    def read(self) -> Snapshot | None:
        """The snapshot; None while there is none, or none that can be read: then the last one stays in force."""
        mark = self._mark()
        try:
            found = read(self._home)
        except InvalidInput as error:
            log.error("%s", error)
            found = None
        self._seen = mark
        return found

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._file)  # noqa: PTH116  # asked five times a second
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size
