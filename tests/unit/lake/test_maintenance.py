"""Optimising, vacuuming and cleaning the log, all under pins."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput
from boathouse.lake import DamagedTable, VersionNotFound, as_url, open_snapshot, tables

Read = Callable[..., dict[str, list[Any]]]


@pytest.fixture
def busy_table(location: str) -> str:
    """A table of which each version holds just its own number."""
    tables.create_table(location, data=pa.table({"version": [0]}))
    for version in range(1, 6):
        tables.overwrite(location, pa.table({"version": [version]}))
    return location


def test_optimising_puts_small_files_together_and_keeps_the_rows(trips_table: str, trips: pa.Table, read: Read) -> None:
    for _ in range(3):
        tables.append(trips_table, trips)

    tables.optimize(trips_table)

    assert len(open_snapshot(trips_table).files) == 1
    assert read(trips_table)["id"] == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]
    assert not tables.history(trips_table)[0].changes_data


def test_rows_can_be_ordered_along_columns(trips_table: str, trips: pa.Table, read: Read) -> None:
    tables.append(trips_table, trips)

    tables.optimize(trips_table, z_order_by=["city"])

    assert read(trips_table)["id"] == [1, 1, 2, 2, 3, 3]


def test_vacuum_deletes_what_no_version_in_the_retention_needs(busy_table: str, read: Read, tmp_path: Path) -> None:
    deleted = tables.vacuum(busy_table, retention_hours=0)

    assert len(deleted) == 5
    assert read(busy_table) == {"version": [5]}
    assert len(list((tmp_path / "table").glob("*.parquet"))) == 1
    with pytest.raises(DamagedTable, match="vacuumed"):
        read(busy_table, version=3)


def test_vacuum_keeps_what_is_within_the_retention(busy_table: str, read: Read) -> None:
    assert tables.vacuum(busy_table, retention_hours=1) == []
    assert read(busy_table, version=0) == {"version": [0]}


def test_vacuum_can_only_tell_what_it_would_do(busy_table: str, read: Read) -> None:
    version = open_snapshot(busy_table).version

    assert len(tables.vacuum(busy_table, retention_hours=0, dry_run=True)) == 5
    assert read(busy_table, version=0) == {"version": [0]}
    assert open_snapshot(busy_table).version == version


def test_vacuum_removes_what_a_dead_writer_left(busy_table: str, tmp_path: Path) -> None:
    orphan = tmp_path / "table" / "part-00000-orphan-c000.zstd.parquet"
    orphan.write_bytes(b"half a file")

    assert orphan.name in tables.vacuum(busy_table, retention_hours=0)
    assert not orphan.exists()


def test_a_pin_that_points_nowhere_stops_the_vacuum(busy_table: str, read: Read) -> None:
    with pytest.raises(VersionNotFound):
        tables.vacuum(busy_table, retention_hours=0, pinned_versions=[99])
    assert read(busy_table, version=0) == {"version": [0]}


def test_a_negative_retention_is_refused(busy_table: str) -> None:
    with pytest.raises(InvalidInput, match="-1 hours"):
        tables.vacuum(busy_table, retention_hours=-1)


def test_the_log_is_cleaned_up_to_the_newest_version(busy_table: str, read: Read, tmp_path: Path) -> None:
    removed = tables.clean_log(busy_table, retention_hours=0)

    assert removed == [f"{version:020d}.json" for version in range(5)]
    assert read(busy_table) == {"version": [5]}
    tables.overwrite(busy_table, pa.table({"version": [6]}))
    assert read(busy_table, version=5) == {"version": [5]}
    with pytest.raises(VersionNotFound):
        read(busy_table, version=4)


def test_the_log_is_kept_within_the_retention(busy_table: str) -> None:
    assert tables.clean_log(busy_table) == []


def test_cleaning_can_only_tell_what_it_would_do(busy_table: str) -> None:
    tables.clean_log(busy_table, retention_hours=0, pinned_versions=[0])
    assert len(tables.clean_log(busy_table, retention_hours=0, dry_run=True)) == 5
    assert len(tables.history(busy_table)) == 6


def test_a_pinned_version_stays_readable_after_both(busy_table: str, read: Read) -> None:
    tables.clean_log(busy_table, retention_hours=0, pinned_versions=[3])  # leaves a checkpoint at 5
    tables.overwrite(busy_table, pa.table({"version": [6]}))

    tables.vacuum(busy_table, retention_hours=0, pinned_versions=[3, 5])
    tables.clean_log(busy_table, retention_hours=0, pinned_versions=[3, 5])

    assert read(busy_table, version=3) == {"version": [3]}
    assert read(busy_table, version=5) == {"version": [5]}
    tables.clean_log(busy_table, retention_hours=0, pinned_versions=[5])
    assert read(busy_table, version=5) == {"version": [5]}


@settings(max_examples=15, deadline=None)
@given(pins=st.sets(st.integers(0, 5), max_size=3), order=st.permutations(["vacuum", "clean", "optimize"]))
def test_whatever_is_pinned_stays_whatever_is_done(
    tmp_path_factory: pytest.TempPathFactory, pins: set[int], order: list[str]
) -> None:
    from boathouse.lake import DuckDBEngine

    location = as_url(tmp_path_factory.mktemp("pins") / "table")
    tables.create_table(location, data=pa.table({"version": [0]}))
    for version in range(1, 6):
        tables.overwrite(location, pa.table({"version": [version]}))
    for step in order * 2:
        if step == "vacuum":
            tables.vacuum(location, retention_hours=0, pinned_versions=pins)
        elif step == "clean":
            tables.clean_log(location, retention_hours=0, pinned_versions=pins)
        else:
            tables.optimize(location)

    for pin in pins:
        assert DuckDBEngine().scan(open_snapshot(location, version=pin)).arrow()["version"].to_pylist() == [pin]
    assert DuckDBEngine().scan(open_snapshot(location)).arrow()["version"].to_pylist() == [5]
