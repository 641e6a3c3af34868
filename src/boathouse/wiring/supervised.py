"""One process that a supervisor keeps running: how often it has died in a row, and when it is started again."""

import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
SOON_SECONDS = 2.0
"""The longest pause of what answers predictions and records them."""
STEADY_SECONDS = 30.0
"""Who has lived so long begins with short pauses again when it dies."""
MOST_DOUBLINGS = 16


@dataclass(slots=True, eq=False)
class Process:
    """A supervised process."""

    name: str
    module: str
    longest_pause: float = LONGEST_PAUSE_SECONDS
    child: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    """An instant of ``time.monotonic``, as those below."""
    deaths: int = 0
    """In a row: none of them came long after its start."""
    due_at: float | None = None
    """When it is started again; None while it lives."""

    @property
    def is_alive(self) -> bool:
        return self.child is not None and self.child.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self.child is None else self.child.returncode

    def is_due(self, now: float) -> bool:
        return self.due_at is None or now >= self.due_at

    def wait(self, now: float, seconds: float) -> None:
        self.due_at = now + seconds

    def died(self, now: float, *, was_well: bool = True) -> float:
        """Count a death; gives the seconds until the next start.

        Args:
            was_well: Whether it ever did what it is there for; a start that takes long and fails is no life.
        """
        self.deaths = 1 if was_well and now - self.started_at >= STEADY_SECONDS else self.deaths + 1
        seconds = pause_after(self.deaths, self.longest_pause)
        self.wait(now, seconds)
        return seconds

    def started(self, child: "subprocess.Popen[bytes]", now: float) -> None:
        self.child, self.started_at, self.due_at = child, now, None

    def waiting(self) -> dict[str, Any] | None:
        """What others are told of one that is not there; None while it lives."""
        if self.due_at is None:
            return None
        next_start = datetime.now(UTC) + timedelta(seconds=max(self.due_at - time.monotonic(), 0))
        told = {"deaths": self.deaths, "exit_code": self.exit_code}
        return told | {"next_start_at": next_start.isoformat(timespec="seconds")}


def pause_after(deaths: int, longest: float) -> float:
    """Seconds before the next start.

    Example:
        >>> [pause_after(deaths, 30.0) for deaths in (1, 2, 3, 20)]
        [0.2, 0.4, 0.8, 30.0]
    """
    return min(FIRST_PAUSE_SECONDS * 2 ** min(deaths - 1, MOST_DOUBLINGS), longest)
