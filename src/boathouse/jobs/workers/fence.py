"""Kills a worker that cannot renew its lease, before others may take over what it holds.

A worker that is frozen, cut off from the database or swapped out cannot be trusted to notice by itself, and a worker on
another machine cannot reach its processes. So a small process beside it waits for a sign of life after every renewal;
when none comes in time it kills the worker, and the kernel then ends the guards of its tasks and all below them.

The time that a machine sleeps counts when others may have gone on working meanwhile (Postgres), and does not when
everybody slept (SQLite: one machine).
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from boathouse.jobs.bootstrap.fence import shared_time


class Fence:
    """The sign of life of this process."""

    def __init__(self, seconds: float, *, counts_sleep: bool) -> None:
        self._seconds = seconds
        self._counts_sleep = counts_sleep
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments = [str(os.getpid()), str(self._seconds), str(int(self._counts_sleep))]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-S", "-E", str(Path(__file__).parents[1] / "bootstrap" / "fence.py"), *arguments],
            stdin=subprocess.PIPE,
            start_new_session=True,  # whoever stops or freezes the worker's group must not take its fence along
        )
        self.renewed(self.now())

    def now(self) -> float:
        return shared_time(counts_sleep=self._counts_sleep)

    def renewed(self, asked_at: float) -> None:
        """The lease was renewed by a call that began at ``asked_at``."""
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(f"{asked_at:.3f}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:  # somebody has killed it; without one we must not go on
            os.kill(os.getpid(), signal.SIGKILL)
