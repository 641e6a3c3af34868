"""`boathouse gc --dry-run` over 100,000 artifacts: real files, and real rows of MLflow.

10,000 runs with 10 artifacts each; one run in ten was deleted, and one folder in a hundred belongs to no run. The files
are written first and are not part of the time. Beside it: `os.walk` with a `stat` of each file (the least that knowing
all bytes costs), and what MLflow's own `mlflow gc` needs to remove the same deleted runs, which has no dry run. What is
found is checked against what was made.

    python benchmarks/garbage.py [--artifacts 100000] [--without-mlflow]
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from table import section

from boathouse.care.garbage.collecting import collected
from boathouse.care.garbage.mlflow_rows import mlflow_collectors
from boathouse.care.garbage.nouns import Collector, Garbage, Kind, Request
from boathouse.catalog import Catalog
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.home import Home
from boathouse.metastore import Database, DatabaseUrl, migrate
from boathouse.models import MlflowSettings
from boathouse.models.repository import ModelRepository
from boathouse.models.stores import MlflowStores
from boathouse.models.unused import UnusedMlflow

FILES_PER_RUN = 10
DELETED_EVERY, ORPHAN_EVERY = 10, 100
BYTES = 200
REPEATS = 3
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=8)
KINDS = (Kind.MODELS, Kind.RUNS, Kind.EXPERIMENTS, Kind.ARTIFACTS)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--artifacts", type=int, default=100_000)
    parser.add_argument("--without-mlflow", action="store_true")
    given = parser.parse_args()
    runs = given.artifacts // FILES_PER_RUN
    with tempfile.TemporaryDirectory() as name, opened(Path(name) / ".boathouse") as place:
        home, stores, collectors = place
        fill(home, stores, runs)
        dry, told = timed(lambda: look(collectors, is_dry_run=True))
        walk, _ = timed(lambda: walked(home.artifacts))
        check(told, runs)
        peer = None if given.without_mlflow else mlflow_gc(home, Path(name) / "copy")
        began = time.perf_counter()
        gone = look(collectors, is_dry_run=False)
        real = time.perf_counter() - began
        check(gone, runs)
        assert [each.what for each in gone] == [each.what for each in told]
        assert look(collectors, is_dry_run=True) == []
    print(report(given.artifacts, runs, dry, walk, real, peer, len(told)))


@contextmanager
def opened(root: Path) -> Iterator[tuple[Home, MlflowStores, list[Collector]]]:
    home = Home(root)
    home.create()
    database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
    migrate(database)
    catalog = Catalog(database, home)
    catalog.bootstrap("ada")
    stores = MlflowStores(MlflowSettings.of_home(home))
    mlflow = UnusedMlflow(stores, ModelRepository(database), catalog)
    yield home, stores, [*mlflow_collectors(home, mlflow)]
    stores.tracking.engine.dispose()
    database.dispose()


def fill(home: Home, stores: MlflowStores, runs: int) -> None:
    """Rows as MLflow writes them: one run through its store, the others as copies of its row, which is quicker."""
    experiment = str(stores.tracking.create_experiment("bench"))
    model = stores.tracking.create_run(experiment, "ada", 0, [], "run").info.run_id
    deleted_at = epoch_ms(NOW)
    others = "name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version"
    with stores.tracking.engine.begin() as connection:
        for number in range(1, runs):
            is_deleted = number % DELETED_EVERY == 0
            connection.execute(
                text(
                    f"INSERT INTO runs (run_uuid, artifact_uri, experiment_id, lifecycle_stage, deleted_time, {others})"
                    f" SELECT :id, :uri, experiment_id, :stage, :deleted, {others} FROM runs WHERE run_uuid = :model"
                ),
                {
                    "id": f"{number:032x}",
                    "uri": f"mlflow-artifacts:/{experiment}/{number:032x}/artifacts",
                    "stage": "deleted" if is_deleted else "active",
                    "deleted": deleted_at if is_deleted else None,
                    "model": model,
                },
            )
        connection.execute(text("INSERT INTO params (key, value, run_uuid) SELECT 'depth', '3', run_uuid FROM runs"))
    for id in (model, *(f"{number:032x}" for number in range(1, runs)), *orphans(runs)):
        folder = home.artifacts / experiment / id / "artifacts"
        folder.mkdir(parents=True)
        for place in range(FILES_PER_RUN):
            (folder / f"{place}.bin").write_bytes(b"x" * BYTES)


def orphans(runs: int) -> list[str]:
    return [f"{'f' * 16}{number:016x}" for number in range(runs // ORPHAN_EVERY)]


def look(collectors: list[Collector], *, is_dry_run: bool) -> list[Garbage]:
    request = Request(is_dry_run, timedelta(days=7), frozenset(KINDS))
    return list(collected(collectors, request, epoch_ms(LATER - timedelta(days=7))))


def check(found: list[Garbage], runs: int) -> None:
    deleted = {f"{number:032x}" for number in range(DELETED_EVERY, runs, DELETED_EVERY)}
    assert {each.what for each in found if each.kind is Kind.RUNS} == deleted
    assert sum(each.kind is Kind.ARTIFACTS for each in found) == runs // ORPHAN_EVERY
    assert all(each.bytes == FILES_PER_RUN * BYTES for each in found)


def walked(folder: Path) -> int:
    return sum(os.stat(os.path.join(at, name)).st_size for at, _, names in os.walk(folder) for name in names)


def mlflow_gc(home: Home, copy: Path) -> float | None:
    """Seconds that `mlflow gc` takes on a copy, with the files beside its database."""
    shutil.copytree(home.root, copy)
    database = copy / "db" / "mlflow.db"
    import sqlite3

    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE runs SET artifact_uri = replace(artifact_uri, 'mlflow-artifacts:', ?)",
                           ((copy / "artifacts").as_uri(),))  # fmt: skip
    connection.close()
    url = f"sqlite:///{database}"
    environment = {**os.environ, "MLFLOW_TRACKING_URI": url}
    command = [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", url]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return None
    return seconds


def timed(act: Callable[[], object]) -> tuple[float, list[Garbage]]:
    seconds, found = [], None
    for _ in range(REPEATS):
        began = time.perf_counter()
        found = act()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), found  # type: ignore[return-value]


def report(
    artifacts: int, runs: int, dry: float, walk: float, real: float, peer: float | None, found: int
) -> str:  # fmt: skip
    rows = [
        (f"gc --dry-run, {found:,} things found", f"{dry:.2f}"),
        ("os.walk with a stat of every file", f"{walk:.2f}"),
        ("gc, removed for good", f"{real:.2f}"),
        ("mlflow gc, the deleted runs only", "not run" if peer is None else f"{peer:.2f}"),
    ]
    title = f"Garbage: {artifacts:,} artifacts of {runs:,} runs, one run in {DELETED_EVERY} deleted"
    note = f"Load {os.getloadavg()[0]:.1f}. {runs // ORPHAN_EVERY} folders of no run are among what is found."
    return section(title, ("", "s"), rows, note)


if __name__ == "__main__":
    main()
