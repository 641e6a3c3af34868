"""Point-in-time joins beside bare engines and Feast, each contender in a process of its own, results compared first.

    python benchmarks/point_in_time.py [--scale small|full] [--without-peers] [--without-large] [--data DIR]
    python benchmarks/point_in_time.py --generate DIR --scale small

Seconds are those of the join with all its reading and the making of the result, without imports and connecting; labels
are in memory in each contender's own kind (DuckDB reads their Parquet file). A peak is that of the whole process. Our
session is a client of a running Boathouse. Data in a folder given by ``--data`` is kept and used again.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from table import section

PEERS = Path(__file__).parent / "peers"
sys.path.append(str(PEERS))

from contending import HEADER, OURS, Outcome, bare, contend, feast, feast_python, table_rows  # noqa: E402
from feature_data import Shape, prepare  # noqa: E402

from boathouse.foundation.rest import Connection  # noqa: E402
from boathouse.session.default import connected_session  # noqa: E402
from boathouse.testing import LocalBoathouse, running_boathouse  # noqa: E402

SCALES = {"full": 1, "small": 20}
LABELS, ROWS, ENTITIES, FEATURES, TABLES = 1_000_000, 10_000_000, 1_000_000, 5, 3
LARGE = 10
"""How many times the rows of a table the large table has."""
BARE = ("Polars", "DuckDB", "pandas")
SLOWER = {"Feast, its default store (Dask)": 12, "Feast on DuckDB": 3}
"""How many times faster than these we want to be."""
PEAK_GB, LARGE_PEAK_GB, LARGE_TIMES = 1.5, 3, 12

ONE_CLOCK = """
Bare Polars: streaming `join_asof` over `scan_delta`. Bare DuckDB: `ASOF LEFT JOIN` over the Parquet files. Bare pandas:
`merge_asof` of sorted frames. Feast reads the same files; its views have no TTL.
"""
TWO_CLOCKS = """
A value counts when it has happened and is known, and the latest event wins; one row of a hundred is a correction. No
bare engine has a join for that: a join as of `max(event, known)` alone is wrong, since a late value would hide a newer
one that came earlier. Shown is what can be done by hand: rows are dropped whose event is older than one of the same key
that was known before (a running maximum); then one ASOF join is right. Feast: `filter_by_created_timestamp`, which is
off by default.
"""
KEPT_LABELS = """
Feast's default store joins labels and values by key alone, then filters by time and TTL, and then keeps one row per key
and instant. So a label is lost when all values of its key are later than it, or older than the TTL; of labels without a
match only those stay whose key has no values at all. Equal rows become one. This is why it gives back fewer rows than
labels: without a TTL those before the first value of their key are missing, with a short one many more. Its DuckDB
store joins back to the labels and keeps them all. With two clocks (``filter_by_created_timestamp``), some labels
of the default store get null or an older version; why was not looked into.
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", choices=SCALES, default="full")
    parser.add_argument("--generate", type=Path, help="only write the data into this folder")
    parser.add_argument("--data", type=Path, help="a folder that keeps the data")
    parser.add_argument("--without-peers", action="store_true", help="leave Feast out")
    parser.add_argument("--without-large", action="store_true", help="leave the large table out")
    given = parser.parse_args()
    divisor, large = SCALES[given.scale], not given.without_large
    if given.generate:
        with home_with_data(given.generate, divisor, large=large):
            return
    with (
        nullcontext(str(given.data)) if given.data else tempfile.TemporaryDirectory() as name,
        home_with_data(Path(name), divisor, large=large) as server,
    ):
        bench = Bench(Path(name), server.environment(), divisor, with_peers=not given.without_peers)
        bench.one_clock()
        bench.two_clocks()
        if large:
            bench.large()
    if not given.without_peers:
        kept_labels()


class Bench:
    """The runs, and the sections that they print."""

    def __init__(self, folder: Path, environment: dict[str, str], divisor: int, *, with_peers: bool) -> None:
        self._folder = folder
        self._environment = environment
        self._divisor = divisor
        self._commands = {OURS: bare("boathouse")} | {f"bare {name}": bare(name.lower()) for name in BARE}
        if with_peers:
            kinds = zip(SLOWER, ("dask", "duckdb"), strict=True)
            self._commands |= {name: feast(kind) for name, kind in kinds}

    def one_clock(self) -> None:
        found = self._contend("one", self._commands)
        self._print("Point-in-time join", found, ONE_CLOCK)

    def two_clocks(self) -> None:
        found = self._contend("two", self._commands)
        self._print("Point-in-time join with two clocks", found, TWO_CLOCKS)

    def large(self) -> None:
        commands = {name: self._commands[name] for name in (OURS, "bare Polars")}
        single, large = self._contend("single", commands), self._contend("large", commands)
        rows = [
            (small.name, *map(_figure, (small.median_seconds, small.median_cpu_seconds, small.peak_gb)),
             big.stopped or _figure(big.median_seconds), *map(_figure, (big.median_cpu_seconds, big.peak_gb)),
             big.rows, *_growth(small, big))
            for small, big in zip(single, large, strict=True)
        ]  # fmt: skip
        rows_small = ROWS // self._divisor
        title = (
            f"One table of {LARGE * rows_small:,} rows beside one of {rows_small:,}, {LABELS // self._divisor:,} labels"
        )
        costs = ("s", "processor s", "peak GB")
        header = (
            "contender",
            *(f"{size}, {cost}" for size in ("small", "large") for cost in costs),
            "rows",
            "times",
            "goal",
        )
        print(section(title, header, rows, f"Load {os.getloadavg()[0]:.1f}."))

    def _contend(self, run: str, commands: dict[str, list[str]]) -> list[Outcome]:
        print(run, file=sys.stderr)
        return contend(commands, self._folder / f"{run}.json", self._environment, self._folder)

    def _print(self, what: str, found: list[Outcome], note: str) -> None:
        labels, rows, entities = (count // self._divisor for count in (LABELS, ROWS, ENTITIES))
        title = f"{what}: {labels:,} labels, {TABLES} tables of {rows:,} rows and a static one"
        shape = f"{entities:,} keys, {FEATURES} doubles per table, one year in 10 commits. "
        verdict = goal_of(found)
        load = f" Medians of 3 where a run takes less than 20 s. Load {os.getloadavg()[0]:.1f}."
        print(section(title, HEADER, table_rows(found, verdict), shape + note.strip().replace("\n", " ") + load))


def goal_of(found: list[Outcome]):
    """What is said of the goal beside each contender."""
    bare_times = [each.median_seconds for each in found if each.name.startswith("bare") and each.median_seconds]

    def verdict(each: Outcome, ours: Outcome) -> str:
        if each is ours:
            quick = (ours.median_seconds or 0) <= min(bare_times, default=float("inf"))
            small = (ours.peak_gb or 0) <= PEAK_GB
            return f"as the best bare: {_met(quick)}; peak {PEAK_GB} GB: {_met(small)}"
        if each.name in SLOWER and each.median_seconds and ours.median_seconds:
            return f"{SLOWER[each.name]} times: {_met(each.median_seconds >= SLOWER[each.name] * ours.median_seconds)}"
        return ""

    return verdict


def kept_labels() -> None:
    """Which labels Feast gives back, by six of them."""
    command = [feast_python(), str(PEERS / "feast_kept_labels.py")]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env=clean, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    found: dict[str, dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    cases = list(next(iter(found.values())))
    rows = [(case, *(fates[case] for fates in found.values())) for case in cases]
    header = (
        "label",
        *(f"{name} days" if not name.endswith(" 0") else name.replace(" 0", " no TTL") for name in found),
    )
    print(section("Which labels Feast gives back", header, rows, KEPT_LABELS.strip()))


def shapes(divisor: int) -> dict[str, list[Shape]]:
    """The tables of each run."""
    rows, entities = ROWS // divisor, ENTITIES // divisor
    one = [Shape(f"t{number}", rows, entities, FEATURES) for number in range(1, TABLES + 1)]
    two = [replace(shape, name=f"k{number}", has_known_time=True) for number, shape in enumerate(one, 1)]
    static = Shape("s", entities, entities, FEATURES, is_static=True)
    large = replace(one[0], name="large", rows=LARGE * rows, blocks=10 * LARGE)
    return {"one": [*one, static], "two": [*two, static], "single": one[:1], "large": [large]}


@contextmanager
def home_with_data(folder: Path, divisor: int, *, large: bool) -> Generator[LocalBoathouse]:
    """A running Boathouse with the tables in its home, written where they are not there; plans lie beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = shapes(divisor)
    if not large:
        del runs["large"]
    with running_boathouse(folder) as server:
        session = connected_session(Connection(server.url, server.token))
        prepare(folder, session, runs, LABELS // divisor)
        yield server


def _growth(small: Outcome, big: Outcome) -> tuple[str, str]:
    if not (small.median_seconds and big.median_seconds):
        return "", ""
    times = big.median_seconds / small.median_seconds
    if small.name != OURS:
        return _figure(times), ""
    return _figure(times), (
        f"{LARGE_TIMES} times: {_met(times <= LARGE_TIMES)}; "
        f"{LARGE_PEAK_GB} GB: {_met((big.peak_gb or 0) <= LARGE_PEAK_GB)}"
    )


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _met(is_met: bool) -> str:
    return "met" if is_met else "missed"


if __name__ == "__main__":
    main()
