"""A query over a governed table beside bare DuckDB over the same Parquet files; and how quick a one-row query is.

The session is a client of a real control plane: each statement asks it over HTTP for names, privileges and audit, and
reports its lineage before the first row is seen. Bare DuckDB has one warm connection.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from table import section

from boathouse.foundation.rest import Connection
from boathouse.lake import open_snapshot
from boathouse.session.default import connected_session
from boathouse.session.session import Session
from boathouse.testing import running_boathouse

FILES, ROWS_PER_FILE = 8, 1_000_000
REPEATS = 7
SMALL_REPEATS = 60
TABLE = "dev.bench.trips"

LONG = """
    SELECT carrier, month, count(*) AS flights, avg(delay) AS mean_delay, stddev(distance) AS spread,
           count(DISTINCT tail) AS aircraft, sum(CASE WHEN delay > 15 THEN 1 ELSE 0 END) AS late
    FROM {table} WHERE delay > -30 GROUP BY carrier, month ORDER BY carrier, month
"""
ONE_ROW = "SELECT delay FROM {table} WHERE id = {row}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running_boathouse(Path(folder)) as server:
        session = connected_session(Connection(server.url, server.token))
        location = _written(session)
        paths = [file.path for file in open_snapshot(location).files]
        bare = duckdb.connect()
        source = f"read_parquet({paths})"

        contenders = {
            "bare DuckDB": lambda: bare.sql(LONG.format(table=source)).to_arrow_table(),
            "governed": lambda: session.sql(LONG.format(table=TABLE)).arrow(),
        }
        _require_equal(*(run() for run in contenders.values()))
        long = _side_by_side(contenders, REPEATS)
        rows = iter(range(10**6, 10**7, 101))
        small = _side_by_side(
            {
                "bare DuckDB": lambda: bare.sql(ONE_ROW.format(table=source, row=next(rows))).to_arrow_table(),
                "governed": lambda: session.sql(ONE_ROW.format(table=TABLE, row=next(rows))).arrow(),
            },
            SMALL_REPEATS,
        )
    _report(long, small)


def _written(session: Session) -> str:
    session.sql("CREATE SCHEMA dev.bench")
    for number in range(FILES):
        session.write_table(TABLE, _rows(number))
    return session.law.resolve_tables(session.principal, *_request()).pop().storage_location


def _request() -> Any:
    from boathouse.foundation.names import TableName
    from boathouse.session.law import Intent, Statement, TableRequest

    return [TableRequest(TableName.parse(TABLE), Intent.READ)], Statement("bench", "", "READ_TABLE")


def _rows(number: int) -> pa.Table:
    random = np.random.default_rng(number)
    count = ROWS_PER_FILE
    carriers = np.array(
        ["UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX", "FL", "AS", "F9", "YV", "HA", "OO"]
    )
    return pa.table(
        {
            "id": np.arange(number * count, (number + 1) * count),
            "carrier": carriers[random.integers(0, len(carriers), count)],
            "month": random.integers(1, 13, count).astype(np.int32),
            "delay": np.round(random.gamma(2.0, 12.0, count) - 20, 1),
            "distance": random.integers(80, 5000, count),
            "tail": [f"N{tail}" for tail in random.integers(0, 4000, count).tolist()],
            "fare": random.random(count) * 500,
        }
    )


def _side_by_side(contenders: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each run; the contenders take turns, so that noise meets them alike."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for run in [*contenders.values()] * 2:
        run()
    for _ in range(repeats):
        for name, run in contenders.items():
            begin = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - begin)
    return times


def _require_equal(one: pa.Table, other: pa.Table) -> None:
    for row, same in zip(one.to_pylist(), other.to_pylist(), strict=True):
        for value, twin in zip(row.values(), same.values(), strict=True):
            if value != twin and abs(float(value) - float(twin)) > 1e-6:
                sys.exit(f"The answers differ: {row} and {same}.")


def _report(long: dict[str, list[float]], small: dict[str, list[float]]) -> None:
    ratios = [governed / bare for governed, bare in zip(long["governed"], long["bare DuckDB"], strict=True)]
    figures = {
        "long_ratio": round(statistics.median(ratios), 3),
        "long_bare_s": round(statistics.median(long["bare DuckDB"]), 3),
        "long_governed_s": round(statistics.median(long["governed"]), 3),
        "one_row_p50_ms": round(statistics.median(small["governed"]) * 1000, 1),
        "one_row_p95_ms": round(statistics.quantiles(small["governed"], n=20)[-1] * 1000, 1),
        "one_row_bare_p50_ms": round(statistics.median(small["bare DuckDB"]) * 1000, 1),
        "load": round(os.getloadavg()[0], 1),
    }
    print(
        section(
            f"Governed query, {FILES * ROWS_PER_FILE:,} rows in {FILES} files",
            ["what", "bare DuckDB", "governed", "goal"],
            [
                ["aggregation, s", figures["long_bare_s"], figures["long_governed_s"], ""],
                ["governed / bare", "1", figures["long_ratio"], "1.1"],
                ["one row, p50 ms", figures["one_row_bare_p50_ms"], figures["one_row_p50_ms"], "60"],
                ["one row, p95 ms", "", figures["one_row_p95_ms"], ""],
            ],
            f"```json\n{json.dumps(figures)}\n```",
        )
    )


if __name__ == "__main__":
    main()
