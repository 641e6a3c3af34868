"""Contenders side by side, each run in a process of its own; what they found is compared before times are shown."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

PEERS = Path(__file__).parent
FEAST = "feast[duckdb]==0.67.0"
OURS = "Boathouse"
REPEATS, QUICK_SECONDS = 3, 20
"""What takes longer is run once."""
LIMIT_SECONDS, LIMIT_GB = 600, 20
_LOOK_SECONDS = 0.2


@dataclass(slots=True)
class Outcome:
    """What the runs of a contender have cost."""

    name: str
    command: list[str]
    seconds: list[float] = field(default_factory=list[float])
    cpu_seconds: list[float] = field(default_factory=list[float])
    """Of all processors: what the work costs whatever else the machine does."""
    peaks: list[float] = field(default_factory=list[float])
    stopped: str = ""
    rows: str = ""
    """How its rows compare with ours."""
    wrong: int = 0

    @property
    def median_seconds(self) -> float | None:
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def median_cpu_seconds(self) -> float | None:
        return statistics.median(self.cpu_seconds) if self.cpu_seconds else None

    @property
    def peak_gb(self) -> float | None:
        return max(self.peaks) if self.peaks else None


def bare(name: str) -> list[str]:
    """The command of a contender that runs by our own Python."""
    return [sys.executable, str(PEERS / "bare_point_in_time.py"), name]


def feast(kind: str) -> list[str]:
    return [feast_python(), str(PEERS / "feast_point_in_time.py"), kind]


def feast_python() -> str:
    """The Python of an environment with Feast, made once in the folder ``BOATHOUSE_BENCH_PEERS``."""
    folder = Path(os.environ.get("BOATHOUSE_BENCH_PEERS", Path(tempfile.gettempdir()) / "boathouse-peers")) / "feast"
    python, uv = folder / "bin" / "python", Path(sys.executable).with_name("uv")
    if not python.exists():
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", python, FEAST], check=True)
    return str(python)


def contend(commands: Mapping[str, list[str]], plan: Path, environment: Mapping[str, str], folder: Path
) -> list[Outcome]:  # fmt: skip
    """All contenders, the first of them being the measure of the others; they take turns."""
    outcomes = [Outcome(name, command) for name, command in commands.items()]
    reference = folder / "reference.arrow"
    for turn in range(REPEATS):
        for outcome in outcomes:
            if turn and (outcome.stopped or (outcome.median_seconds or 0) >= QUICK_SECONDS):
                continue
            result = reference if outcome is outcomes[0] else folder / "result.arrow"
            print(f"  {outcome.name} ...", end=" ", file=sys.stderr, flush=True)
            run(outcome, plan, result, environment)
            print(
                outcome.stopped
                or f"{outcome.seconds[-1]:.1f} s, {outcome.cpu_seconds[-1]:.1f} cpu, {outcome.peaks[-1]:.2f} GB",
                file=sys.stderr,
            )
            if outcomes[0].stopped:
                sys.exit(f"{outcomes[0].name}, which the others are compared with, was {outcomes[0].stopped}.")
            if not turn and not outcome.stopped:
                compare(outcome, reference, result)
    return outcomes


def run(outcome: Outcome, plan: Path, result: Path, environment: Mapping[str, str]) -> None:
    """One run, ended when it takes too long or too much; the machine shall live."""
    clean = {
        name: value for name, value in environment.items() if name not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    }
    limit_gb = min(LIMIT_GB, 0.85 * _available_gb())
    with tempfile.TemporaryFile("w+") as errors, subprocess.Popen(
        [*outcome.command, str(plan), str(result)], env=clean, stdout=subprocess.PIPE, stderr=errors, text=True
    ) as process:  # fmt: skip
        begun = time.monotonic()
        while process.poll() is None:
            if time.monotonic() - begun > LIMIT_SECONDS:
                outcome.stopped = f"stopped after {LIMIT_SECONDS} s"
            elif _resident_gb(process.pid) > limit_gb:
                outcome.stopped = f"stopped at {limit_gb:.0f} GB after {time.monotonic() - begun:.0f} s"
            if outcome.stopped:
                process.kill()
                return
            time.sleep(_LOOK_SECONDS)
        assert process.stdout is not None
        output = process.stdout.read()
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{outcome.name} failed with code {process.returncode}:\n{errors.read()[-4000:]}")
    told = next(json.loads(line) for line in reversed(output.splitlines()) if line.startswith('{"seconds"'))
    outcome.seconds.append(told["seconds"])
    outcome.cpu_seconds.append(told["cpu_seconds"])
    outcome.peaks.append(told["peak_gb"])


def compare(outcome: Outcome, reference: Path, result: Path) -> None:
    """Whether a contender has our rows with our values; Feast's order is not looked at, that of others is."""
    ours, theirs = _read(reference), _read(result)
    total = ours.height
    if theirs.height != total:
        ours = ours.join(theirs.select("row"), on="row", how="semi", maintain_order="left")
    if ours.height != theirs.height or not ours["row"].equals(theirs["row"]):
        sys.exit(f"{outcome.name} has given other rows, or another order of them.")
    same = pl.Series([True]).new_from_index(0, ours.height)
    for name in ours.columns:
        same &= ours[name].eq_missing(theirs[name])
    outcome.wrong = int((~same).sum())
    lost = total - ours.height
    outcome.rows = "all equal" if not lost else f"{lost:,} of {total:,} lost"
    if outcome.wrong:
        outcome.rows = f"{outcome.wrong:,} wrong" + (f", {outcome.rows}" if lost else "")


def table_rows(outcomes: Sequence[Outcome], verdict: Callable[[Outcome, Outcome], str]) -> list[tuple[str, ...]]:
    """Name, seconds, times ours, peak, rows, and what is said of the goal."""
    ours = outcomes[0]
    return [
        (
            each.name,
            each.stopped or _shown(each.median_seconds, 1),
            _shown(each.median_seconds and ours.median_seconds and each.median_seconds / ours.median_seconds, 2),
            _shown(each.median_cpu_seconds, 1),
            _shown(each.peak_gb, 2),
            each.rows,
            verdict(each, ours),
        )
        for each in outcomes
    ]


HEADER = ("contender", "s", "times ours", "processor s", "peak GB", "rows", "goal")


def _read(file: Path) -> pl.DataFrame:
    frame = pl.read_ipc(file)
    values = sorted(name for name in frame.columns if "_f" in name)
    return frame.select("row", *(pl.col(name).fill_nan(None) for name in values))


def _shown(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _resident_gb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


def _available_gb() -> float:
    line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
    return int(line.split()[1]) * 1024 / 1e9
