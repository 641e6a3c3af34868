"""Existing Delta tables come under the catalog."""

from pathlib import Path

import pytest

from boathouse.care.delta_import import DeltaImport, Outcome, import_delta, table_name
from boathouse.catalog import TableType
from boathouse.foundation.errors import NotFound
from boathouse.foundation.names import TableName
from boathouse.lake import open_snapshot

from .conftest import CareHome, make_delta


def outcomes(care_home: CareHome, root: Path, **options: bool) -> dict[str, Outcome]:
    found = import_delta(care_home.ada, care_home.catalog, DeltaImport(root, care_home.schema, **options))
    return {str(each.source.relative_to(root)): each.outcome for each in found}


def table(care_home: CareHome, name: str):
    return care_home.catalog.securables.table(care_home.ada, TableName.parse(f"main.s.{name}"))


def test_nested_tables_are_found_and_partitions_are_none(care_home: CareHome, tmp_path: Path) -> None:
    root = tmp_path / "lake"
    make_delta(root / "orders", partition_by=["part"])
    make_delta(root / "Sales 2024" / "by-day")

    assert outcomes(care_home, root) == {"Sales 2024/by-day": Outcome.IMPORTED, "orders": Outcome.IMPORTED}

    assert care_home.names() == ["main.s.orders", "main.s.sales_2024_by_day"]
    assert [column.partition_index for column in table(care_home, "orders").columns] == [None, 0]


def test_comment_and_properties_are_kept_and_the_importer_owns_it(care_home: CareHome, tmp_path: Path) -> None:
    properties = {"delta.appendOnly": "true", "delta.enableChangeDataFeed": "true"}
    make_delta(tmp_path / "lake" / "t", description="All of them", configuration=properties)

    outcomes(care_home, tmp_path / "lake")

    found = table(care_home, "t").securable
    assert (found.comment, found.owner) == ("All of them", "ada")
    assert properties.items() <= found.properties.items()


def test_a_second_time_only_what_is_new_comes_in(care_home: CareHome, tmp_path: Path) -> None:
    root = tmp_path / "lake"
    make_delta(root / "a")
    for copies in (False, True):
        outcomes(care_home, root, copies=copies)
        make_delta(root / f"new_{copies}")
        assert outcomes(care_home, root, copies=copies)["a"] is Outcome.KNOWN
    assert care_home.names() == ["main.s.a", "main.s.new_false", "main.s.new_true"]


def test_a_copy_is_managed_and_keeps_its_versions(care_home: CareHome, tmp_path: Path) -> None:
    source = make_delta(tmp_path / "lake" / "t")
    make_delta(source, rows=2, mode="append")

    outcomes(care_home, tmp_path / "lake", copies=True)
    make_delta(source, rows=9, mode="overwrite")

    copy = table(care_home, "t")
    assert copy.table_type is TableType.MANAGED
    rows = [
        sum(file.row_count or 0 for file in open_snapshot(copy.storage_location, version=version).files)
        for version in (0, 1)
    ]
    assert rows == [3, 5]


def test_damaged_tables_and_taken_names_are_told_and_skipped(care_home: CareHome, tmp_path: Path) -> None:
    root = tmp_path / "lake"
    make_delta(root / "a b")
    make_delta(root / "a-b")
    log = make_delta(root / "broken") / "_delta_log" / "00000000000000000000.json"
    log.write_text("{")

    found = outcomes(care_home, root)

    assert found == {"a b": Outcome.IMPORTED, "a-b": Outcome.COLLIDES, "broken": Outcome.DAMAGED}
    assert care_home.names() == ["main.s.a_b"]


def test_a_dry_run_changes_nothing(care_home: CareHome, tmp_path: Path) -> None:
    make_delta(tmp_path / "lake" / "t")
    assert outcomes(care_home, tmp_path / "lake", dry_run=True, copies=True) == {"t": Outcome.IMPORTED}
    assert care_home.names() == []
    assert list(care_home.home.tables.iterdir()) == []


def test_a_folder_without_tables_is_an_error(care_home: CareHome, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "missing"):
        with pytest.raises(NotFound):
            outcomes(care_home, tmp_path / folder)


@pytest.mark.parametrize(
    ("path", "name"), [("2024/x", "_2024_x"), ("Ünïcode", "ünïcode"), ("...", "table"), (".", "data")]
)
def test_names_are_made_from_paths(path: str, name: str) -> None:
    root = Path("/data")
    assert table_name(root, root if path == "." else root / path) == name
