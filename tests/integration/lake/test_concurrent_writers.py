"""Sixteen processes append and four rewrite one table: no committed row may be lost."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from boathouse.lake import DuckDBEngine, as_url, open_snapshot, tables

WRITERS = Path(__file__).with_name("writers.py")
APPENDERS, APPENDS = 16, 6
REWRITES = 6
REWRITERS = {100: "overwrite", 101: "merge", 102: "delete", 103: "optimize"}


@pytest.mark.server
def test_no_committed_row_is_lost_when_sixteen_append_and_four_rewrite(tmp_path: Path) -> None:
    # given an empty table
    location = as_url(tmp_path / "contested")
    columns = ("writer", "sequence", "touched")
    tables.create_table(location, pa.schema([(column, pa.int64()) for column in columns]))

    # when all write at the same time
    processes = [_start(location, "append", writer, APPENDS) for writer in range(APPENDERS)]
    processes += [_start(location, kind, writer, REWRITES) for writer, kind in REWRITERS.items()]
    outputs = [process.communicate(timeout=240) for process in processes]

    # then each writer has either committed or met a conflict, and nothing else happened to it
    for process, (_, errors) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, errors
    reports = [line.split() for output, _ in outputs for line in output.splitlines()]
    assert len(reports) == APPENDERS * APPENDS + len(REWRITERS) * REWRITES
    appended = [(int(writer), int(sequence)) for what, writer, sequence in reports if int(writer) < APPENDERS]
    assert len(appended) == APPENDERS * APPENDS
    assert {what for what, writer, _ in reports if int(writer) < APPENDERS} == {"committed"}

    # and every committed row is there exactly once, while what was deleted is gone
    expected = Counter(
        (int(writer), int(sequence))
        for what, writer, sequence in reports
        if what == "committed" and REWRITERS.get(int(writer)) not in ("delete", "optimize")
    )
    table = DuckDBEngine().scan(open_snapshot(location)).arrow().to_pydict()
    found = Counter(zip(table["writer"], table["sequence"], strict=True))
    deleted = {key for key in found if key[0] == 102}
    assert Counter({key: count for key, count in found.items() if key not in deleted}) == expected
    committed_deletes = {int(sequence) for what, writer, sequence in reports if writer == "102" and what == "committed"}
    assert not {sequence for _, sequence in deleted} & committed_deletes


def _start(location: str, kind: str, writer: int, times: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WRITERS), location, kind, str(writer), str(times)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
