"""Graphs of jobs: time per empty task beside Prefect and Dagster, and what large graphs and many runs cost.

    python benchmarks/jobs_graph.py [--repeats 5] [--without-peers]

The peers are installed by ``uv`` into folders of their own, each run by its own Python (``benchmarks/peers/``). They
have two ways to run a task, and both are shown: within one process that is warm already, where a task is a function
call with bookkeeping, and as they run what is deployed: Prefect starts a process for each run, Dagster one for each
task (measured once, since that takes seconds). A task of Boathouse is always a process of its own, with a token, a log,
limits and durable state. Our times end where the run says that it has ended: we look for that from time to time, since
looking takes the processors that the tasks run on.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from table import section

from boathouse.foundation.rest import RestClient
from boathouse.testing import running_boathouse

PEERS = Path(__file__).parent / "peers"
PACKAGES = {"prefect": ["prefect", "fastapi<0.120"], "dagster": ["dagster"]}
CHAIN, FAN, LARGE, STORED = 10, 50, 3000, 10_000
API = "/api/2.2/jobs"
_LOOK_SECONDS = 0.1
_PEER_SECONDS = 600
"""A peer that takes longer is left out, and that is said."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--without-peers", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with running_boathouse(Path(folder) / "home") as server:
            bench = Bench(server.client(), Path(folder), given.repeats)
            ours = {"Boathouse, a process for each task": bench.per_task()}
            first_line = bench.first_line(server.home.runs)
            large = bench.large_graph()
            many = bench.many_runs()
        peers = {} if given.without_peers else peer_figures(Path(folder), given.repeats)
    rows = [
        (name, *(f"{statistics.median(values[shape]):.0f}" if values else "" for shape in ("chain", "fan")))
        for name, values in {**ours, **peers}.items()
    ]
    note = "Median ms per task, from the trigger to the run's end. Goal: half of the better peer's."
    print(section(f"Empty tasks: a chain of {CHAIN}, {FAN} side by side", ("", "chain", "fan-out"), rows, note))
    print(section("From the trigger to the task's first line", ("p50 ms", "p90 ms", "goal p50"),
                  [(*figures(first_line), "400")]))  # fmt: skip
    print(section(f"A graph of {LARGE} tasks, {STORED} stored runs", ("what", "p50 ms", "p99 ms", "goal p99"),
                  [(name, *percentiles(values), goal) for name, values, goal in (*large, *many)]))  # fmt: skip


class Bench:
    """Measures over REST, as a client sees it."""

    def __init__(self, client: RestClient, folder: Path, repeats: int) -> None:
        self._client = client
        self._repeats = repeats
        empty = folder / "empty.py"
        empty.touch()
        (folder / "now.py").write_text("import time\nprint(time.time())\n")
        self._empty = {"spark_python_task": {"python_file": str(empty)}}
        self._now = {"spark_python_task": {"python_file": str(folder / "now.py")}}

    def per_task(self) -> dict[str, list[float]]:
        chain = self._create([self._task(number, [number - 1] if number else []) for number in range(CHAIN)])
        fan = self._create([self._task(number, []) for number in range(FAN)])
        self._run(chain)  # the first run finds cold files
        found: dict[str, list[float]] = {"chain": [], "fan": []}
        for _ in range(self._repeats):
            found["chain"].append(self._run_milliseconds(chain) / CHAIN)
            found["fan"].append(self._run_milliseconds(fan) / FAN)
        return found

    def first_line(self, runs: Path) -> list[float]:
        """From just before the request to what the task says the time is."""
        job_id = self._create([{"task_key": "now", **self._now}])
        found: list[float] = []
        for _ in range(4 * self._repeats):
            begun = time.time()
            run_id = self._run(job_id)
            found.append((float((runs / str(run_id) / "now" / "0.log").read_text()) - begun) * 1000)
        return found

    def large_graph(self) -> list[tuple[str, list[float], str]]:
        tasks = [
            self._task(number, [number - 1, number - 2] if number % 3 == 2 else []) | {"disabled": number % 100 != 0}
            for number in range(LARGE)
        ]
        begun = time.perf_counter()
        job_id = self._create(tasks)
        created = (time.perf_counter() - begun) * 1000
        reset = self._times(1, lambda: self._client.post(f"{API}/reset", {
            "job_id": job_id, "new_settings": {"name": "large", "tasks": tasks}}))  # fmt: skip
        begun = time.perf_counter()
        run_id = self._run(job_id)
        ran = (time.perf_counter() - begun) * 1000
        page = self._times(100, lambda: self._client.get(f"{API}/runs/get", run_id=run_id))
        return [
            ("create", [created], ""),
            ("reset", reset, ""),
            (f"run it, {LARGE // 100} tasks of it as processes", [ran], ""),
            ("first page of its state", page, ""),
        ]

    def many_runs(self) -> list[tuple[str, list[float], str]]:
        """Runs that were skipped are stored as any others are."""
        job_id = self._create([self._task(0, [])], max_concurrent_runs=0)
        for _ in range(STORED):
            self._client.post(f"{API}/run-now", {"job_id": job_id})
        of_job = self._times(200, lambda: self._client.get(f"{API}/runs/list", job_id=job_id, limit=25))
        of_all = self._times(200, lambda: self._client.get(f"{API}/runs/list", limit=25))
        return [("list of a job's runs", of_job, "100"), ("list of all runs", of_all, "100")]

    def _task(self, number: int, after: Sequence[int]) -> dict[str, Any]:
        return {
            "task_key": f"t{number}",
            "depends_on": [{"task_key": f"t{each}"} for each in after],
            **self._empty,
        }

    def _create(self, tasks: list[dict[str, Any]], **more: Any) -> int:
        return self._client.post(f"{API}/create", {"name": "bench", "tasks": tasks, **more})["job_id"]

    def _run(self, job_id: int) -> int:
        return self._ended(job_id)["run_id"]

    def _run_milliseconds(self, job_id: int) -> float:
        """From just before the request to the end that the run was given; one machine, one clock."""
        begun = time.time() * 1000
        return self._ended(job_id)["end_time"] - begun

    def _ended(self, job_id: int) -> dict[str, Any]:
        run_id = self._client.post(f"{API}/run-now", {"job_id": job_id})["run_id"]
        while not (run := self._client.get(f"{API}/runs/get", run_id=run_id))["end_time"]:
            time.sleep(_LOOK_SECONDS)
        assert run["state"]["result_state"] == "SUCCESS", run["state"]
        return run

    def _times(self, count: int, do: Callable[[], object]) -> list[float]:
        return [self._milliseconds(do) for _ in range(count)]

    @staticmethod
    def _milliseconds(do: Callable[[], object]) -> float:
        begun = time.perf_counter()
        do()
        return (time.perf_counter() - begun) * 1000


def peer_figures(folder: Path, repeats: int) -> dict[str, dict[str, list[float]]]:
    """What each peer's script prints: milliseconds per task by way and shape."""
    found: dict[str, dict[str, list[float]]] = {}
    for name, packages in PACKAGES.items():
        environment = folder / name
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, environment], check=True)
        python = environment / "bin" / "python"
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *packages], check=True)
        home = folder / f"{name}-home"
        (home / ".prefect").mkdir(parents=True)
        own = {"HOME": str(home), "PREFECT_HOME": str(home / ".prefect"), "PREFECT_LOGGING_LEVEL": "ERROR",
               "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300", "DO_NOT_TRACK": "1",
               "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_API_REQUEST_TIMEOUT": "300"}  # fmt: skip
        command = [str(python), str(PEERS / f"{name}_graph.py"), str(CHAIN), str(FAN), str(repeats)]
        found |= told_by(name, command, {**os.environ, **own})
    return found


def told_by(name: str, command: list[str], environment: dict[str, str]) -> dict[str, dict[str, list[float]]]:
    """What a peer's script says last. It has a group of its own, since a peer may leave processes behind."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        ) as process,
    ):
        try:
            output, _ = process.communicate(timeout=_PEER_SECONDS)
        except subprocess.TimeoutExpired:
            print(f"{name} has not finished within {_PEER_SECONDS} s.", file=sys.stderr)
            return {f"{name}, not finished within {_PEER_SECONDS} s": {}}
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{name} failed:\n{errors.read().decode(errors='replace')[-4000:]}")
    return json.loads(output.splitlines()[-1])


def figures(values: list[float]) -> tuple[str, str]:
    return f"{statistics.median(values):.0f}", f"{statistics.quantiles(values, n=10)[-1]:.0f}"


def percentiles(values: list[float]) -> tuple[str, str]:
    ordered = sorted(values)
    return f"{statistics.median(ordered):.0f}", f"{ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]:.0f}"


if __name__ == "__main__":
    main()
