"""Columns change only when the writer asks for it."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.lake import SchemaMismatch, open_snapshot, tables

Read = Callable[..., dict[str, list[Any]]]


def test_a_write_with_other_columns_is_refused_by_name(trips_table: str) -> None:
    other = pa.table({"id": [4], "citty": ["Voss"], "speed": [1]})

    with pytest.raises(SchemaMismatch) as refusal:
        tables.append(trips_table, other)

    assert "the table has no column citty, speed" in refusal.value.message
    assert "the data lacks column city, distance" in refusal.value.message
    assert refusal.value.hint == "Did you mean city?"


def test_a_column_can_be_added_and_is_null_in_older_rows(trips_table: str, read: Read) -> None:
    tables.append(trips_table, pa.table({"id": [4], "speed": [80]}), schema_mode="merge")

    assert read(trips_table) == {
        "id": [1, 2, 3, 4],
        "city": ["Oslo", "Bergen", None, None],
        "distance": [1.5, 2.5, 3.5, None],
        "speed": [None, None, None, 80],
    }


def test_the_older_version_keeps_its_columns(trips_table: str, read: Read) -> None:
    tables.append(trips_table, pa.table({"id": [4], "speed": [80]}), schema_mode="merge")

    assert list(read(trips_table, version=0)) == ["id", "city", "distance"]


def test_an_overwrite_can_bring_a_new_schema(trips_table: str, read: Read) -> None:
    with pytest.raises(SchemaMismatch):
        tables.overwrite(trips_table, pa.table({"city": [1]}))

    tables.overwrite(trips_table, pa.table({"city": [1]}), schema_mode="overwrite")

    assert read(trips_table) == {"city": [1]}


def test_only_the_whole_table_can_get_a_new_schema(trips_table: str) -> None:
    with pytest.raises(InvalidInput, match="whole table"):
        tables.overwrite(trips_table, pa.table({"city": [1]}), predicate="id = 1", schema_mode="overwrite")


def test_a_merge_can_add_columns(trips_table: str, read: Read) -> None:
    source = pa.table({"id": [3, 4], "city": ["Bodø", "Voss"], "distance": [0.0, 1.0], "speed": [1, 2]})

    tables.merge(trips_table, source, on=["id"], schema_mode="merge")

    assert read(trips_table)["speed"] == [None, None, 1, 2]


def test_a_struct_with_other_fields_is_refused(location: str, read: Read) -> None:
    tables.create_table(location, data=pa.table({"id": [1], "place": [{"city": "Oslo"}]}))

    with pytest.raises(SchemaMismatch, match="Column place"):
        tables.append(location, pa.table({"id": [2], "place": [{"city": "Voss", "zip": "5700"}]}))


def test_columns_that_differ_only_in_case_are_refused(location: str) -> None:
    with pytest.raises(SchemaMismatch, match="twice"):
        tables.create_table(location, data=pa.table({"id": [1], "ID": [2]}))


def test_asking_for_evolution_without_a_change_does_not_touch_the_schema(trips_table: str, trips: pa.Table) -> None:
    tables.append(trips_table, trips, schema_mode="merge")

    (newest, *_) = tables.history(trips_table)
    assert not newest.changes_metadata
    assert open_snapshot(trips_table).arrow_schema.names == ["id", "city", "distance"]
