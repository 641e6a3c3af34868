"""The process beside a worker that kills it when it gives no sign of life; see ``boathouse.jobs.workers.fence``.

Started as a script with nothing but the standard library, so that it is there within milliseconds and costs little.
"""

import os
import select
import signal
import sys
import time

_POLL_SECONDS = 0.1


def watch(worker: int, seconds: float, *, counts_sleep: bool) -> None:
    """Stay until the worker has ended or been killed by us."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    renewed_at = shared_time(counts_sleep=counts_sleep)
    while os.getppid() == worker:
        ready, _, _ = select.select([0], [], [], _POLL_SECONDS)
        if ready:
            received = os.read(0, 4096)
            if not received:  # it has closed its end: it is gone, or about to be
                return
            renewed_at = float(received.split()[-1])
        if shared_time(counts_sleep=counts_sleep) - renewed_at > seconds:
            print(f"The worker {worker} has not renewed its lease for {seconds:g} s and is killed.", file=sys.stderr)  # noqa: T201
            os.kill(worker, signal.SIGKILL)
            return


def shared_time(*, counts_sleep: bool) -> float:
    """Seconds on the clock that a worker and its fence look at."""
    if counts_sleep and hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


if __name__ == "__main__":
    watch(int(sys.argv[1]), float(sys.argv[2]), counts_sleep=sys.argv[3] == "1")
