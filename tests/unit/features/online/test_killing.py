"""A publisher that is killed at any moment leaves what was committed, and nothing else."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
import redis

from boathouse.features.online.contract import OnlineSchema, OnlineStore
from boathouse.features.online.lmdb.store import LmdbStore
from boathouse.features.online.redis.names import Names
from boathouse.features.online.redis.store import RedisStore

PUBLISHER = Path(__file__).parent / "publisher.py"
SCHEMA = OnlineSchema(pa.schema([("key", pa.int64())]), pa.schema([("number", pa.int64())]))


@pytest.mark.parametrize("kind", ["lmdb", "redis"])
def test_readers_see_one_whole_publication_whenever_the_publisher_is_killed(
    kind: str, tmp_path: Path, redis_url: str
) -> None:
    place = str(tmp_path / "online") if kind == "lmdb" else redis_url
    store: OnlineStore = (
        LmdbStore("s", tmp_path / "online") if kind == "lmdb" else RedisStore("s", redis_url, lock_seconds=3.0)
    )
    source = random.Random(4)
    for attempt in range(4):
        first = 1_000_000 * (attempt + 1)
        process = subprocess.Popen(
            [sys.executable, PUBLISHER, kind, place, str(first)], stdout=subprocess.PIPE, text=True
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()  # one is done
        time.sleep(source.random() * 0.2)
        process.kill()
        said = [int(line) for line in process.stdout.read().split() if line.strip().isdigit()]
        process.wait()
        process.stdout.close()
        table = store.table("a.b.c")
        assert table is not None
        numbers = {row[0] for row in table.plan().rows([(key,) for key in range(3000)]) if row is not None}
        assert len(numbers) == 1 and table.count() == 3000
        assert numbers == {table.meta["number"]}
        assert numbers.pop() >= max(said, default=first)
    with store.begin("a.b.c", SCHEMA, keep=True, wait_seconds=20) as writer:
        writer.put(pa.table({"key": [1]}), pa.table({"number": [-1]}))
        assert writer.commit({}) == 3000
    if kind == "redis":
        with redis.Redis.from_url(redis_url) as client:
            assert sum(1 for _ in client.scan_iter(match=Names("a.b.c").base + b"*")) == 3000 + 3
            client.flushall()
    store.close()
