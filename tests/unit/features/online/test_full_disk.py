"""A disk that is full or has lost something: readers see what was published before, and nobody is killed."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from boathouse.features.online.contract import OnlineSchema
from boathouse.features.online.lmdb.store import LmdbStore
from boathouse.foundation.errors import Unavailable

SCHEMA = OnlineSchema(pa.schema([("key", pa.int64())]), pa.schema([("text", pa.string())]))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB; only root can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("a small disk can only be mounted by root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def publish(store: LmdbStore, table: str, rows: int, text: str) -> None:
    with store.begin(table, SCHEMA, keep=False) as writer:
        writer.put(pa.table({"key": range(rows)}), pa.table({"text": [text] * rows}))
        writer.commit({"text": text})


def test_what_does_not_fit_leaves_what_was_there(small_disk: Path) -> None:
    store = LmdbStore("near", small_disk / "online")
    publish(store, "a.b.c", 100, "before")
    table = store.table("a.b.c")
    assert table is not None
    plan = table.plan()
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"near cannot be used.*disk is full"):
            publish(store, "a.b.c", 40_000, "x" * 300)
        assert (plan.row((1,)), table.count(), table.meta) == (("before",), 100, {"text": "before"})
    publish(store, "a.b.c", 100, "after")
    assert plan.row((1,)) == ("after",)


def test_a_new_table_on_a_full_disk_is_refused(small_disk: Path) -> None:
    store = LmdbStore("near", small_disk / "online")
    publish(store, "a.b.c", 100, "before")
    with (small_disk / "full").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(65_536))
    with pytest.raises(Unavailable, match=r"near cannot be used: No space left"):
        publish(store, "x.y.z", 100, "new")
    assert store.tables() == ["a.b.c"]
    table = LmdbStore("near", small_disk / "online").table("a.b.c")
    assert table is not None
    assert table.plan().row((1,)) == ("before",)


def test_a_damaged_table_is_taken_away_and_published_again(tmp_path: Path) -> None:
    store = LmdbStore("near", tmp_path)
    publish(store, "a.b.c", 100, "before")
    (tmp_path / "a.b.c" / "data.mdb").write_bytes(b"\x01" * 8192)
    with pytest.raises(Unavailable, match=r"near is damaged.*unpublish"):
        store.table("a.b.c")
    with pytest.raises(Unavailable, match=r"near is damaged"):
        publish(store, "a.b.c", 100, "after")
    store.drop("a.b.c")
    assert store.table("a.b.c") is None
    publish(store, "a.b.c", 100, "after")
    table = store.table("a.b.c")
    assert table is not None
    assert table.plan().row((1,)) == ("after",)
