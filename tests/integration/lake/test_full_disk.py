"""A full disk is an error that says so, and nothing half done."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from boathouse.lake import DuckDBEngine, EngineQuery, OutOfSpace, as_url, open_snapshot, tables
from boathouse.lake.key_merging import merge_frame
from boathouse.lake.merging import Merge

ROWS_OF_8_MB = 1_000_000


def _incompressible(rows: int = ROWS_OF_8_MB) -> pa.Table:
    return pa.table({"noise": np.random.default_rng(7).integers(0, 2**63, rows)})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB; only root can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("a small disk can only be mounted by root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_table_that_does_not_fit_is_not_created(small_disk: Path) -> None:
    location = as_url(small_disk / "table")

    with pytest.raises(OutOfSpace, match=r"no space left .*nothing was committed"):
        tables.create_table(location, data=_incompressible())

    assert not (small_disk / "table").exists()


@pytest.mark.parametrize("write", [tables.append, tables.overwrite])
def test_a_write_that_does_not_fit_leaves_the_table_as_it_was(small_disk: Path, write: Any) -> None:
    location = as_url(small_disk / "table")
    tables.create_table(location, data=_incompressible(1000))

    with pytest.raises(OutOfSpace):
        write(location, _incompressible())

    snapshot = open_snapshot(location)
    assert snapshot.version == 0
    assert DuckDBEngine().scan(snapshot).arrow().num_rows == 1000


def test_when_there_is_space_again_writing_goes_on(small_disk: Path) -> None:
    location = as_url(small_disk / "table")
    tables.create_table(location, data=_incompressible(1000))
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(b"x" * 65536)
            file.flush()

    with pytest.raises(OutOfSpace):
        tables.append(location, _incompressible(1000))
    ballast.unlink()

    assert tables.append(location, _incompressible(1000)) == 1
    tables.vacuum(location, retention_hours=0)
    assert DuckDBEngine().scan(open_snapshot(location)).arrow().num_rows == 2000


def test_a_change_that_does_not_fit_leaves_the_table_as_it_was(small_disk: Path) -> None:
    location = as_url(small_disk / "table")
    tables.create_table(location, data=_incompressible(300_000))
    files = sorted(small_disk.rglob("*.parquet"))

    with pytest.raises(OutOfSpace, match=r"no space left .*nothing was committed"):
        merge_frame(DuckDBEngine(), location, _incompressible(), Merge(["noise"], "update", "insert", "ignore"))

    assert open_snapshot(location).version == 0
    assert sorted(small_disk.rglob("*.parquet")) == files


LIMITED = """
import resource, sys
import numpy as np, pyarrow as pa
from boathouse.lake import OutOfSpace, tables
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
try:
    tables.create_table(sys.argv[1], data=pa.table({"noise": np.random.default_rng(7).integers(0, 2**63, 10**6)}))
except OutOfSpace as error:
    print(error.message)
"""


def test_a_file_size_limit_counts_as_a_full_disk(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, as_url(tmp_path / "table")]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "nothing was committed" in output
    assert not (tmp_path / "table").exists()


def test_a_query_that_cannot_spill_says_what_is_short(small_disk: Path) -> None:
    from boathouse.foundation.errors import Unavailable
    from boathouse.lake import DuckDBSettings

    settings = DuckDBSettings(threads=1, memory_limit="64MB", spill_folder=str(small_disk / "spill"))
    rows = DuckDBEngine(settings).run(
        EngineQuery("SELECT hash(a.range) AS h FROM range(20000000) AS a ORDER BY h DESC, a.range LIMIT 10000000")
    )

    with pytest.raises(Unavailable):
        rows.arrow()
