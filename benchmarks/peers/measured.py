"""One contender in a process of its own: how long its work took, and the peak of its memory. Standard library only."""

import json
import time
from collections.abc import Callable
from typing import Any


def measured(work: Callable[[], Any]) -> Any:
    """Do the work, print what it cost as one line of JSON, and give its result back."""
    begin, cpu_begin = time.perf_counter(), time.process_time()
    result = work()
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_gb": peak_gb()}), flush=True)
    return result


def peak_gb() -> float:
    """The most resident memory that this process has had, as Linux tells."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e9
