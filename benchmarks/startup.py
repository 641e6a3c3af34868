"""How long `boathouse up` takes until REST and MLflow answer, its idle memory, and what imports and help cost."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil
from table import section

REPEATS = 5
IDLE_SECONDS = 10


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
        first = start(environment)
        stop(environment)
        warm = start(environment)
        time.sleep(IDLE_SECONDS)
        memory = resident(Path(folder) / "home")
        stop(environment)
    rows += [
        ["up, first start: REST answers", f"{first['rest']:.2f}", ""],
        ["up, warm: REST answers", f"{warm['rest']:.2f}", "3"],
        ["up, warm: MLflow answers", f"{warm['mlflow']:.2f}", "8"],
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


def start(environment: dict[str, str]) -> dict[str, float]:
    """Seconds from the command to the first good answer of REST and of MLflow."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "boathouse", "up", "--port", "0"], env=environment, stderr=subprocess.DEVNULL
    )
    home = Path(environment["BOATHOUSE_HOME"])
    token_file, run_file = home / "token", home / "run.json"
    answers: dict[str, float] = {}
    paths = {"rest": "/api/2.1/unity-catalog/catalogs", "mlflow": "/api/2.0/mlflow/experiments/get?experiment_id=0"}
    while len(answers) < len(paths):
        if process.poll() is not None or time.perf_counter() - begin > 60:
            sys.exit("boathouse up did not start")
        time.sleep(0.02)
        if not (run_file.exists() and token_file.exists()):
            continue
        url, token = json.loads(run_file.read_text())["url"], token_file.read_text().strip()
        for name, path in paths.items():
            if name not in answers and is_good(f"{url}{path}", token):
                answers[name] = time.perf_counter() - begin
    return answers


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
