"""Which workers hang: those whose heart stands still, whatever the clock of the machine does meanwhile.

A heartbeat is an instant of that clock, and clocks jump. So it is not held against the clock: what counts is that it
has not changed for as long as we have looked.
"""

import time
from collections.abc import Callable, Mapping

from boathouse.serving.telemetry.reading import STUCK_AFTER_MS


class Heartbeats:
    """Remembers when each heart was last seen to beat. For one thread."""

    def __init__(
        self, *, still_for_seconds: float = STUCK_AFTER_MS / 1000, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._still_for_seconds = still_for_seconds
        self._now = now
        self._seen: dict[int, tuple[int, float]] = {}

    def stuck(self, beats: Mapping[int, int]) -> list[int]:
        """Those that hang.

        Args:
            beats: The last heartbeat of each worker, by its process.
        """
        now = self._now()
        before = self._seen
        self._seen = {
            pid: before[pid] if pid in before and before[pid][0] == beat else (beat, now)
            for pid, beat in beats.items()
        }  # fmt: skip
        return [pid for pid, (_, since) in self._seen.items() if now - since > self._still_for_seconds]
