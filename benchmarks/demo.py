"""How long the demo takes, whole and `FAST=1`, each on a home of its own; without what is installed first.

Beside it the processor time that a new process takes to import MLflow, which the demo's processes do again and again: a
measure of the machine on that day.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from peers.serving_contenders import free_port
from table import section

DEMO = Path(__file__).parents[1] / "examples" / "flights" / "demo.py"
GOALS = {"1": ("`make demo FAST=1`", 180), "": ("`make demo`", 360)}
STEP = re.compile(r"^✓ \S+ +(?P<what>.+?) +(?P<seconds>\d+\.\d) s\b", re.MULTILINE)
KINDS = {
    "training": "trainings", "gates": "gates", "until": "stretches of the year", "canary": "canaries",
    "features": "features", "shadow": "shadows",
}  # fmt: skip


def main() -> None:
    rows: list[list[str]] = []
    for fast, (name, goal) in GOALS.items():
        before = importing()
        taken, said = lived(fast)
        reference = (before + importing()) / 2
        rows.append([name, f"{taken:.0f}", str(goal), f"{reference:.2f}", f"{taken / reference:.0f}", told(said)])
    head = ["", "s", "goal", "import of MLflow, s", "ratio", "its steps, some of which go side by side"]
    print(section("The demo, on a home of its own", head, rows))


def importing() -> float:
    """Seconds of processor time that an import of MLflow takes in a new process, the least of some."""
    text = "import time, mlflow.pyfunc; print(time.process_time())"
    found = [subprocess.run([sys.executable, "-c", text], capture_output=True, text=True).stdout for _ in range(5)]
    return min(float(each.splitlines()[-1]) for each in found)


def lived(fast: str) -> tuple[float, str]:
    """Seconds from the command to its end, and what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"BOATHOUSE_HOME": f"{folder}/.boathouse", "BOATHOUSE_PORT": "0", "FAST": fast}
        environment = {**os.environ, **own, "BOATHOUSE_SERVING_PORT": str(free_port())}
        began = time.perf_counter()
        done = subprocess.run([sys.executable, DEMO], env=environment, capture_output=True, text=True)
        taken = time.perf_counter() - began
        subprocess.run([sys.executable, "-m", "boathouse", "down"], env=environment, capture_output=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return taken, done.stdout


def told(said: str) -> str:
    """How many steps of a kind there were, and how long they took together."""
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for step in STEP.finditer(said):
        kind = next((each for each in KINDS if step["what"].startswith(each)), None)
        if kind is not None:
            found[kind].append(float(step["seconds"]))
    return "; ".join(f"{len(each)} {KINDS[kind]} {sum(each):.0f} s" for kind, each in found.items() if each)


if __name__ == "__main__":
    main()
