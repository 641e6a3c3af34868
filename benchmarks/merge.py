"""MERGE of 1 % into a table of 10,000,000 rows, beside bare delta-rs; each contender in a process of its own.

Half of the merged rows update rows that are scattered over the whole table, half are new. Both tables keep a change
data feed, so both write change files. The rows that come out are compared before the times are.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from table import section

ROWS, MERGED, REPEATS = 10_000_000, 100_000, 3
CONTENDERS = ("delta-rs", "Boathouse")


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(_run(sys.argv[1], sys.argv[2])))
        return
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
    for _ in range(REPEATS):
        for name in CONTENDERS:
            with tempfile.TemporaryDirectory() as folder:
                _make(folder)
                done = subprocess.run(
                    [sys.executable, __file__, name, folder], check=True, stdout=subprocess.PIPE, text=True
                )
                found[name].append({**json.loads(done.stdout.splitlines()[-1]), "sum": _fingerprint(folder)})
    fingerprints = {tuple(run["sum"]) for runs in found.values() for run in runs}
    if len(fingerprints) != 1:
        sys.exit(f"The tables differ: {fingerprints}")
    _report(found)


def _rows(keys: "np.ndarray[Any, Any]", seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    count = len(keys)
    return pa.table(
        {
            "id": keys,
            "carrier": pa.array(np.array(["AA", "DL", "UA", "B6"])[random.integers(0, 4, count)]),
            "delay": random.normal(5, 30, count),
            "distance": random.integers(100, 3000, count),
            "tail": pa.array([f"N{number}" for number in random.integers(0, 5000, count)]),
        }
    )


def _make(folder: str) -> None:
    """In a process of its own, so that its memory is not counted."""
    code = "import sys; sys.path.insert(0, sys.argv[2]); import merge; merge._write(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, folder, str(Path(__file__).parent)], check=True)


def _write(folder: str) -> None:
    for part in range(10):
        keys = np.arange(part, ROWS, 10)  # each file holds keys of the whole range
        configuration = {"delta.enableChangeDataFeed": "true"}
        write_deltalake(folder, _rows(keys, part), mode="append", configuration=configuration)


def _source() -> pa.Table:
    old = np.random.default_rng(77).choice(ROWS, MERGED // 2, replace=False)
    return _rows(np.concatenate([old, np.arange(ROWS, ROWS + MERGED // 2)]), 99)


def _run(name: str, folder: str) -> dict[str, float]:
    source = _source()
    if name == "delta-rs":
        started = time.perf_counter()
        merger = DeltaTable(folder).merge(source, "target.id = source.id", source_alias="source", target_alias="target")
        merger.when_matched_update_all().when_not_matched_insert_all().execute()
    else:
        from boathouse.lake import DuckDBEngine
        from boathouse.lake.key_merging import merge_frame
        from boathouse.lake.merging import Merge

        started = time.perf_counter()
        merge_frame(DuckDBEngine(), folder, source, Merge(["id"], "update", "insert", "ignore"))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "megabytes": _peak_megabytes()}


def _peak_megabytes() -> float:
    """Of this process alone: ``ru_maxrss`` would begin with what the process had that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _fingerprint(folder: str) -> tuple[Any, ...]:
    paths = DeltaTable(folder).file_uris()
    query = "SELECT count(*), sum(id), round(sum(delay), 3), sum(distance), count(DISTINCT tail) FROM read_parquet($1)"
    return tuple(map(str, duckdb.execute(query, [paths]).fetchall()[0]))


def _report(found: dict[str, list[dict[str, Any]]]) -> None:
    best = {name: min(run["seconds"] for run in runs) for name, runs in found.items()}
    peak = {name: max(run["megabytes"] for run in runs) for name, runs in found.items()}
    rows = [
        (name, f"{best[name]:.1f}", f"{best[name] / best['delta-rs']:.2f}", f"{peak[name]:,.0f}",
         f"{peak[name] / peak['delta-rs']:.2f}")
        for name in CONTENDERS
    ]  # fmt: skip
    header = ("", "seconds", "ratio", "peak memory, MB", "ratio")
    note = f"Best of {REPEATS}; memory of the worst. Goal: at most what bare delta-rs needs."
    print(section(f"MERGE of {MERGED:,} rows into {ROWS:,}", header, rows, note))


if __name__ == "__main__":
    main()
