"""What only Redis has: a network, a password, and other people's time."""

import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import redis

from boathouse.features.online.contract import OnlineSchema
from boathouse.features.online.redis import writing as redis_writing
from boathouse.features.online.redis.store import RedisStore
from boathouse.foundation.errors import Conflict, Unavailable

SCHEMA = OnlineSchema(pa.schema([("key", pa.int64())]), pa.schema([("number", pa.int64())]))
Running = Callable[..., Any]


def publish(store: RedisStore, name: str, numbers: dict[int, int], *, keep: bool = False) -> int:
    with store.begin(name, SCHEMA, keep=keep, wait_seconds=5) as writer:
        writer.put(pa.table({"key": list(numbers)}), pa.table({"number": list(numbers.values())}))
        return writer.commit({})


def test_a_store_that_does_not_answer_is_named(tmp_path: Path, running_redis: Running) -> None:
    with running_redis(tmp_path) as url:
        store = RedisStore("shared", url)
        publish(store, "a.b.c", {1: 2})
        plan = store.table("a.b.c").plan()  # type: ignore[union-attr]
        assert plan.row((1,)) == (2,)
    for call in (
        lambda: plan.row((1,)), lambda: store.table("a.b.c"), lambda: store.begin("a.b.c", SCHEMA, keep=False),
        store.tables,
    ):  # fmt: skip
        with pytest.raises(Unavailable, match="online store shared at 127"):
            call()
    store.close()


def test_a_reader_gets_over_a_connection_that_was_closed(tmp_path: Path, running_redis: Running) -> None:
    with running_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
        store = RedisStore("shared", url)
        publish(store, "a.b.c", {1: 2})
        plan = store.table("a.b.c").plan()  # type: ignore[union-attr]
        assert plan.row((1,)) == (2,)
        client.client_kill_filter(_type="normal", skipme=True)
        assert plan.row((1,)) == (2,)
        store.close()


def test_the_password_is_in_no_message(tmp_path: Path, running_redis: Running) -> None:
    with running_redis(tmp_path, password="open-sesame") as url:
        with_password = url.replace("redis://", "redis://:open-sesame@")
        store = RedisStore("shared", with_password)
        assert publish(store, "a.b.c", {1: 2}) == 1
        store.close()
        for wrong in (RedisStore("shared", url), RedisStore("shared", url, password="open-barley")):
            with pytest.raises(Unavailable, match="online store shared") as refused:
                wrong.table("a.b.c")
            text = "".join(traceback.format_exception(refused.value))
            assert "sesame" not in text and "barley" not in text
            wrong.close()


def test_a_store_without_memory_leaves_what_is_published(tmp_path: Path, running_redis: Running) -> None:
    with running_redis(tmp_path, "--maxmemory", "4mb") as url:
        store = RedisStore("shared", url)
        publish(store, "a.b.c", {1: 2})
        with pytest.raises(Unavailable, match="maxmemory"):
            publish(store, "a.b.c", dict.fromkeys(range(60_000), 3))
        assert store.table("a.b.c").plan().rows([(1,), (2,)]) == [(2,), None]  # type: ignore[union-attr]
        store.close()


def test_many_changes_go_into_a_copy_of_the_generation(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_writing, "FEW", 10)
    store = RedisStore("shared", redis_url)
    publish(store, "dev.[a]*.b?\\", {key: key for key in range(100)})
    plan = store.table("dev.[a]*.b?\\").plan()  # type: ignore[union-attr]
    with store.begin("dev.[a]*.b?\\", SCHEMA, keep=True) as writer:
        for start in (0, 8, 16):
            some = list(range(start, start + 8))
            writer.put(pa.table({"key": some}), pa.table({"number": [-key for key in some]}))
        writer.put(pa.table({"key": [500]}), pa.table({"number": [500]}))
        writer.delete(pa.table({"key": [99, 98, 1000]}))
        assert plan.rows([(3,), (50,), (99,), (500,)]) == [(3,), (50,), (99,), None]
        assert writer.commit({}) == 99
    assert plan.rows([(3,), (50,), (99,), (500,)]) == [(-3,), (50,), None, (500,)]
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 99 + 4
        client.flushall()
    store.close()


def test_a_publisher_that_stood_still_too_long_cannot_commit(redis_url: str) -> None:
    slow, quick = RedisStore("shared", redis_url), RedisStore("shared", redis_url)
    writer = slow.begin("a.b.c", SCHEMA, keep=False)
    writer.put(pa.table({"key": [1]}), pa.table({"number": [1]}))
    with redis.Redis.from_url(redis_url) as client:
        client.delete(b"boathouse:{a.b.c}:lock")  # as if its time had run out
    publish(quick, "a.b.c", {1: 2})
    with pytest.raises(Conflict, match="stood still"):
        writer.commit({})
    writer.abort()
    assert quick.table("a.b.c").plan().row((1,)) == (2,)  # type: ignore[union-attr]
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    slow.close()
    quick.close()


def test_scanning_notices_a_publication(redis_url: str) -> None:
    store = RedisStore("shared", redis_url)
    publish(store, "a.b.c", {key: key for key in range(9000)})
    scan = store.table("a.b.c").scan(batch_rows=10)  # type: ignore[union-attr]
    next(scan)
    publish(store, "a.b.c", {1: 1}, keep=True)
    with pytest.raises(Conflict, match="was published while it was read"):
        list(scan)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    store.close()


def test_a_lock_is_kept_as_long_as_its_holder_lives(redis_url: str) -> None:
    store, other = (RedisStore("shared", redis_url, lock_seconds=0.4) for _ in range(2))
    with store.begin("a.b.c", SCHEMA, keep=False):
        time.sleep(1)
        with pytest.raises(Conflict, match="Somebody else"):
            other.begin("a.b.c", SCHEMA, keep=False)
    store.close()
    other.close()
