"""How long `boathouse up` takes until REST, MLflow and an endpoint answer, its idle memory, and what imports and help
cost.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from pathlib import Path

import psutil
import serving
from peers.serving_contenders import free_port, wait_for_answer
from table import section

from boathouse.foundation.home import Home
from boathouse.testing import LocalBoathouse

REPEATS = 5
IDLE_SECONDS = 10
ENDPOINT = "delay"
CAPTURE = {"catalog_name": "dev", "schema_name": "bench", "table_name_prefix": ENDPOINT, "enabled": True}
ROW = json.dumps({"dataframe_split": {"columns": [f"f{at}" for at in range(serving.COLUMNS)],
                                      "data": [[0.5] * serving.COLUMNS]}}).encode()  # fmt: skip


def main() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    rows = [
        ["python -c pass", seconds([sys.executable, "-c", "pass"], environment), ""],
        ["import boathouse", seconds([sys.executable, "-c", "import boathouse"], environment), "0.150"],
        [
            "boathouse --help",
            seconds([str(Path(sys.executable).with_name("boathouse")), "--help"], environment),
            "0.250",
        ],
    ]
    with tempfile.TemporaryDirectory() as folder:
        environment["BOATHOUSE_HOME"] = f"{folder}/home"
        environment["BOATHOUSE_SERVING_PORT"] = str(free_port())
        first, _ = start(environment)
        stop(environment)
        warm, server = start(environment)
        time.sleep(IDLE_SECONDS)
        memory = resident(Path(folder) / "home")
        serve(server)
        stop(environment)
        answering = statistics.median(start_to_answer(environment) for _ in range(REPEATS))
    rows += [
        ["up, first start: REST answers", f"{first['rest']:.2f}", ""],
        ["up, warm: REST answers", f"{warm['rest']:.2f}", "3"],
        ["up, warm: MLflow answers", f"{warm['mlflow']:.2f}", "8"],
        ["up, warm: an endpoint answers", f"{answering:.2f}", "4"],
    ]
    print(section("Start-up", ["what", "s", "goal"], rows))
    total = sum(memory[name] for name in ("control-plane", "worker"))
    rows = [[name, f"{megabytes:.0f}", ""] for name, megabytes in memory.items()]
    rows.append(["control plane and worker", f"{total:.0f}", "450"])
    print(section(f"Idle memory, {IDLE_SECONDS} s after start", ["process", "MB resident", "goal"], rows))


def seconds(command: list[str], environment: dict[str, str]) -> str:
    times: list[float] = []
    for _ in range(REPEATS + 1):
        begin = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        times.append(time.perf_counter() - begin)
    return f"{statistics.median(times[1:]):.3f}"


def start(environment: dict[str, str]) -> tuple[dict[str, float], LocalBoathouse]:
    """Seconds from the command to the first good answer of REST and of MLflow."""
    begin = time.perf_counter()
    server = up(environment)
    token_file, run_file = server.home.token_file, server.home.run_file
    answers: dict[str, float] = {}
    paths = {"rest": "/api/2.1/unity-catalog/catalogs", "mlflow": "/api/2.0/mlflow/experiments/get?experiment_id=0"}
    while len(answers) < len(paths):
        if server.process.poll() is not None or time.perf_counter() - begin > 60:
            sys.exit("boathouse up did not start")
        time.sleep(0.02)
        if not (run_file.exists() and token_file.exists()):
            continue
        url, token = json.loads(run_file.read_text())["url"], token_file.read_text().strip()
        for name, path in paths.items():
            if name not in answers and is_good(f"{url}{path}", token):
                answers[name] = time.perf_counter() - begin
    return answers, server


def serve(server: LocalBoathouse) -> None:
    """A model, and an endpoint that has answered once."""
    warnings.simplefilter("ignore")
    server.client().post("/api/2.1/unity-catalog/schemas", {"name": "bench", "catalog_name": "dev"})
    version = serving.register(serving.booster_of(server.home.root.parent, 1), server)
    entity = {"name": "delay", "entity_name": serving.MODEL, "entity_version": str(version)}
    config = {"served_entities": [entity], "auto_capture_config": CAPTURE}
    server.client().post("/api/2.0/serving-endpoints", {"name": ENDPOINT, "config": config})
    until_answered(server)


def start_to_answer(environment: dict[str, str]) -> float:
    """Seconds from the command to the first prediction."""
    begin = time.perf_counter()
    server = up(environment)
    until_answered(server)
    taken = time.perf_counter() - begin
    stop(environment)
    return taken


def until_answered(server: LocalBoathouse) -> None:
    while server.home.running() is None:
        if server.process.poll() is not None:
            sys.exit("boathouse up did not start")
        time.sleep(0.01)
    url = f"{server.serving_url}/serving-endpoints/{ENDPOINT}/invocations"
    wait_for_answer(url, ROW, {"authorization": f"Bearer {server.token}"}, server.process)


def up(environment: dict[str, str]) -> LocalBoathouse:
    """A Boathouse that begins."""
    command = [sys.executable, "-m", "boathouse", "up", "--port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return LocalBoathouse(Home(Path(environment["BOATHOUSE_HOME"])), process)


def is_good(url: str, token: str) -> bool:
    try:
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status == 200
    except OSError:
        return False


def stop(environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-m", "boathouse", "down"], env=environment, check=True, capture_output=True)


def resident(home: Path) -> dict[str, float]:
    """Megabytes of each process with its children."""
    result: dict[str, float] = {}
    for name, pid in json.loads((home / "run.json").read_text())["pids"].items():
        process = psutil.Process(pid)
        family = [process] if name == "supervisor" else [process, *process.children(recursive=True)]
        result[name] = sum(member.memory_info().rss for member in family) / 2**20
    return result


if __name__ == "__main__":
    main()
