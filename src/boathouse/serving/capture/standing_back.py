"""The recorder stands back behind those who answer, as long as journals have room.

Linux shares processors between sessions first, each of which counts as one (its "autogroup"), and inside a session by
the niceness of processes. The recorder has a session of its own, so its niceness alone says nothing to the workers that
answer: that of its session does. It may be changed at any time, also back.
"""

import os
import threading
from contextlib import suppress
from pathlib import Path
from threading import Event

from boathouse.foundation.home import Home
from boathouse.serving.capture.reading import journals, segments
from boathouse.serving.snapshot.reading import SnapshotFollower

FULL_SHARE = 0.5
"""A journal that is so full of what it may hold comes before answers: soon it would leave some of them out."""
_LOOK_SECONDS = 0.5
_MEGABYTE = 1 << 20
_USUAL_MB = 1024
_AUTOGROUP = Path("/proc/self/autogroup")


class StandingBack:
    """Of the recorder of a home."""

    def __init__(self, home: Home, polite: int, *, autogroup: Path = _AUTOGROUP) -> None:
        """Args:
        polite: Its niceness while there is room.
        """
        self._polite = polite
        self._root = home.journals
        self._follower = SnapshotFollower(home)
        self._autogroup = autogroup
        self._bound = _USUAL_MB * _MEGABYTE
        self._niceness: int | None = None

    def begin(self, stopping: Event) -> None:
        """Look again and again, in a thread, until everything is to end."""
        if os.getsid(0) == os.getpid():  # else the session is somebody's who has not asked for it
            threading.Thread(target=self._keep, args=(stopping,), name="standing-back", daemon=True).start()

    def look(self) -> int:
        """Stand where what waits demands; says how far back that is."""
        if self._follower.is_changed():
            self._bound = self._least_bound()
        wanted = 0 if is_nearly_full(self._fullest(), self._bound) else self._polite
        if wanted != self._niceness:
            with suppress(OSError):  # there are no sessions' shares here, or it was changed a moment ago
                self._autogroup.write_text(str(wanted))
                self._niceness = wanted
        return wanted

    def _keep(self, stopping: Event) -> None:
        while not stopping.wait(_LOOK_SECONDS):
            self.look()
        with suppress(OSError):
            self._autogroup.write_text("0")  # the end shall come soon

    def _least_bound(self) -> int:
        snapshot = self._follower.read()
        endpoints = snapshot.endpoints if snapshot is not None else ()
        return min((each.policy.capture.journal_mb for each in endpoints), default=_USUAL_MB) * _MEGABYTE

    def _fullest(self) -> int:
        """The bytes that wait in the journal with the most."""
        return max((_size(folder) for folder in journals(self._root)), default=0)


def is_nearly_full(waiting: int, bound: int) -> bool:
    """Whether a journal in which so much waits comes before answers.

    Example:
        >>> is_nearly_full(10, 100), is_nearly_full(50, 100)
        (False, True)
    """
    return waiting >= FULL_SHARE * bound


def _size(folder: Path) -> int:
    total = 0
    for segment in segments(folder):
        with suppress(FileNotFoundError):
            total += segment.path.stat().st_size
    return total
