"""Logging runs with MLflow's client: through Boathouse, through one plain MLflow worker, through `mlflow server`.

    python benchmarks/mlflow_logging.py [--runs 1000] [--rounds 5]

Each run is 17 requests: create, 5 parameters, 10 metrics, end. The contenders take turns, round by round, so that the
machine's moods fall on all of them. Boathouse works with everything on: authentication by a task's token, grants,
audit, context. The plain worker is `uvicorn --workers 1` over MLflow's application with the same SQLite journal mode.
"""

import argparse
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from table import section

START_SECONDS = 180

CLIENT = """\
import sys, time
from mlflow import MlflowClient
client = MlflowClient()
name, runs = sys.argv[1], int(sys.argv[2])
found = client.get_experiment_by_name(name)
experiment = found.experiment_id if found else client.create_experiment(name)
client.set_terminated(client.create_run(experiment).info.run_id)
begun = time.perf_counter()
for number in range(runs):
    run = client.create_run(experiment).info.run_id
    for index in range(5):
        client.log_param(run, f"parameter_{index}", index)
    for index in range(10):
        client.log_metric(run, f"metric_{index}", index / 10)
    client.set_terminated(run)
print(time.perf_counter() - begun)
"""


@dataclass
class Contender:
    """A server to log to."""

    name: str
    url: str
    token: str
    folder: Path
    process: subprocess.Popen[bytes]
    start_seconds: float
    memory_mb: float = 0.0
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def log(self, runs: int) -> None:
        environment = {**os.environ, "MLFLOW_TRACKING_URI": self.url, "MLFLOW_DISABLE_TELEMETRY": "true"}
        environment.pop("MLFLOW_TRACKING_TOKEN", None)
        if self.token:
            environment["MLFLOW_TRACKING_TOKEN"] = self.token
        script = self.folder / "client.py"  # a file: MLflow's client looks for Spark under `python -c`
        script.write_text(CLIENT)
        before = cpu_of(self.process.pid)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(script), "benchmark", str(runs)],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        self.seconds.append(float(done.stdout.split()[-1]))
        self.cpu_seconds += cpu_of(self.process.pid) - before
        self.memory_mb = max(self.memory_mb, memory_of(self.process.pid))


def memory_of(pid: int) -> float:
    """Resident memory of a process and its children, in MB."""
    top = psutil.Process(pid)
    return sum(each.memory_info().rss for each in (top, *top.children(recursive=True))) / 2**20


def cpu_of(pid: int) -> float:
    """Processor seconds of a process and its children: what a busy machine changes least."""
    top = psutil.Process(pid)
    times = [each.cpu_times() for each in (top, *top.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_until(url: str, process: subprocess.Popen[bytes], token: str = "") -> None:
    """Wait until the server answers a search of experiments."""
    request = urllib.request.Request(f"{url}/api/2.0/mlflow/experiments/search?max_results=1")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{process.args} ended with {process.returncode}")
        try:
            urllib.request.urlopen(request, timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{url} did not start within {START_SECONDS} s")


@contextmanager
def started(
    name: str, command: list[str], port: int, folder: Path, token: str = "", **variables: str
) -> Iterator[Contender]:
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", **variables}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    begun = time.monotonic()
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(url, process, token)
        yield Contender(name, url, token, folder, process, time.monotonic() - begun)
    finally:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.terminate()
        for child in children:
            if child.is_running():
                child.terminate()
        process.wait(30)


def boathouse(folder: Path):
    """A control plane, and the token of a task."""
    from boathouse.foundation.context import TaskContext
    from boathouse.foundation.home import Home
    from boathouse.foundation.principals import SYSTEM
    from boathouse.foundation.settings import Settings
    from boathouse.wiring.control_plane import build_control_plane

    home, port = Home(folder / "home"), free_port()
    plane = build_control_plane(home, Settings(port=port))
    task = TaskContext(
        1, "benchmark", 1, "log", 1, bundle="benchmark", target="dev", git_commit="0" * 40, git_dirty=False
    )
    owner = plane.catalog.identities.authenticate(home.token() or "").principal.name
    token = plane.catalog.identities.issue_token(SYSTEM, owner, lifetime_seconds=36000, comment="benchmark", task=task)
    plane.close()
    command = [sys.executable, "-m", "boathouse.server", "--home", str(home.root)]
    return started("boathouse", command, port, folder, token.secret, BOATHOUSE_PORT=str(port))


def plain_worker(folder: Path):
    """MLflow's application in one uvicorn worker, its SQLite in the journal mode that Boathouse uses."""
    port, file = free_port(), folder / "plain.db"
    sqlite3.connect(file).execute("PRAGMA journal_mode=WAL").close()
    variables = {
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{file}",
        "_MLFLOW_SERVER_REGISTRY_STORE": f"sqlite:///{file}",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(folder / "plain"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    }
    command = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
               "--log-level", "warning", "mlflow.server.fastapi_app:app"]  # fmt: skip
    return started("one plain worker", command, port, folder, **variables)


def default_server(folder: Path):
    """`mlflow server` as people start it."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
               "--backend-store-uri", f"sqlite:///{folder / 'default.db'}",
               "--artifacts-destination", str(folder / "default")]  # fmt: skip
    return started("mlflow server", command, port, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--skip-default", action="store_true", help="leave out `mlflow server`")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mlflow-logging-"))
    try:
        results = measure(folder, options.runs, options.rounds, skip_default=options.skip_default)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report(results, options.runs)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


def measure(folder: Path, runs: int, rounds: int, *, skip_default: bool) -> dict[str, dict[str, float]]:
    """Two contenders at a time: a third server, idle or not, would take memory and processor from both."""
    share = max(1, runs // rounds)
    results: dict[str, dict[str, float]] = {}
    with boathouse(folder) as ours, plain_worker(folder) as plain:
        for number in range(rounds):
            for contender in (ours, plain) if number % 2 == 0 else (plain, ours):
                contender.log(share)
        results |= {each.name: figures(each, share) for each in (ours, plain)}
    if not skip_default:
        with default_server(folder) as default:
            default.log(max(1, runs // 10))
            results[default.name] = figures(default, max(1, runs // 10))
    return results


def figures(contender: Contender, share: int) -> dict[str, float]:
    return {
        "ms_per_run": 1000 * sum(contender.seconds) / (share * len(contender.seconds)),
        "best_round_ms_per_run": 1000 * min(contender.seconds) / share,
        "server_cpu_ms_per_run": 1000 * contender.cpu_seconds / (share * len(contender.seconds)),
        "start_seconds": contender.start_seconds,
        "memory_mb": contender.memory_mb,
    }


def report(results: dict[str, dict[str, float]], runs: int) -> None:
    ours = results["boathouse"]["ms_per_run"]
    goals = {"one plain worker": "1.15", "mlflow server": "0.5"}
    header = ["contender", "ms per run", "best round", "its CPU ms", "start s", "MB", "Boathouse / it", "goal"]
    rows = [
        [
            name,
            f"{row['ms_per_run']:.1f}",
            f"{row['best_round_ms_per_run']:.1f}",
            f"{row['server_cpu_ms_per_run']:.1f}",
            f"{row['start_seconds']:.1f}",
            f"{row['memory_mb']:.0f}",
            "" if name == "boathouse" else f"{ours / row['ms_per_run']:.2f}",
            goals.get(name, ""),
        ]
        for name, row in results.items()
    ]
    note = (
        "Every run of Boathouse's is a task's: authenticated, authorised, audited, with its context written down. "
        "`mlflow server` (four workers) logs a tenth of the runs. MLflow's SQLite is set as ours is (WAL) for all; "
        "Boathouse also sets `synchronous=NORMAL`, as for its own database."
    )
    print(section(f"MLflow client: {runs} runs x 15 values", header, rows, note))


if __name__ == "__main__":
    main()
