"""Processes that count up in one table, each by reading it and writing it back."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from boathouse.lake import DuckDBEngine, as_url, open_snapshot, tables

COUNT_UP = """
import sys, pyarrow as pa
from boathouse.lake import DuckDBEngine, WriteConflict, open_snapshot, tables
location, committed = sys.argv[1], 0
while committed < int(sys.argv[2]):
    snapshot = open_snapshot(location)
    (count,) = DuckDBEngine().scan(snapshot).arrow()["count"].to_pylist()
    try:
        tables.overwrite(location, pa.table({"count": [count + 1]}), read_version=snapshot.version)
        committed += 1
    except WriteConflict:
        pass
"""


@pytest.mark.server
def test_no_count_is_lost_between_processes(tmp_path: Path) -> None:
    location = as_url(tmp_path / "counter")
    tables.create_table(location, data=pa.table({"count": [0]}))

    processes = [subprocess.Popen([sys.executable, "-c", COUNT_UP, location, "10"]) for _ in range(4)]
    exit_codes = [process.wait(timeout=200) for process in processes]

    assert exit_codes == [0, 0, 0, 0]
    assert DuckDBEngine().scan(open_snapshot(location)).arrow()["count"].to_pylist() == [40]
    assert open_snapshot(location).version == 40
