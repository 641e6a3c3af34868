# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""On-demand features of a request: a function in SQL and one in Python, beside DuckDB asked the same by hand.

    python benchmarks/on_demand.py [--seconds 2]

Milliseconds of a call that computes one column for all rows of a frame in memory, as a server does for each request.
"""

import argparse
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

import duckdb
import pyarrow as pa
from table import section

from boathouse.catalog import Function, Language, Parameter, Securable, SecurableKind
from boathouse.features.feature_spec import Computed
from boathouse.features.specs.functions import OnDemand
from boathouse.foundation.names import FunctionName
from boathouse.serving.fallback.lawless import session_without_law

ROWS = (1, 100, 10_000)
NOW = datetime(2013, 7, 1, 12, tzinfo=UTC)
BY_HAND = "SELECT (floor(epoch(until)) - floor(epoch(since))) / 60 AS minutes FROM given"
SQL, PYTHON, BARE = "Boathouse, SQL", "Boathouse, Python in a process of its own", "bare DuckDB, by hand"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each contender is asked")
    given = parser.parse_args()
    parameters = (Parameter("since", "timestamp"), Parameter("until", "timestamp"))
    bodies = {
        SQL: (Language.SQL, "(unix_seconds(until) - unix_seconds(since)) / 60"),
        PYTHON: (Language.PYTHON, "return (until - since).total_seconds() / 60"),
    }
    functions = {
        FunctionName("dev", "b", f"minutes_{number}"): Function(
            Securable("", SecurableKind.FUNCTION, f"dev.b.minutes_{number}", owner="bench"),
            language,
            parameters,
            "double",
            body,
        )
        for number, (language, body) in enumerate(bodies.values())
    }
    inputs = (("since", "since"), ("until", "until"))
    steps = {who: Computed(name, inputs, "minutes", "double") for who, name in zip(bodies, functions, strict=True)}
    lines: list[tuple[str, ...]] = []
    with OnDemand(session_without_law(), functions) as ready, duckdb.connect() as bare:

        def by_hand(frame: pa.Table) -> pa.ChunkedArray:
            bare.register("given", frame)
            return bare.sql(BY_HAND).to_arrow_table().column(0)

        ways: dict[str, Callable[[pa.Table], pa.ChunkedArray]] = {
            **{who: lambda frame, step=step: ready.apply(step, frame) for who, step in steps.items()},
            BARE: by_hand,
        }
        for rows in ROWS:
            frame = frame_of(rows)
            expected = [float(number) for number in range(rows)]
            for who, way in ways.items():
                assert way(frame).to_pylist() == expected, f"{who} gives other values"
            times = {who: times_of(way, frame, given.seconds) for who, way in ways.items()}
            for who, each in times.items():
                p50, p99 = median(each), quantiles(each, n=100)[-1]
                lines.append((who, f"{rows:,}", f"{p50:.2f}", f"{p99:.2f}", f"{p50 / median(times[BARE]):.2f}"))
    note = FOOT.format(os.getloadavg()[0])
    print(section("On-demand features: one column of a frame in memory", HEADER, lines, note))


HEADER = ("", "rows", "p50 ms", "p99 ms", "of bare DuckDB (p50)")
FOOT = (
    "Equal values everywhere. Ours has Databricks' rules of types and errors in its expression, is planned once, and "
    "gives rows back in their order; by hand it is planned each time, as DuckDB does it. Load {:.1f}."
)


def frame_of(rows: int) -> pa.Table:
    since = [NOW - timedelta(minutes=number) for number in range(rows)]
    kind = pa.timestamp("us", "UTC")
    return pa.table({"since": pa.array(since, kind), "until": pa.array([NOW] * rows, kind)})


def times_of(way: Callable[[pa.Table], object], frame: pa.Table, seconds: float) -> list[float]:
    """Milliseconds of each call."""
    found: list[float] = []
    ends = time.perf_counter() + seconds
    while len(found) < 100 or time.perf_counter() < ends:
        began = time.perf_counter_ns()
        way(frame)
        found.append((time.perf_counter_ns() - began) / 1e6)
    return found


if __name__ == "__main__":
    main()
