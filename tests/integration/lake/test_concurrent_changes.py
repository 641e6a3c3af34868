"""Eight processes append, update, delete and merge at once; a killed one leaves the old version."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from boathouse.lake import DuckDBEngine, as_url, open_snapshot, tables

CHANGERS = Path(__file__).with_name("changers.py")
TIMES = 5
KINDS = ("append", "append", "increment", "increment", "increment", "delete", "merge", "merge")


def start(location: str, kind: str, writer: int, times: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHANGERS), location, kind, str(writer), str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows(location: str) -> list[tuple[int, int]]:
    table = DuckDBEngine().scan(open_snapshot(location)).arrow().to_pydict()
    return sorted(zip(table["key"], table["count"], strict=True))


@pytest.mark.server
def test_the_table_is_what_some_order_of_the_changes_would_make_it(tmp_path: Path) -> None:
    # given three rows that are counted up, and nothing else
    location = as_url(tmp_path / "contested")
    tables.create_table(location, data=pa.table({"key": [0, 1, 2], "count": [0, 0, 0]}))

    # when eight processes change the table at once
    processes = [start(location, kind, writer, TIMES) for writer, kind in enumerate(KINDS, start=1)]
    outputs = [process.communicate(timeout=240) for process in processes]

    # then each change took place exactly once
    for process, (_, errors) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, errors
    added = [
        (1000 * writer + number, 0)
        for writer, kind in enumerate(KINDS, start=1) if kind in ("append", "merge")
        for number in range(TIMES)
    ]  # fmt: skip
    increments = TIMES * KINDS.count("increment")
    assert Counter(rows(location)) == Counter([(key, increments) for key in range(3)] + added)

    # and the change feed tells the same story
    feed = pa.Table.from_batches(tables.changes(location, 0)).to_pydict()
    balance: Counter[tuple[int, int]] = Counter()
    for key, count, change in zip(feed["key"], feed["count"], feed["_change_type"], strict=True):
        balance[key, count] += 1 if change in ("insert", "update_postimage") else -1
    assert +balance == Counter(rows(location))
    assert not -balance


@pytest.mark.server
@pytest.mark.parametrize("after_seconds", [0.0, 0.05, 0.2])
def test_a_killed_change_leaves_a_whole_version(tmp_path: Path, after_seconds: float) -> None:
    location = as_url(tmp_path / "killed")
    count = 400_000
    tables.create_table(location, data=pa.table({"key": [0, 1, 2] * count, "count": [0] * (3 * count)}))
    process = start(location, "increment", 1, 50)
    assert process.stdout is not None
    process.stdout.readline()  # the first one has landed, another is under way
    time.sleep(after_seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = {number for _, number in rows(location)}
    assert len(left) == 1
    assert left != {0}
    tables.vacuum(location, retention_hours=0)
    assert {number for _, number in rows(location)} == left
