"""Rows of a table through LightGBM into another table: `score_batch` beside the library over Arrow batches.

    python benchmarks/batch_scoring.py [ROWS]

Bare reads the same Parquet files in Arrow batches, gives each to ``Booster.predict`` with all processors, and writes
the predictions into a Parquet file. Ours asks the catalog, reads a governed table, scores in blocks, and commits to a
governed table. Each runs in a process of its own, twice, in turns; the answers are compared first.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from table import section

COLUMNS, TREES = 20, 200
PART_ROWS = 1_000_000
ROUNDS = 2
GOAL, MOST_MB = 0.9, 1_000
NAMES = [f"f{number}" for number in range(COLUMNS)]
SOURCE, OUTPUT = "dev.bench.rows", "dev.bench.scored"


def main() -> None:
    count = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, count)
        runs: dict[str, list[dict[str, float]]] = {"bare": [], "ours": []}
        for _ in range(ROUNDS):
            for which in runs:
                runs[which].append(_in_a_process(folder, which))
        compare(folder, count)
    best = {which: min(found, key=lambda each: each["seconds"]) for which, found in runs.items()}
    rows = [
        (which, f"{count:,}", f"{one['seconds']:.1f}", f"{count / one['seconds'] / 1e6:.2f}", f"{one['mb']:.0f}")
        for which, one in best.items()
    ]
    ratio = best["bare"]["seconds"] / best["ours"]["seconds"]
    note = (
        f"Ours comes to {ratio:.2f} of bare; goal: {GOAL}, and less than {MOST_MB:,} MB whatever the number of rows. "
        "Equal answers, bit by bit."
    )
    title = f"Batch scoring: LightGBM, {COLUMNS} columns of doubles, {TREES} trees, {os.cpu_count()} processors"
    print(section(title, ("", "rows", "seconds", "million rows / s", "peak MB"), rows, note))


def prepare(folder: Path, count: int) -> None:
    """A model in MLflow's layout, and a governed table."""
    import lightgbm
    import mlflow.lightgbm
    import pandas as pd

    warnings.simplefilter("ignore")
    chance = np.random.default_rng(1)
    frame = pd.DataFrame(chance.normal(size=(20_000, COLUMNS)), columns=NAMES)
    labels = (frame["f0"] + frame["f1"] * chance.normal(size=len(frame)) > 0).astype(int)
    made: Any = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(frame, labels), TREES)
    signature = mlflow.models.infer_signature(frame, made.predict(frame))
    mlflow.lightgbm.save_model(made, str(folder / "model"), signature=signature, input_example=frame.head(3))

    def batches() -> Any:
        for start in range(0, count, PART_ROWS):
            size = min(PART_ROWS, count - start)
            values = np.random.default_rng(start).normal(size=(COLUMNS, size))
            ids = pa.array(np.arange(start, start + size))
            yield pa.record_batch([ids, *map(pa.array, values)], names=["id", *NAMES])

    session = _session(folder, begin=True)
    schema = pa.schema([("id", pa.int64()), *((name, pa.float64()) for name in NAMES)])
    session.write_table(SOURCE, pa.RecordBatchReader.from_batches(schema, batches()))


def run_bare(folder: Path) -> None:
    import lightgbm

    booster = lightgbm.Booster(model_file=str(folder / "model" / "model.lgb"))
    files = [each.path for each in _session(folder).open_tables([SOURCE])[0].snapshot.files]
    schema = pa.schema([("id", pa.int64()), ("prediction", pa.float64())])
    begun = time.perf_counter()
    with pq.ParquetWriter(folder / "bare.parquet", schema) as writer:
        for file in files:
            for batch in pq.ParquetFile(file).iter_batches(131_072):
                matrix = np.column_stack([batch.column(name).to_numpy() for name in NAMES])
                found = booster.predict(matrix, num_threads=os.cpu_count() or 1)
                writer.write_table(pa.table({"id": batch.column("id"), "prediction": found}))
    _told(begun)


def run_ours(folder: Path) -> None:
    from boathouse.serving.batch import running
    from boathouse.serving.batch.models import loaded
    from boathouse.serving.batch.nouns import Mode, Scoring
    from boathouse.serving.batch.outputs import tables
    from boathouse.serving.batch.scoring import ScoredRows

    os.environ["BOATHOUSE_HOME"] = str(folder / "home")
    session = _session(folder)
    with loaded(folder / "model", "dev.bench.model", 1) as model:
        assert model.is_native
        begun = time.perf_counter()
        source = running.open_source(session, SOURCE)
        rows = ScoredRows(model, source.rows.reader(), keep=["id"])
        tables.write(session, Scoring("", SOURCE, OUTPUT, Mode.OVERWRITE), rows)
        _told(begun)


def compare(folder: Path, count: int) -> None:
    """Equal bit by bit, row by row."""
    ours = _session(folder).sql(f"SELECT id, prediction FROM {OUTPUT} ORDER BY id").arrow()
    bare = pq.read_table(folder / "bare.parquet").sort_by("id")
    assert ours.num_rows == bare.num_rows == count
    assert np.array_equal(ours["id"].to_numpy(), bare["id"].to_numpy())
    assert np.array_equal(ours["prediction"].to_numpy(), bare["prediction"].to_numpy())


def _session(folder: Path, *, begin: bool = False) -> Any:
    from boathouse.catalog import Catalog
    from boathouse.foundation.home import Home
    from boathouse.foundation.names import SchemaName
    from boathouse.foundation.principals import SYSTEM
    from boathouse.lake import DuckDBEngine
    from boathouse.lake.duckdb_connections import DuckDBSettings
    from boathouse.metastore import Database, DatabaseUrl, metadata
    from boathouse.session import LocalLaw, Session

    home = Home(folder / "home")
    home.create()
    database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home)
    if begin:
        metadata.create_all(database.engine)
        catalog.bootstrap("root")
        catalog.securables.create_schema(SYSTEM, SchemaName("dev", "bench"))
    return Session(catalog.identities.principal("root"), LocalLaw(catalog), DuckDBEngine(DuckDBSettings()))


def _told(begun: float) -> None:
    seconds = time.perf_counter() - begun
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(json.dumps({"seconds": seconds, "mb": int(told["VmHWM"].split()[0]) / 1024}))


def _in_a_process(folder: Path, which: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, f"--{which}", str(folder)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    if len(sys.argv) > 2:
        {"--bare": run_bare, "--ours": run_ours}[sys.argv[1]](Path(sys.argv[2]))
    else:
        main()
