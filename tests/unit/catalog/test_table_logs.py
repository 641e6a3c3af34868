"""What the log of a table tells those who may read the table."""

import pyarrow as pa
import pytest

from boathouse.catalog import Privilege
from boathouse.catalog.columns import columns_from_delta
from boathouse.foundation.errors import Denied, NotFound
from boathouse.foundation.names import TableName
from boathouse.lake import open_snapshot
from boathouse.lake.tables import append, create_table, optimize, overwrite

NAME = TableName.parse("dev.trips.rides")


@pytest.fixture
def place(law) -> str:
    """A table with rows in three versions."""
    staged = law.catalog.securables.stage_table(law.admin, NAME)
    rows = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "city": ["Kiel", "Lund", "Riga"]})
    create_table(staged.storage_location, rows.schema, properties={"delta.enableChangeDataFeed": "true"})
    append(staged.storage_location, rows, commit_info={"boathouse.principal": "alice"})
    append(staged.storage_location, rows.slice(0, 1))
    law.catalog.securables.create_table(
        law.admin,
        NAME,
        table_id=staged.table_id,
        storage_location=staged.storage_location,
        columns=columns_from_delta(open_snapshot(staged.storage_location).schema_json),
    )
    return staged.storage_location


def test_versions_are_told_newest_first(law, place: str) -> None:
    found = law.catalog.table_logs.history(law.admin, NAME)

    assert [each.version for each in found] == [2, 1, 0]
    assert (found[1].principal, found[1].changes_data, found[2].changes_schema) == ("alice", True, True)
    assert [each.version for each in law.catalog.table_logs.history(law.admin, NAME, limit=1)] == [2]


def test_two_versions_differ_in_columns_figures_and_ranges(law, place: str) -> None:
    wider = pa.table({"id": pa.array([9], pa.int64()), "town": ["Oslo"]})
    overwrite(place, wider, schema_mode="overwrite")

    found = law.catalog.table_logs.difference(law.admin, NAME, 2, 3)

    assert (found.before.rows, found.after.rows) == (4, 1)
    assert [(each.name, each.before, each.after) for each in found.columns] == [
        ("city", "string", None),
        ("town", None, "string"),
    ]
    assert [(each.name, each.before, each.after) for each in found.ranges] == [("id", (1, 3), (9, 9))]
    assert found.has_rows and not law.catalog.table_logs.difference(law.admin, NAME, 3, 2).has_rows


def test_upkeep_says_what_would_help(law, place: str) -> None:
    for _ in range(8):
        append(place, pa.table({"id": pa.array([5], pa.int64()), "city": ["Bern"]}))
    law.catalog.pins.pin(law.admin, law.catalog.securables.table(law.admin, NAME).securable.id, 1, "model:m/1")

    before = law.catalog.table_logs.upkeep(law.admin, NAME)
    optimize(place)
    after = law.catalog.table_logs.upkeep(law.admin, NAME)

    assert (before.newest.files, before.small_files, before.optimized, before.pinned) == (10, 10, None, (1,))
    assert "OPTIMIZE dev.trips.rides" in before.advice[0]
    assert after.newest.files == 1 and after.optimized is not None
    assert [advice for advice in after.advice if "OPTIMIZE" in advice] == []
    assert "VACUUM" in after.advice[0]


def test_who_may_not_read_the_table_learns_nothing(law, place: str) -> None:
    with pytest.raises(NotFound):
        law.catalog.table_logs.history(law.bob, NAME)
    law.let("bob", Privilege.BROWSE)
    with pytest.raises(Denied):
        law.catalog.table_logs.upkeep(law.bob, NAME)
