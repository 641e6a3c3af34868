"""Profile and drift beside bare DuckDB and those who do the same, each in a process of its own, results compared first.

    python benchmarks/profiles.py [--scale small|full] [--without-peers] [--wide]

Seconds are those of reading the files, profiling both sides and comparing them, without imports and connecting. A peak
is that of the whole process. Our session is a client of a running Boathouse. ``--wide`` runs the case of
evidentlyai/evidently#1526 alone, 3,000,000 rows of 1,000 columns.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.distance import jensenshannon
from table import section

PEERS = Path(__file__).parent / "peers"
sys.path.append(str(PEERS))

from contending import LIMIT_SECONDS, OURS, QUICK_SECONDS, REPEATS, Outcome, run  # noqa: E402
from profile_data import NUMBERS, blocks  # noqa: E402

from boathouse.foundation.names import TableName  # noqa: E402
from boathouse.foundation.rest import Connection  # noqa: E402
from boathouse.quality.distances import population_stability_index  # noqa: E402
from boathouse.quality.profiles.binning import joined_bins  # noqa: E402
from boathouse.session import Session  # noqa: E402
from boathouse.session.default import connected_session  # noqa: E402
from boathouse.testing import running_boathouse  # noqa: E402

BARE = "bare DuckDB aggregates"
PACKAGES = {
    "nannyml": ("nannyml==0.13.1", "pandas<3", "numpy<2", "statsmodels", "pyarrow<22"),
    "whylogs": ("whylogs[viz]==1.6.4", "pandas<2.3", "numpy<2", "pyarrow<22"),
    "evidently": ("evidently==0.7.23", "pandas<3", "pyarrow"),
}
NAMES = {"evidently": "Evidently, both presets", "whylogs": "whylogs", "nannyml": "NannyML, drift only"}
TIMES_BARE, PEAK_GB, TIMES_EVIDENTLY = 1.2, 0.8, 30
WIDE_ROWS, WIDE_COLUMNS, WIDE_SECONDS, WIDE_PEAK_GB = 3_000_000, 1_000, 600, 4
SCALES = {"full": 1, "small": 20}
HEADER = ("contender", "s", "times ours", "processor s", "times ours", "peak GB", "figures", "goal")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", choices=SCALES, default="full")
    parser.add_argument("--without-peers", action="store_true", help="only Boathouse and bare DuckDB")
    parser.add_argument("--wide", action="store_true", help="only the wide table")
    given = parser.parse_args()
    divisor = SCALES[given.scale]
    with tempfile.TemporaryDirectory() as name, running_boathouse(Path(name)) as server:
        session = connected_session(Connection(server.url, server.token))
        session.sql("CREATE SCHEMA dev.profiles")
        bench = Bench(Path(name), session, server.environment())
        if given.wide:
            bench.wide(WIDE_ROWS // divisor, WIDE_COLUMNS // (1 if divisor == 1 else 5))
            return
        peers = {} if given.without_peers else {NAMES[each]: peer(each) for each in PACKAGES}
        bench.side_by_side(10_000_000 // divisor, 1_000_000 // divisor, peers)
        if peers:
            bench.side_by_side(1_000_000 // divisor, 1_000_000 // divisor, {NAMES["evidently"]: peer("evidently")})


class Bench:
    """The runs, and the sections that they print."""

    def __init__(self, folder: Path, session: Session, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._session = session
        self._environment = environment

    def side_by_side(self, rows: int, baseline: int, peers: Mapping[str, list[str]]) -> None:
        plan = self._plan(rows, baseline, NUMBERS)
        commands = {OURS: ours("boathouse"), BARE: ours("duckdb"), **peers}
        outcomes = [Outcome(name, command) for name, command in commands.items()]
        figures = self._contend(outcomes, plan)
        check_distances(figures[OURS])
        for outcome in outcomes[1:]:
            outcome.rows = agreed(figures[OURS], figures.get(outcome.name, {}))
        goal = verdicts(outcomes, rows)
        shown = [(*row_of(each, outcomes[0]), goal.get(each.name, "")) for each in outcomes]
        title = f"Profile and drift: {rows:,} rows of 20 columns beside a baseline of {baseline:,}"
        print(section(title, HEADER, shown, NOTE + f" Load {os.getloadavg()[0]:.1f}."))

    def wide(self, rows: int, columns: int) -> None:
        plan = self._plan(rows, rows // 10, columns - 6)
        outcome = Outcome(OURS, ours("boathouse"))
        self._contend([outcome], plan)
        is_met = (outcome.median_seconds or 1e9) <= WIDE_SECONDS and (outcome.peak_gb or 1e9) <= WIDE_PEAK_GB
        row = (*row_of(outcome, outcome), f"{WIDE_SECONDS} s, {WIDE_PEAK_GB} GB: {met(is_met)}")
        title = f"A wide table: {rows:,} rows of {columns:,} columns beside a baseline of {rows // 10:,}"
        print(section(title, HEADER, [row], f"Load {os.getloadavg()[0]:.1f}."))

    def _plan(self, rows: int, baseline: int, numbers: int) -> Path:
        plan: dict[str, Any] = {"memory": "2GB"}
        for side, count, seed, shift in (("baseline", baseline, 1, 0.0), ("current", rows, 2, 0.1)):
            table = TableName("dev", "profiles", f"{side}_{rows}_{numbers}")
            for block in blocks(count, seed=seed, shift=shift, numbers=numbers):
                self._session.write_table(table, block)
            (opened,) = self._session.open_tables([table])
            plan |= {side: str(table), f"{side}_files": [file.path for file in opened.snapshot.files]}
        path = self._folder / f"plan_{rows}.json"
        path.write_text(json.dumps(plan))
        return path

    def _contend(self, outcomes: list[Outcome], plan: Path) -> dict[str, dict[str, Any]]:
        figures: dict[str, dict[str, Any]] = {}
        for turn in range(REPEATS):
            for outcome in outcomes:
                if turn and (outcome.stopped or (outcome.median_seconds or 0) >= QUICK_SECONDS):
                    continue
                result = self._folder / "result.json"
                result.unlink(missing_ok=True)
                run(outcome, plan, result, self._environment)
                told = outcome.stopped or f"{outcome.seconds[-1]:.1f} s, {outcome.cpu_seconds[-1]:.1f} cpu"
                print(f"  {outcome.name}: {told}", file=sys.stderr)
                if result.exists():
                    figures[outcome.name] = json.loads(result.read_text())
        return figures


NOTE = (
    "Compared first: counts, nulls, means, standard deviations, extremes, and Kolmogorov-Smirnov where a contender has "
    "them; our Jensen-Shannon distances with scipy's of the same histograms and the stability index with its "
    "definition, to 1e-6. Bare DuckDB is one SELECT of the same aggregates over the same files and a GROUP BY per "
    f"text; its bins are other quantiles. Medians of {REPEATS} where a run takes less than {QUICK_SECONDS} s; stopped "
    f"after {LIMIT_SECONDS} s."
)


def ours(contender: str) -> list[str]:
    return [sys.executable, str(PEERS / "profiles_ours.py"), contender]


def peer(name: str) -> list[str]:
    """The command of a peer in an environment of its own, made once in the folder ``BOATHOUSE_BENCH_PEERS``."""
    folder = Path(os.environ.get("BOATHOUSE_BENCH_PEERS", Path(tempfile.gettempdir()) / "boathouse-peers")) / name
    python, uv = folder / "bin" / "python", Path(sys.executable).with_name("uv")
    if not python.exists():
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *PACKAGES[name]], check=True)
    return [str(python), str(PEERS / "profiles_peers.py"), name]


def check_distances(found: dict[str, Any]) -> None:
    """Our figures beside scipy's, of the same histograms."""
    for name, row in found.items():
        if row["histogram"] is None:
            continue
        sides = joined_bins(*(np.array(row[key], np.float64) for key in ("histogram", "reference")))
        if abs(float(jensenshannon(*sides, base=2)) - row["js"]) > 1e-6:
            sys.exit(f"The Jensen-Shannon distance of {name} is not scipy's.")
        shares = [side / side.sum() for side in sides]
        index = float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum()) if np.all(sides) else None
        if index is not None and abs(index - row["psi"]) > 1e-6:
            sys.exit(f"The stability index of {name} is not that of its definition.")
        assert abs(population_stability_index(*sides) - row["psi"]) < 1e-9
        steps = np.cumsum(row["histogram"]) / sum(row["histogram"]) - np.cumsum(row["reference"]) / sum(
            row["reference"]
        )
        if abs(float(np.abs(steps).max()) - row["ks"]) > 1e-6:
            sys.exit(f"The Kolmogorov-Smirnov distance of {name} is not that of its histograms.")


def agreed(ours_found: dict[str, Any], theirs: dict[str, Any]) -> str:
    """How many of the figures that both have are the same; Kolmogorov-Smirnov to 0.02, by other bins or none."""
    same = total = 0
    for name in ours_found.keys() & theirs.keys():
        for key in ("count", "nulls", "mean", "stddev", "min", "max", "ks"):
            one, other = ours_found[name].get(key), theirs[name].get(key)
            if one is None or other is None:
                continue
            total += 1
            tolerance = 0.02 if key == "ks" else 1e-6 * max(1.0, abs(one))
            same += abs(one - other) <= tolerance
    return f"{same} of {total} equal" if total else "not compared"


def verdicts(outcomes: list[Outcome], rows: int) -> dict[str, str]:
    """What is said of the goals."""
    by_name = {each.name: each for each in outcomes}
    mine, bare, other = by_name[OURS], by_name[BARE], by_name.get(NAMES["evidently"])
    found: dict[str, str] = {}
    if mine.median_seconds and bare.median_seconds and mine.peak_gb:
        quick, small = mine.median_seconds <= TIMES_BARE * bare.median_seconds, mine.peak_gb <= PEAK_GB
        found[OURS] = f"{TIMES_BARE} times bare: {met(quick)}; {PEAK_GB} GB: {met(small)}"
    if other and other.median_seconds and mine.median_seconds and rows <= 1_000_000:
        times = other.median_seconds / mine.median_seconds
        found[other.name] = f"at least {TIMES_EVIDENTLY} times ours: {met(times >= TIMES_EVIDENTLY)}"
    return found


def row_of(each: Outcome, mine: Outcome) -> tuple[str, ...]:
    """Its costs beside ours."""
    return (
        each.name,
        each.stopped or figure(each.median_seconds),
        ratio(each.median_seconds, mine.median_seconds),
        figure(each.median_cpu_seconds),
        ratio(each.median_cpu_seconds, mine.median_cpu_seconds),
        figure(each.peak_gb, 2),
        each.rows,
    )


def met(is_met: bool) -> str:
    return "met" if is_met else "missed"


def figure(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def ratio(value: float | None, other: float | None) -> str:
    return f"{value / other:.2f}" if value and other else ""


if __name__ == "__main__":
    main()
