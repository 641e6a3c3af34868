"""Profile and drift by Boathouse and by bare DuckDB: ``profiles_ours.py boathouse|duckdb PLAN RESULT``.

Both read the same files of the same table, and give the same figures: per column how many values there are, their
moments and extremes, how many differ, frequent values, a histogram over the baseline's bins, and how far all that is
from the baseline. Bare DuckDB is what one would write by hand: one SELECT of aggregates, a GROUP BY per text.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measured import measured
from profile_data import read_plan

Work = Callable[[], dict[str, Any]]


def boathouse(plan: dict[str, Any]) -> Work:
    import polars  # noqa: F401
    import scipy.special  # noqa: F401

    from boathouse.foundation.names import TableName
    from boathouse.quality.profiles import ScanPlan, compare, figures, scan
    from boathouse.session import default_session

    session = default_session()

    def work() -> dict[str, Any]:
        baseline = _by_name(scan(session, ScanPlan(TableName.parse(plan["baseline"]))))
        edges = {name: row["edges"] for name, row in baseline.items() if row["edges"]}
        current = _by_name(scan(session, ScanPlan(TableName.parse(plan["current"]), edges=edges)))
        found: dict[str, Any] = {}
        for name, row in current.items():
            drift, known = compare(row, baseline[name]), figures(row)
            found[name] = {
                **_moments(known.count, known.num_nulls, known.avg, known.stddev, known.min, known.max),
                "distinct": known.distinct_count, "median": known.median, "edges": row["edges"],
                "histogram": row["histogram"], "reference": baseline[name]["histogram"],
                "psi": drift.population_stability_index, "js": drift.js_distance,
                "ks": drift.ks_test and drift.ks_test.statistic, "wasserstein": drift.wasserstein_distance,
                "top": row["items"][0] if row["items"] else None,
            }  # fmt: skip
        return found

    return work


def duckdb(plan: dict[str, Any]) -> Work:
    import duckdb as engine

    def work() -> dict[str, Any]:
        connection = engine.connect(config={"memory_limit": plan["memory"]})
        files = {name: f"read_parquet({plan[name + '_files']})" for name in ("baseline", "current")}
        shape = connection.execute(f"DESCRIBE SELECT * FROM {files['baseline']}").fetchall()
        numbers = [name for name, kind, *_ in shape if kind != "VARCHAR"]
        texts = [name for name, kind, *_ in shape if kind == "VARCHAR"]
        shares = ", ".join(str(each / 64) for each in range(1, 64))
        sampled = ", ".join(f"quantile_disc({name}::DOUBLE, [{shares}])" for name in numbers)
        quantiles = connection.execute(f"SELECT {sampled} FROM (FROM {files['baseline']} LIMIT 60000)").fetchall()[0]
        edges = {name: sorted(set(map(float, each))) for name, each in zip(numbers, quantiles, strict=True)}
        found = {name: _duckdb_side(connection, rows, numbers, texts, edges) for name, rows in files.items()}
        return _compared(found["current"], found["baseline"], edges)

    return work


def _duckdb_side(
    connection: Any, rows: str, numbers: list[str], texts: list[str], edges: dict[str, Any]
) -> dict[str, Any]:
    shown: list[str] = []
    for name in numbers:
        bins = ", ".join(f"{edge:.17e}" for edge in edges[name])
        shown += [f"{verb}({name}::DOUBLE)" for verb in ("avg", "stddev", "min", "max")]
        shown += [f"count({name})", f"count(*) - count({name})", f"count(*) FILTER ({name} = 0)"]
        shown += [f"count(*) FILTER (isnan({name}::DOUBLE))", f"approx_count_distinct({name})"]
        shown += [f"map_values(histogram({name}::DOUBLE, [{bins}]))"]
    values = list(connection.execute(f"SELECT {', '.join(shown)} FROM {rows}").fetchall()[0])
    width = len(shown) // len(numbers)
    found: dict[str, Any] = {name: values[place * width : (place + 1) * width] for place, name in enumerate(numbers)}
    for name in texts:
        counted = f"SELECT {name} AS v, count(*) AS n FROM {rows} GROUP BY 1"
        asked = f"SELECT v, n, length(v) * n FROM ({counted}) ORDER BY n DESC"
        found[name] = connection.execute(asked).fetchall()
    return found


def _compared(current: dict[str, Any], baseline: dict[str, Any], edges: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, row in current.items():
        if name not in edges:
            top = next(each for each in row if each[0] is not None)
            found[name] = {
                "count": sum(n for v, n, _ in row if v is not None),
                "distinct": len(row),
                "top": list(top[:2]),
            }
            continue
        mean, spread, least, greatest, count, nulls, _, _, distinct, histogram = row[:10]
        sides = [np.array(_padded(each, len(edges[name]) + 1), np.float64) for each in (histogram, baseline[name][9])]
        shares = [each / each.sum() for each in sides]
        found[name] = {
            **_moments(count, nulls, mean, spread, least, greatest), "distinct": distinct,
            "ks": float(np.abs(np.cumsum(shares[0]) - np.cumsum(shares[1])).max()),
            "psi": float(((shares[0] - shares[1]) * np.log((shares[0] + 1e-9) / (shares[1] + 1e-9))).sum()),
        }  # fmt: skip
    return found


def _padded(counts: list[int], bins: int) -> list[int]:
    return [*counts, *([0] * (bins - len(counts)))]


def _moments(*values: Any) -> dict[str, Any]:
    return dict(zip(("count", "nulls", "mean", "stddev", "min", "max"), values, strict=True))


def _by_name(found: Any) -> dict[str, Any]:
    return {row["column_name"]: row for row in found.to_pylist() if row["column_name"] != ":table"}


if __name__ == "__main__":
    contender, plan, result = sys.argv[1], read_plan(sys.argv[2]), sys.argv[3]
    work = {"boathouse": boathouse, "duckdb": duckdb}[contender]
    Path(result).write_text(json.dumps(measured(work(plan))))
