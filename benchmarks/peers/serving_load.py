"""One turn of wrk against one address: requests per second, latencies, and what a request costs the processors."""

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

_DONE = """
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"requests": %d, "us": %d, "refused": %d, "broken": %d, "p50": %f, "p99": %f}\\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn has found."""

    rate: float
    """Requests per second."""
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """Of all processors, for one request, by the processes that answer."""
    refused: int
    broken: int


def script(folder: Path, name: str, body: bytes, headers: Mapping[str, str]) -> Path:
    """What wrk sends."""
    lines = ['wrk.method = "POST"', f"wrk.body = [==[{body.decode()}]==]"]
    lines += [f'wrk.headers["{key}"] = "{value}"' for key, value in headers.items()]
    file = folder / f"{name}.lua"
    file.write_text("\n".join(lines) + _DONE)
    return file


def load(
    url: str, lua: Path, pids: Iterable[int], *, connections: int, seconds: float, settle: Callable[[], object]
) -> Turn:
    """
    Args:
        seconds: wrk takes whole ones.
        settle: Waits until all work that the requests have made is done; its processor time counts too.
    """
    processes = _family(pids)
    before = _cpu_seconds(processes)
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--timeout",
        "30s",
        "-s",
        str(lua),
        url,
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    settle()
    cost = _cpu_seconds(processes) - before
    told = json.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"requests"')))
    answered = max(told["requests"], 1)
    return Turn(
        told["requests"] / told["us"] * 1e6, told["p50"] / 1000, told["p99"] / 1000, cost / answered * 1e6,
        told["refused"], told["broken"],
    )  # fmt: skip


def _family(pids: Iterable[int]) -> list[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            found |= {each.pid: each for each in [process, *process.children(recursive=True)]}
        except psutil.NoSuchProcess:
            continue
    return list(found.values())


def _cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
