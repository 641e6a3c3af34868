"""What a task costs that does nothing: from being runnable to its end being written down, process start included.

    python benchmarks/empty_task.py [--repeats 20]

A single task runs from ``run-now`` to the end of the run, so its figure holds the queue too; in a chain of ten a task
is runnable when the one before it has ended. Everything is on: tokens, grants, audit, durable steps, autologging's
hook. Beside it: starting the same interpreter on the same empty file, by hand, turn by turn.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from table import section

from boathouse.foundation.rest import RestClient
from boathouse.testing import running_boathouse

CHAIN = 10
POLL_SECONDS = 0.01


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=20)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as folder, running_boathouse(Path(folder)) as server:
        empty = Path(folder) / "empty.py"
        empty.touch()
        client = server.client()
        single, chain = _job(client, empty, 1), _job(client, empty, CHAIN)
        _run(client, chain)  # the first run finds cold files
        bare: list[float] = []
        alone: list[float] = []
        linked: list[float] = []
        for _ in range(repeats):
            bare.append(_bare(empty))
            run = _run(client, single)
            alone.append(run["end_time"] - run["start_time"])
        for _ in range(max(1, repeats // 5)):
            linked += _steps(_run(client, chain))
    rows = [
        ("python empty.py, by hand", bare),
        ("one task: run-now to the run's end", alone),
        (f"a task in a chain of {CHAIN}", linked),
    ]
    print(section(
        "Seconds per empty task",
        ("", "p50 ms", "p90 ms", "best ms"),
        [(name, *(f"{value:.0f}" for value in _figures(values))) for name, values in rows],
        note="Goal: at most 300 ms from being runnable to the end being written down.",
    ))  # fmt: skip


def _job(client: RestClient, file: Path, length: int) -> int:
    tasks = [
        {
            "task_key": f"t{number}",
            "spark_python_task": {"python_file": str(file)},
            "depends_on": [{"task_key": f"t{number - 1}"}] if number else [],
        }
        for number in range(length)
    ]
    return client.post("/api/2.2/jobs/create", {"name": f"empty {length}", "tasks": tasks})["job_id"]


def _run(client: RestClient, job_id: int) -> dict[str, Any]:
    run_id = client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"]
    while True:
        run = client.get("/api/2.2/jobs/runs/get", run_id=run_id)
        if run["end_time"]:
            assert run["state"]["result_state"] == "SUCCESS", run["state"]
            return run
        time.sleep(POLL_SECONDS)


def _steps(run: dict[str, Any]) -> list[float]:
    """Milliseconds from the end of each task to the end of the next."""
    ends = [task["end_time"] for task in run["tasks"]]
    return [after - before for before, after in pairwise(ends)]


def _bare(file: Path) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, str(file)], check=True)
    return (time.perf_counter() - begun) * 1000


def _figures(values: list[float]) -> tuple[float, float, float]:
    return statistics.median(values), statistics.quantiles(values, n=10)[-1], min(values)


if __name__ == "__main__":
    main()
