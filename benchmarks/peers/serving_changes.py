"""What changes while callers ask: a data plane that ends and comes back, an alias that moves."""

import os
import signal
import threading
import time
from collections.abc import Callable

import psutil
import urllib3
from peers.serving_contenders import Contender, wait_for_answer

from boathouse.testing import LocalBoathouse

CALLERS, PATIENCE_SECONDS, QUIET_SECONDS = 4, 60, 2.0


def start_to_first_answer(server: LocalBoathouse, ours: Contender, body: bytes) -> float:
    """Seconds from the start of the data plane, which is killed and started by the supervisor, to a prediction."""
    before = server.pids["data-plane"]
    os.kill(before, signal.SIGKILL)
    until = time.monotonic() + PATIENCE_SECONDS
    while (now := server.pids["data-plane"]) == before and time.monotonic() < until:
        time.sleep(0.01)
    wait_for_answer(ours.url, body, ours.headers, server.process)
    return time.time() - psutil.Process(now).create_time()


def move_alias(ours: Contender, body: bytes, move: Callable[[], object], version: str) -> tuple[float, int, int]:
    """Seconds until the last answer of another version was begun, answers meanwhile, and how many were none."""
    begun, lasts, counts, failed = [0.0], [0.0] * CALLERS, [0] * CALLERS, [0] * CALLERS
    stop = threading.Event()

    def ask(caller: int) -> None:
        pool = urllib3.PoolManager(retries=False)
        headers = {"content-type": "application/json", **ours.headers}
        while not stop.is_set():
            asked = time.monotonic()
            try:
                answer = pool.request("POST", ours.url, body=body, headers=headers, timeout=30)
                counts[caller] += 1
                failed[caller] += answer.status != 200
                if not answer.headers.get("x-served-by", "").endswith(f"@{version}"):
                    lasts[caller] = asked
            except urllib3.exceptions.HTTPError:
                failed[caller] += 1
            if counts[caller] % 50 == 0:
                pool.clear()  # another connection, perhaps to another worker

    threads = [threading.Thread(target=ask, args=(each,), daemon=True) for each in range(CALLERS)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    begun[0] = time.monotonic()
    move()
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and time.monotonic() - max(lasts) < QUIET_SECONDS:
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    return max(lasts) - begun[0], sum(counts), sum(failed)
