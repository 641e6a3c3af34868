"""Point-in-time joins beside bare engines and Feast, each contender in a process of its own, results compared first.

python benchmarks/point_in_time.py [--scale small|full] [--without-peers] [--without-large] [--data DIR]
python benchmarks/point_in_time.py --generate DIR --scale small
"""

import argparse
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
sys.path.append(str(PEERS))

from feature_data import Plan, Shape, plan_of, write_labels, write_table  # noqa: E402

from boathouse.foundation.rest import Connection  # noqa: E402
from boathouse.session.default import connected_session  # noqa: E402
from boathouse.testing import LocalBoathouse, running_boathouse  # noqa: E402

SCALES = {"full": 1, "small": 20}
LABELS, ROWS, ENTITIES, FEATURES, TABLES = 1_000_000, 10_000_000, 1_000_000, 5, 3
LARGE = 10
"""How many times the rows of a table the large table has."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", choices=SCALES, default="full")
    parser.add_argument("--generate", type=Path, help="only write the data into this folder")
    parser.add_argument("--with-large", action="store_true", help="with --generate: the large table too")
    given = parser.parse_args()
    if given.generate:
        with home_with_data(given.generate, SCALES[given.scale], large=given.with_large):
            return
    with tempfile.TemporaryDirectory() as folder:
        pass


def shapes(divisor: int) -> dict[str, list[Shape]]:
    """The tables of each run."""
    rows, entities = ROWS // divisor, ENTITIES // divisor
    one = [Shape(f"t{number}", rows, entities, FEATURES) for number in range(1, TABLES + 1)]
    two = [replace(shape, name=f"k{number}", has_known_time=True) for number, shape in enumerate(one, 1)]
    static = Shape("s", entities, entities, FEATURES, is_static=True)
    large = replace(one[0], name="large", rows=LARGE * rows, blocks=10 * LARGE)
    return {"one": [*one, static], "two": [*two, static], "single": one[:1], "large": [large]}


@contextmanager
def home_with_data(folder: Path, divisor: int, *, large: bool) -> Generator[tuple[LocalBoathouse, dict[str, Plan]]]:
    """A running Boathouse with the tables in its home, written if they are not there, and where their files are."""
    folder.mkdir(parents=True, exist_ok=True)
    labels, runs = folder / "labels.parquet", shapes(divisor)
    if not large:
        del runs["large"]
    with running_boathouse(folder) as server:
        session = connected_session(Connection(server.url, server.token))
        if not labels.exists():
            session.sql("CREATE SCHEMA dev.bench")
            write_labels(labels, LABELS // divisor, ENTITIES // divisor)
        there = {row["table_name"] for row in session.sql(
            "SELECT table_name FROM dev.information_schema.tables WHERE table_schema = 'bench'").arrow().to_pylist()}  # fmt: skip
        wanted = {shape.name: shape for run in runs.values() for shape in run}
        for seed, (name, shape) in enumerate(sorted(wanted.items())):
            if name not in there:
                print(f"writing {name} ...", file=sys.stderr, flush=True)
                write_table(session, shape, seed)
        plans = {name: plan_of(session, labels, run) for name, run in runs.items()}
        for name, plan in plans.items():
            plan.write(folder / f"{name}.json")
        yield server, plans


if __name__ == "__main__":
    main()
