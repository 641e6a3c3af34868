"""A publisher may die at any moment, or find no store: readers see a whole version, and the next publication works."""

import importlib.util
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from boathouse.catalog import Catalog
from boathouse.features import FeatureEngineeringClient
from boathouse.features.online import stores
from boathouse.features.online.publishing import publishing
from boathouse.features.online.verifying import verify
from boathouse.foundation.errors import Unavailable
from boathouse.session import Session

KEYS = 5_000
ONLINE = "dev.shop.t_online"

PUBLISHER = """
import sys
from pathlib import Path
from boathouse.catalog import Catalog
from boathouse.features.online.publishing.publishing import publish
from boathouse.foundation.home import Home
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database, DatabaseUrl
from boathouse.session import LocalLaw, Session

home = Home(Path(sys.argv[1]))
catalog = Catalog(Database(DatabaseUrl.sqlite(home.databases / "boathouse.db")), home)
session = Session(catalog.identities.principal("root"), LocalLaw(catalog), DuckDBEngine())
print("ready", flush=True)
publish(session, "dev.shop.t", store=sys.argv[2], mode=sys.argv[3])
print("done", flush=True)
"""


def _running_redis() -> Callable[..., Any]:
    place = Path(__file__).parents[1] / "online" / "redis_server.py"
    spec = importlib.util.spec_from_file_location("publishing_redis_server", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.running_redis


@pytest.fixture(params=["lmdb", "redis"])
def store(request: pytest.FixtureRequest, fe: FeatureEngineeringClient, tmp_path: Path) -> Iterator[str]:
    if request.param == "lmdb":
        yield "default"
        return
    (tmp_path / "redis").mkdir()
    with _running_redis()(tmp_path / "redis") as url:
        fe.create_online_store(name="shared", kind="redis", url=url)
        yield "shared"


def generation(number: int) -> pa.Table:
    """All keys, each with the number in every feature."""
    return pa.table({"id": range(KEYS), "a": [number] * KEYS, "b": [f"text {number}"] * KEYS})


def seen(session: Session, store: str) -> tuple[int, set[int]]:
    """The version that readers are told of, and the numbers that its rows hold."""
    opened = stores.opened_store(session, store)
    try:
        table = opened.table(ONLINE)
        assert table is not None
        numbers, count = set[int](), 0
        for batch in table.scan():
            numbers |= set(batch.column("a").to_pylist())
            assert set(batch.column("b").to_pylist()) <= {f"text {number}" for number in numbers}
            count += batch.num_rows
        assert count == KEYS
        return int(table.meta["version"]), numbers
    finally:
        opened.close()


@pytest.mark.parametrize("mode", ["SNAPSHOT", "TRIGGERED"])
def test_a_killed_publisher_leaves_one_whole_version(
    fe: FeatureEngineeringClient, session: Session, catalog: Catalog, store: str, mode: Any, tmp_path: Path
) -> None:
    fe.create_table(name="dev.shop.t", primary_keys="id", df=generation(0))
    session.sql("ALTER TABLE dev.shop.t SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
    fe.publish_table(source_table_name="dev.shop.t", online_store=store)
    numbers = {session.open_tables(["dev.shop.t"])[0].snapshot.version: 0}
    program = tmp_path / "publisher.py"
    program.write_text(PUBLISHER)
    chance = random.Random(len(store) + len(mode))
    for number in range(1, 5):
        version = fe.write_table(name="dev.shop.t", df=generation(number), mode="overwrite").version
        numbers[version] = number
        command = [sys.executable, str(program), str(catalog.home.root), store, mode]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.6))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        told, found = seen(session, store)
        assert found == {numbers[told]}
    done = fe.publish_table(source_table_name="dev.shop.t", publish_mode=mode)
    assert seen(session, store) == (done.published_version, {4})
    assert verify(session, ONLINE).matches


def test_readers_see_one_version_while_others_are_published(
    fe: FeatureEngineeringClient, session: Session, store: str
) -> None:
    fe.create_table(name="dev.shop.t", primary_keys="id", df=generation(0))
    fe.publish_table(source_table_name="dev.shop.t", online_store=store)
    opened = stores.opened_store(session, store)
    table = opened.table(ONLINE)
    assert table is not None
    plan, keys = table.plan(["a", "b"]), [(key,) for key in range(0, KEYS, 97)]
    stop, mixed, reads = threading.Event(), list[Any](), list[int]()

    def read() -> None:
        while not stop.is_set():
            rows = plan.rows(keys)
            reads.append(1)
            if len(set(rows)) != 1 or rows[0] is None:
                mixed.append(rows)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(1, 4):
            fe.write_table(name="dev.shop.t", df=generation(number), mode="overwrite")
            fe.publish_table(source_table_name="dev.shop.t", publish_mode="SNAPSHOT")
    finally:
        stop.set()
        reader.join()
        opened.close()
    assert reads
    assert mixed == []


def test_a_store_that_does_not_answer_is_named_and_keeps_what_it_has(
    fe: FeatureEngineeringClient, session: Session, tmp_path: Path
) -> None:
    fe.create_table(name="dev.shop.t", primary_keys="id", df=generation(0))
    fe.create_online_store(name="shared", kind="redis", url="redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable, match="shared"):
        fe.publish_table(source_table_name="dev.shop.t", online_store="shared")
    with pytest.raises(Unavailable, match="shared"):
        verify(session, ONLINE)
    with pytest.raises(Unavailable, match="shared"):
        publishing.unpublish(session, ONLINE)
    publishing.unpublish(session, ONLINE, force=True)
    fe.delete_online_store(name="shared")


def test_continuous_publishing_stops_when_it_is_told(fe: FeatureEngineeringClient, session: Session) -> None:
    fe.create_table(name="dev.shop.t", primary_keys="id", df=generation(0))
    stop, results = threading.Event(), list[Any]()
    publisher = threading.Thread(
        target=lambda: results.append(publishing.publish(session, "dev.shop.t", mode="CONTINUOUS", stop=stop))
    )
    publisher.start()
    try:
        version = fe.write_table(name="dev.shop.t", df=generation(1).slice(0, 5)).version
        registry = stores.registry_of(session)
        end = time.monotonic() + 60
        while not any(each.published_version == version for each in registry.publications(session.principal)):
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        stop.set()
        publisher.join()
    assert results[0].published_version == version
    assert verify(session, ONLINE).matches


def test_continuous_publishing_gives_back_what_a_store_has_lost(
    fe: FeatureEngineeringClient, session: Session, store: str
) -> None:
    fe.create_table(name="dev.shop.t", primary_keys="id", df=generation(0))
    fe.publish_table(source_table_name="dev.shop.t", online_store=store)
    stop, opened = threading.Event(), stores.opened_store(session, store)
    publisher = threading.Thread(target=publishing.publish, args=(session, "dev.shop.t"),
                                 kwargs={"mode": "CONTINUOUS", "stop": stop})  # fmt: skip
    publisher.start()
    try:
        for _ in range(2):
            opened.drop(ONLINE)
            end = time.monotonic() + 60
            while opened.table(ONLINE) is None:
                assert time.monotonic() < end
                time.sleep(0.05)
    finally:
        stop.set()
        publisher.join()
        opened.close()
    assert verify(session, ONLINE).matches
