"""Features by key from online stores: ours on LMDB and Redis, beside both bare, and Feast on SQLite and Redis.

    python benchmarks/online_features.py [--keys 1000000] [--seconds 5] [--without-peers]

Ten features per key. Each contender first gives the rows of the same thousand keys, which are compared; then it is
asked for one key and for a hundred, in turns. Bare stores keep one packed value per key and are read with keys that are
bytes already. Redis is a server of its own, for as long as the benchmark runs.
"""

import argparse
import json
import os
import random
import resource
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import pyarrow as pa
import redis
from peers.contending import FEAST, feast_python
from table import section

from boathouse.features.feature_spec import FeatureSpec, Lookup, Output
from boathouse.features.online.contract import OnlineSchema, OnlineStore
from boathouse.features.online.lmdb.store import LmdbStore
from boathouse.features.online.reading import compile_reading
from boathouse.features.online.redis.store import RedisStore
from boathouse.foundation.names import TableName

FEATURES = 10
MANY = 100
SAMPLE = 1000
TURNS = 10
OURS_LMDB, OURS_REDIS = "Boathouse, LMDB", "Boathouse, Redis"
BARE_LMDB, BARE_REDIS = "bare LMDB", "bare Redis, MGET"
TURNS_OF = (BARE_LMDB, OURS_LMDB, BARE_REDIS, OURS_REDIS)
GOALS = {OURS_LMDB: (BARE_LMDB, 2.0, 1.3), OURS_REDIS: (BARE_REDIS, 1.3, 1.3)}
"""The bare store, and how many times its p50 for one key and for a hundred may be."""
_PACK = struct.Struct(f"<{FEATURES}d")
_KEY = struct.Struct(">q")

Rows = list[tuple[float, ...]]
Read = Callable[[Sequence[int]], Rows]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each contender is asked")
    parser.add_argument("--without-peers", action="store_true", help="leave Feast out")
    parser.add_argument("--tables", default="10,100,1000", help="how many tables are in a registry")
    given = parser.parse_args()
    sample = random.Random(5).sample(range(given.keys), min(SAMPLE, given.keys))
    with tempfile.TemporaryDirectory() as name, running_redis(Path(name)) as port:
        folder = Path(name)
        loaded, readers = contenders(folder, port, given.keys)
        expected = [tuple(row) for row in values_of(np.array(sample)).tolist()]
        for who, read in readers.items():
            assert read(sample) == expected, f"{who} gives other rows"
        times = asked(readers, given.keys, given.seconds)
        if not given.without_peers:
            for kind in ("SQLite", "Redis"):
                told = feast(kind, folder, port, given.keys, given.seconds, sample)
                assert [tuple(row) for row in told["rows"]] == expected, f"Feast on {kind} gives other rows"
                loaded[f"Feast, {kind}"] = told["load_s"]
                times[f"Feast, {kind}"] = {int(count): each for count, each in told["times_ms"].items()}
        report(times, loaded, given.keys)
        registries([int(each) for each in given.tables.split(",")], folder, given.seconds)


def values_of(keys: np.ndarray) -> np.ndarray:
    """The features of keys, a row for each; exact in binary, so that they may be compared."""
    return ((keys[:, None] * 31 + np.arange(FEATURES) * 7) % 1000) / 8.0


def contenders(folder: Path, port: int, keys: int) -> tuple[dict[str, float], dict[str, Read]]:
    """Seconds to load each, and how each is read."""
    bare = lmdb.open(str(folder / "bare"), map_size=16 << 30)
    client = redis.Redis(port=port)
    stores = {
        OURS_LMDB: LmdbStore("local", folder / "online"),
        OURS_REDIS: RedisStore("s", f"redis://127.0.0.1:{port}"),
    }
    loaded = {
        BARE_LMDB: seconds_of(lambda: load_bare_lmdb(bare, keys)),
        OURS_LMDB: seconds_of(lambda: load_ours(stores[OURS_LMDB], keys)),
        BARE_REDIS: seconds_of(lambda: load_bare_redis(client, keys)),
        OURS_REDIS: seconds_of(lambda: load_ours(stores[OURS_REDIS], keys)),
    }

    def bare_lmdb(asked_for: Sequence[Any]) -> Rows:
        with bare.begin() as txn:
            return [_PACK.unpack(txn.get(key)) for key in asked_for]

    def bare_redis(asked_for: Sequence[Any]) -> Rows:
        return [_PACK.unpack(value) for value in client.mget(asked_for)]

    readers = {BARE_LMDB: encoded(bare_lmdb), BARE_REDIS: encoded(bare_redis)}
    return loaded, readers | {name: ours(store) for name, store in stores.items()}


def encoded(read: Callable[[Sequence[bytes]], Rows]) -> Read:
    def whole(keys: Sequence[int]) -> Rows:
        return read([_KEY.pack(key) for key in keys])

    whole.prepared = lambda keys: [_KEY.pack(key) for key in keys]  # type: ignore[attr-defined]
    whole.read = read  # type: ignore[attr-defined]
    return whole


def ours(store: OnlineStore) -> Read:
    table = store.table("a.b.c")
    assert table is not None
    plan = table.plan()

    def read(keys: Sequence[tuple[int]]) -> Rows:
        return [plan.row(keys[0])] if len(keys) == 1 else plan.rows(keys)  # type: ignore[list-item]

    def whole(keys: Sequence[int]) -> Rows:
        return read([(key,) for key in keys])

    whole.prepared = lambda keys: [(key,) for key in keys]  # type: ignore[attr-defined]
    whole.read = read  # type: ignore[attr-defined]
    return whole


def batches(keys: int) -> Generator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, keys, 65_536):
        some = np.arange(start, min(keys, start + 65_536))
        yield some, values_of(some)


def load_bare_lmdb(environment: lmdb.Environment, keys: int) -> None:
    with environment.begin(write=True) as txn, txn.cursor() as cursor:
        for some, values in batches(keys):
            cursor.putmulti(
                zip(map(_KEY.pack, some.tolist()), [_PACK.pack(*row) for row in values.tolist()], strict=True)
            )


def load_bare_redis(client: redis.Redis, keys: int) -> None:
    for some, values in batches(keys):
        with client.pipeline(transaction=False) as pipeline:
            for key, row in zip(some.tolist(), values.tolist(), strict=True):
                pipeline.set(_KEY.pack(key), _PACK.pack(*row))
            pipeline.execute()


def load_ours(store: OnlineStore, keys: int, name: str = "a.b.c") -> None:
    schema = OnlineSchema(
        pa.schema([("id", pa.int64())]), pa.schema([(f"f{at}", pa.float64()) for at in range(FEATURES)])
    )  # fmt: skip
    with store.begin(name, schema, keep=False) as writer:
        for some, values in batches(keys):
            columns = {f"f{at}": np.ascontiguousarray(values[:, at]) for at in range(FEATURES)}
            writer.put(pa.table({"id": some}), pa.table(columns), event=pa.array(some))
        writer.commit({})


def asked(readers: dict[str, Any], keys: int, seconds: float) -> dict[str, dict[int, list[float]]]:
    """Milliseconds of each call, by how many keys it asked for. A bare store and ours take turns, a few times each."""
    source = random.Random(11)
    times: dict[str, dict[int, list[float]]] = {who: {1: [], MANY: []} for who in TURNS_OF}
    for _ in range(TURNS):
        for count in (1, MANY):
            wanted = [source.sample(range(keys), count) for _ in range(2000 if count == 1 else 500)]
            for who in TURNS_OF:
                read, prepared = readers[who].read, [readers[who].prepared(each) for each in wanted]
                for some in prepared[:100]:
                    read(some)
                clock, note = time.perf_counter_ns, times[who][count].append
                until = time.perf_counter() + seconds / TURNS / 2
                while time.perf_counter() < until:
                    for some in prepared:
                        begin = clock()
                        read(some)
                        note((clock() - begin) / 1e6)
    return times


def feast(kind: str, folder: Path, port: int, keys: int, seconds: float, sample: list[int]) -> dict[str, Any]:
    python = feast_python()
    if subprocess.run([python, "-c", "import redis"], stderr=subprocess.DEVNULL).returncode:
        uv, wanted = Path(sys.executable).with_name("uv"), FEAST.replace("]", ",redis]")
        subprocess.run([uv, "pip", "install", "-q", "--python", python, wanted], check=True)
    task = folder / f"feast-{kind}.json"
    task.write_text(
        json.dumps({"keys": keys, "seconds": seconds, "sample": sample, "port": port, "features": FEATURES})
    )
    command = [python, str(Path(__file__).parent / "peers" / "feast_online.py"), kind.lower(), str(task)]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env=clean, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def running_redis(folder: Path) -> Generator[int]:
    program = shutil.which("redis-server")
    assert program, "This benchmark needs redis-server."
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def seconds_of(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def p50_p99(values: list[float]) -> tuple[float, float]:
    return statistics.median(values), statistics.quantiles(values, n=100)[-1]


def report(times: dict[str, dict[int, list[float]]], loaded: dict[str, float], keys: int) -> None:
    figures = {who: {count: p50_p99(each) for count, each in by.items()} for who, by in times.items()}
    rows = []
    for who, by in figures.items():
        goal = ""
        if who in GOALS:
            bare, *allowed = GOALS[who]
            ratios = [by[count][0] / figures[bare][count][0] for count in (1, MANY)]
            goal = "; ".join(
                f"{ratio:.2f} of {limit} times bare: {'met' if ratio <= limit else 'missed'}"
                for ratio, limit in zip(ratios, allowed, strict=True)
            )
        cells = [f"{figure:.4f}" for count in (1, MANY) for figure in by[count]]
        rows.append([who, *cells, f"{loaded[who]:.1f}", f"{keys / loaded[who]:,.0f}", goal])
    header = ["", "1 key p50 ms", "p99", "100 keys p50 ms", "p99", "load s", "rows/s", "goal: 1 key; 100 keys"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    note = "Rows of a thousand keys were the same everywhere. "
    if "Feast, SQLite" in figures:
        faster = figures["Feast, SQLite"][1][0] / figures[OURS_LMDB][1][0]
        note += f"Of Feast's embedded store a key takes {faster:.0f} times as long as of ours (goal 30). "
    note += f"Peak memory of all but Feast {peak:.1f} GB, the map of LMDB among it. Load {os.getloadavg()[0]:.1f}."
    print(section(f"Online features: {keys:,} keys, {FEATURES} features", header, rows, note))


def registries(counts: list[int], folder: Path, seconds: float) -> None:
    """A model's reading of two tables, with more and more other tables in the store."""
    store, rows = LmdbStore("many", folder / "many"), []
    for count in counts:
        for number in range(len(store.tables()), count):
            load_ours(store, 1000, f"a.b.t{number}")
        lookups = [
            Lookup(TableName("a", "b", f"t{at}"), (("id", "id"),), tuple(Output(f"f{n}", f"t{at}_f{n}", "double")
            for n in range(FEATURES))) for at in (0, count - 1)
        ]  # fmt: skip
        begin = time.perf_counter()
        reading = compile_reading(FeatureSpec(tuple(lookups)), lambda name: store.table(str(name)))  # type: ignore[arg-type, return-value]
        compiled = time.perf_counter() - begin
        times: list[float] = []
        until, source = time.perf_counter() + min(seconds, 3), random.Random(3)
        while time.perf_counter() < until:
            key = {"id": source.randrange(1000)}
            begin_ns = time.perf_counter_ns()
            reading.row(key)
            times.append((time.perf_counter_ns() - begin_ns) / 1e6)
        rows.append([f"{count:,}", *(f"{each:.4f}" for each in p50_p99(times)), f"{compiled * 1000:.1f}"])
    header = ["tables in the store", "a row of two tables p50 ms", "p99", "compiling ms"]
    print(section("A model's reading with more and more tables", header, rows, "Goal: p99 is flat."))


if __name__ == "__main__":
    main()
