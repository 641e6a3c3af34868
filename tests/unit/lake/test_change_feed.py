"""What each commit changed."""

from pathlib import Path

import pyarrow as pa
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.lake import DamagedTable, VersionNotFound, tables


def _changes(location: str, start: int = 0, end: int | None = None) -> list[tuple[int, str, int]]:
    feed = tables.changes(location, start, end).read_all().to_pydict()
    return sorted(zip(feed["_commit_version"], feed["_change_type"], feed["id"], strict=True))


def test_inserts_updates_and_deletes_are_told_apart(trips_table: str) -> None:
    tables.append(trips_table, pa.table({"id": [4], "city": ["Voss"], "distance": [4.0]}))
    tables.merge(trips_table, pa.table({"id": [4], "city": ["Bodø"], "distance": [4.0]}), on=["id"])
    tables.delete_rows(trips_table, "id = 1")

    assert _changes(trips_table) == [
        *((0, "insert", 1), (0, "insert", 2), (0, "insert", 3)),
        (1, "insert", 4),
        *((2, "update_postimage", 4), (2, "update_preimage", 4)),
        (3, "delete", 1),
    ]
    assert _changes(trips_table, 1, 1) == [(1, "insert", 4)]


def test_maintenance_changes_nothing(trips_table: str, trips: pa.Table) -> None:
    tables.append(trips_table, trips)
    tables.optimize(trips_table)

    assert _changes(trips_table, 2) == []


def test_the_feed_has_the_columns_of_the_table_and_three_more(trips_table: str) -> None:
    tables.append(trips_table, pa.table({"id": [4], "speed": [1]}), schema_mode="merge")

    feed = tables.changes(trips_table, 0)

    assert feed.schema.names == [
        "id",
        "city",
        "distance",
        "speed",
        "_change_type",
        "_commit_version",
        "_commit_timestamp",
    ]
    assert feed.read_all()["speed"].to_pylist() == [None, None, None, 1]


def test_partition_values_with_odd_characters_are_found(location: str) -> None:
    rows = pa.table({"id": [1, 2, 3], "part": ["a b", "x/y", None]})
    tables.create_table(location, data=rows, partition_by=["part"])
    tables.delete_rows(location, "id = 2")

    feed = tables.changes(location, 0).read_all().sort_by([("_commit_version", "ascending"), ("id", "ascending")])

    assert feed["part"].to_pylist() == ["a b", "x/y", None, "x/y"]
    assert feed["_change_type"].to_pylist() == ["insert"] * 3 + ["delete"]


def test_an_instant_can_begin_the_feed(trips_table: str, trips: pa.Table) -> None:
    tables.append(trips_table, trips)
    (newest, _) = tables.history(trips_table)

    assert tables.changes(trips_table, newest.timestamp).read_all().num_rows == 3


def test_versions_that_do_not_exist_are_refused(trips_table: str) -> None:
    with pytest.raises(VersionNotFound):
        tables.changes(trips_table, 5, 9)
    with pytest.raises(InvalidInput, match="end at version 0, before they start at version 1"):
        tables.changes(trips_table, 1)


def test_a_table_without_the_feed_says_how_to_get_it(location: str, trips: pa.Table) -> None:
    tables.create_table(location, data=trips, properties={"delta.enableChangeDataFeed": "false"})

    with pytest.raises(InvalidInput, match=r"was off at version 0\. Set the table property"):
        tables.changes(location, 0)


def test_changes_whose_files_were_vacuumed_are_gone(trips_table: str, tmp_path: Path) -> None:
    tables.delete_rows(trips_table, None)
    tables.vacuum(trips_table, retention_hours=0)

    with pytest.raises(DamagedTable, match=r"version 0 .* are gone"):
        tables.changes(trips_table, 0).read_all()
