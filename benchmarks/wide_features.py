"""Many features for few rows: the shape of feast-dev/feast#3003, where a join took half an hour and 50 GB.

    python benchmarks/wide_features.py [--without-peers]

17,000 labels, 10 tables of 17,000 rows with 100 features each, some 37 MB of files. The report does not say how many
keys there were; 100 are taken, so that each has 170 rows in a table.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from table import section

sys.path.append(str(Path(__file__).parent / "peers"))

from contending import HEADER, LIMIT_GB, LIMIT_SECONDS, OURS, Outcome, bare, contend, feast, table_rows
from feature_data import Shape, prepare

from boathouse.foundation.rest import Connection
from boathouse.session.default import connected_session
from boathouse.testing import running_boathouse

ROWS, TABLES, FEATURES, KEYS = 17_000, 10, 100, 100
LEVELS = 4_000
"""Different values of a feature, for files of the reported size."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--without-peers", action="store_true", help="leave Feast out")
    given = parser.parse_args()
    shapes = [
        Shape(f"w{number}", ROWS, KEYS, FEATURES, value_type="float32", levels=LEVELS, blocks=1)
        for number in range(1, TABLES + 1)
    ]
    commands = {OURS: bare("boathouse")} | {
        f"bare {name}": bare(name.lower()) for name in ("Polars", "DuckDB", "pandas")
    }
    if not given.without_peers:
        commands |= {"Feast, its default store (Dask)": feast("dask"), "Feast on DuckDB": feast("duckdb")}
    with tempfile.TemporaryDirectory() as name, running_boathouse(Path(name)) as server:
        folder = Path(name)
        prepare(folder, connected_session(Connection(server.url, server.token)), {"wide": shapes}, ROWS)
        megabytes = sum(file.stat().st_size for file in folder.glob(".boathouse/lake/**/*.parquet")) / 1e6
        found = contend(commands, folder / "wide.json", server.environment(), folder)
    title = (
        f"Wide features: {ROWS:,} labels, {TABLES} tables, {TABLES * FEATURES:,} features, {megabytes:.0f} MB of files"
    )
    note = (
        f"The shape of feast-dev/feast#3003, with {KEYS} keys of {ROWS // KEYS} rows each. Who takes more than "
        f"{LIMIT_SECONDS // 60} minutes or {LIMIT_GB} GB, or what the machine can spare, is stopped. "
        f"Load {os.getloadavg()[0]:.1f}."
    )
    print(section(title, HEADER[:-1], [row[:-1] for row in table_rows(found, _no_goal)], note))


def _no_goal(_each: Outcome, _ours: Outcome) -> str:
    return ""


if __name__ == "__main__":
    main()
