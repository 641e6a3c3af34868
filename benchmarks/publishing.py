"""Publishing 1,000,000 keys x 10 features into LMDB and Redis, beside bare puts and Feast's materialise.

The table has one row per key and instant, written by four commits of a feature table with a time column. The bare
contenders are given what Boathouse has to find first: one row per key, as ready-made bytes; what they take is the least
that the store itself needs. Feast materialises the same rows from Parquet. Rows are compared before times are shown.

    python benchmarks/publishing.py [--keys 1000000] [--without-feast]
"""

import argparse
import itertools
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from table import section

from boathouse.catalog import Catalog
from boathouse.features import FeatureEngineeringClient
from boathouse.features.online.publishing import publishing
from boathouse.features.online.verifying import verify
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database, DatabaseUrl, metadata
from boathouse.session import LocalLaw, Session

PEERS = Path(__file__).parent / "peers"
FEATURES = [f"f{number}" for number in range(10)]
TABLE, ONLINE = "dev.bench.users", "dev.bench.users_online"
START = datetime(2026, 1, 1, tzinfo=UTC)
COMMITS = 4
REPEATS = 3


def main() -> None:
    given = _arguments()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        url = stack.enter_context(running_redis(folder / "redis"))
        session = _session(folder / "home")
        fe = FeatureEngineeringClient(session=session)
        fe.create_online_store(name="shared", kind="redis", url=url)
        _fill(fe, given.keys)
        hours = itertools.count(COMMITS)
        rows = [_ours(fe, session, given.keys, store, hours) for store in ("default", "shared")]
        values = _winners(given.keys)
        bare = {"default": _median(lambda: _bare_lmdb(folder / "bare", values)),
                "shared": _median(lambda: _bare_redis(url, values))}  # fmt: skip
        peers = {} if given.without_feast else _feast(folder, given.keys, url)
    print(_report(given.keys, rows, bare, peers))


def _ours(
    fe: FeatureEngineeringClient, session: Session, keys: int, store: str, hours: Iterator[int]
) -> dict[str, Any]:  # fmt: skip
    """Seconds for everything, after new rows for 1 % of the keys, and after their rows were updated in place."""
    name = f"{ONLINE}_{store}"
    full: list[float] = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        done = publishing.publish(session, TABLE, store=store, online_table=name, mode="SNAPSHOT")
        full.append(time.perf_counter() - begin)
        assert (done.keys, done.mode) == (keys, "SNAPSHOT")
    appended: list[float] = []
    for hour in itertools.islice(hours, REPEATS):
        session.write_table(TABLE, _rows(np.random.default_rng(hour).permutation(keys)[: keys // 100], hour))
        begin = time.perf_counter()
        done = publishing.publish(session, TABLE, store=store, online_table=name)
        appended.append(time.perf_counter() - begin)
        assert (done.mode, done.written) == ("TRIGGERED", keys // 100), done
    updated: list[float] = []
    for hour in itertools.islice(hours, REPEATS):
        session.write_table(TABLE, _updates(session, keys // 100, hour), mode="merge", merge_on=["id", "ts"])
        begin = time.perf_counter()
        done = publishing.publish(session, TABLE, store=store, online_table=name)
        updated.append(time.perf_counter() - begin)
        assert (done.mode, done.written) == ("TRIGGERED", keys // 100), done
    found = verify(session, name)
    assert found.matches and found.compared == keys, found
    return {"store": store, "full": statistics.median(full), "changed": statistics.median(appended),
            "updated": statistics.median(updated)}  # fmt: skip


def _fill(fe: FeatureEngineeringClient, keys: int) -> None:
    fe.create_table(name=TABLE, primary_keys=["id", "ts"], timeseries_column="ts", schema=_rows(np.arange(1), 0).schema)
    for number in range(COMMITS):
        half = np.arange(keys) if number == 0 else np.random.default_rng(number).permutation(keys)[: keys // 2]
        fe._session.write_table(TABLE, _rows(half, number))


def _rows(ids: np.ndarray, hour: int) -> pa.Table:
    source = np.random.default_rng(hour)
    micros = int(START.timestamp() * 1e6) + hour * 3_600_000_000
    columns: dict[str, Any] = {
        "id": ids.astype(np.int64),
        "ts": pa.array(np.full(len(ids), micros, np.int64), pa.timestamp("us", "UTC")),
    }
    return pa.table({**columns, **{name: source.normal(size=len(ids)) for name in FEATURES}})


def _updates(session: Session, count: int, seed: int) -> pa.Table:
    """Other values for the latest rows of some keys, from all of the table's files."""
    latest = session.sql(f"SELECT id, max(ts) AS ts FROM {TABLE} GROUP BY id ORDER BY id").arrow()
    source = np.random.default_rng(seed)
    rows = latest.take(pa.array(source.permutation(latest.num_rows)[:count]))
    return pa.table({"id": rows["id"], "ts": rows["ts"], **{name: source.normal(size=count) for name in FEATURES}})


def _winners(keys: int) -> list[tuple[bytes, bytes]]:
    """A row per key, 8 bytes of key and 8 per feature: what the bare stores are given."""
    packed = np.random.default_rng(0).normal(size=(keys, len(FEATURES)))
    ids = np.arange(keys, dtype=">u8")
    return [(ids[row].tobytes(), packed[row].tobytes()) for row in range(keys)]


def _bare_lmdb(folder: Path, values: list[tuple[bytes, bytes]]) -> None:
    import lmdb

    shutil.rmtree(folder, ignore_errors=True)
    with lmdb.open(str(folder), map_size=1 << 34) as environment, environment.begin(write=True) as transaction:
        transaction.cursor().putmulti(values)


def _bare_redis(url: str, values: list[tuple[bytes, bytes]]) -> None:
    import redis

    with redis.Redis.from_url(url) as client:
        for start in range(0, len(values), 10_000):
            pipeline = client.pipeline(transaction=False)
            for key, value in values[start : start + 10_000]:
                pipeline.set(b"bare:" + key, value)
            pipeline.execute()
        pipeline = client.pipeline(transaction=False)
        for key, _ in values:
            pipeline.unlink(b"bare:" + key)
        begin = time.perf_counter()
        pipeline.execute()
        _left_out.append(time.perf_counter() - begin)


_left_out: list[float] = []
"""Seconds of tidying up that no contender is charged for."""


def _median(work: Callable[[], None]) -> float:
    seconds: list[float] = []
    for _ in range(REPEATS):
        _left_out.clear()
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin - sum(_left_out))
    return statistics.median(seconds)


def _feast(folder: Path, keys: int, url: str) -> dict[str, dict[str, float]]:
    sys.path.insert(0, str(PEERS))
    from contending import feast_python

    place = folder / "feast"
    place.mkdir()
    tables = [_rows(np.arange(keys), 0)]
    tables += [
        _rows(np.random.default_rng(number).permutation(keys)[: keys // 2], number) for number in range(1, COMMITS)
    ]
    pq.write_table(pa.concat_tables(tables), place / "rows.parquet")
    found: dict[str, dict[str, float]] = {}
    for kind in ("sqlite", "redis"):
        command = [feast_python(), str(PEERS / "feast_materialize.py"), kind, str(place), url, str(keys)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"Feast on {kind} failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            continue
        found[kind] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _report(keys: int, ours: list[dict[str, Any]], bare: dict[str, float], peers: dict[str, dict[str, float]]) -> str:
    lines: list[list[str]] = []
    for each, feast in zip(ours, ("sqlite", "redis"), strict=True):
        store = {"default": "LMDB", "shared": "Redis"}[each["store"]]
        lines.append([f"Boathouse, {store}", f"{each['full']:.1f}", f"{keys / each['full']:,.0f}", "1",
                      f"{each['changed']:.2f}", f"{each['full'] / each['changed']:.0f} x"])  # fmt: skip
        lines.append([f"Boathouse, {store}, after 1 % updated in place", "", "", "",
                      f"{each['updated']:.2f}", f"{each['full'] / each['updated']:.0f} x"])  # fmt: skip
        seconds = bare[each["store"]]
        lines.append([f"bare {store}, rows ready", f"{seconds:.1f}", f"{keys / seconds:,.0f}",
                      f"{seconds / each['full']:.2f}", "", ""])  # fmt: skip
        if feast in peers:
            whole, part = peers[feast]["full"], peers[feast]["changed"]
            name = {"sqlite": "Feast 0.67, SQLite", "redis": "Feast 0.67, Redis"}[feast]
            lines.append([name, f"{whole:.1f}", f"{keys / whole:,.0f}", f"{whole / each['full']:.1f}", f"{part:.2f}",
                          f"{whole / part:.0f} x"])  # fmt: skip
    note = (
        "Seconds are medians of three (Feast: one run). 'of ours' is the contender's time by that of Boathouse on the "
        "store above it. Boathouse reads the governed Delta table, takes the latest of 2.5 rows per key, and shows all "
        "to readers in one step; every key was compared afterwards. The bare stores are given ready-made bytes, in the "
        "order of the keys. 1 % changed: new rows for so many keys; Feast materialises the interval they are in. "
        "Updated in place: a MERGE over the latest rows of so many keys, wherever they lie. Goal: at least 20 times "
        "faster than everything."
    )
    header = ("", "all keys, s", "keys/s", "of ours", "after 1 % changed, s", "faster than all")
    return section(f"Publishing {keys:,} keys x {len(FEATURES)} features", header, lines, note)


def _session(home_folder: Path) -> Session:
    home = Home(home_folder)
    home.create()
    database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
    import boathouse.features.online.registry.repository  # noqa: F401  its tables are made with the others

    catalog = Catalog(database, home)
    metadata.create_all(database.engine)
    catalog.bootstrap("root")
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "bench"))
    return Session(catalog.identities.principal("root"), LocalLaw(catalog), DuckDBEngine())


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--without-feast", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
