"""Files of tables, dropped tables, deployed code and leftovers."""

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from boathouse.care.garbage.nouns import Kind
from boathouse.care.garbage.table_files import interval_of
from boathouse.catalog import TableType
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import local_path

if TYPE_CHECKING:
    from conftest import GarbageHome

DAY_MS = 24 * 3600 * 1000


def table(here: "GarbageHome", name: str, versions: int = 3, days_old: int = 0) -> tuple[str, Path]:
    """A table that was overwritten again and again, its history moved back in time; id and folder."""
    full = TableName("main", "s", name)
    staged = here.catalog.securables.stage_table(here.ada, full)
    folder = local_path(staged.storage_location)
    for number in range(versions):
        write_deltalake(str(folder), pa.table({"id": [number]}), mode="overwrite")
    if days_old:
        move_back(folder, days_old)
    here.catalog.securables.create_table(
        here.ada, full, table_id=staged.table_id, storage_location=staged.storage_location, columns=(),
        table_type=TableType.MANAGED,
    )  # fmt: skip
    return staged.table_id, folder


def move_back(folder: Path, days: int) -> None:
    then = time.time() - days * 24 * 3600
    for path in folder.rglob("*"):
        if path.suffix == ".json":
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            for line in lines:
                for action, field in (("remove", "deletionTimestamp"), ("commitInfo", "timestamp")):
                    if action in line:
                        line[action][field] -= days * DAY_MS
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        os.utime(path, (then, then))


def ids(folder: Path, version: int | None = None) -> list[int]:
    return DeltaTable(str(folder), version=version).to_pyarrow_table()["id"].to_pylist()


def test_files_in_no_kept_version_go_and_those_of_a_pinned_version_stay(here: "GarbageHome") -> None:
    table_id, folder = table(here, "t", versions=4, days_old=20)
    here.catalog.pins.pin(SYSTEM, table_id, 1, "model_version:main.s.m/1")

    (told,) = here.told(Kind.TABLES)
    (gone,) = here.told(Kind.TABLES, dry_run=False)

    assert (told.what, told.files, told.bytes) == (gone.what, gone.files, gone.bytes)
    assert (told.what, told.files) == ("main.s.t", 2)
    assert told.bytes > 0 and gone.is_removed
    assert ids(folder) == [3]
    assert ids(folder, 1) == [1]
    assert len(list(folder.glob("*.parquet"))) == 2


def test_files_that_were_needed_a_moment_ago_stay(here: "GarbageHome") -> None:
    table(here, "t")

    assert here.told(Kind.TABLES, Kind.VERSIONS) == []


def test_a_table_that_asks_for_more_time_gets_it(here: "GarbageHome") -> None:
    _, folder = table(here, "t", versions=2, days_old=20)
    DeltaTable(str(folder)).alter.set_table_properties({"delta.deletedFileRetentionDuration": "interval 60 days"})

    assert here.told(Kind.TABLES) == []


def test_old_versions_leave_the_log_up_to_the_oldest_pinned_one(here: "GarbageHome") -> None:
    table_id, folder = table(here, "t", versions=6)
    for version in (2, 4):
        DeltaTable(str(folder), version=version).create_checkpoint()
    move_back(folder, 60)
    here.catalog.pins.pin(SYSTEM, table_id, 3, "model_version:main.s.m/1")

    (told,) = here.told(Kind.VERSIONS)
    (gone,) = here.told(Kind.VERSIONS, dry_run=False)

    assert (told.files, gone.files, gone.is_removed) == (2, 2, True)
    assert ids(folder) == [5]
    assert ids(folder, 3) == [3]
    assert not (folder / "_delta_log" / f"{1:020d}.json").exists()
    assert here.told(Kind.VERSIONS) == []


@pytest.mark.parametrize(
    ("text", "days"), [("interval 30 days", 30), ("interval 1 week", 7), ("48 hours", 2), ("", None), ("soon", None)]
)
def test_intervals_are_read_as_delta_writes_them(text: str, days: float | None) -> None:
    found = interval_of(text)

    assert (found.total_seconds() / 86400 if found else None) == days


def test_the_folder_of_a_dropped_table_goes_after_a_week(here: "GarbageHome") -> None:
    _, folder = table(here, "t")
    here.catalog.securables.drop(here.ada, *key("main.s.t"))
    assert here.told(Kind.DROPPED) == []
    here.wait_a_week()

    (told,) = here.told(Kind.DROPPED)
    (gone,) = here.told(Kind.DROPPED, dry_run=False)

    assert told.what == gone.what and "main.s.t" in told.what
    assert told.why == "was dropped"
    assert gone.is_removed and not folder.exists()
    assert not list((here.home.root / "trash").iterdir())


def test_a_dropped_table_that_a_model_was_trained_on_is_kept(here: "GarbageHome") -> None:
    table_id, folder = table(here, "t")
    here.catalog.pins.pin(SYSTEM, table_id, 0, "model_version:main.s.m/1")
    here.catalog.securables.drop(here.ada, *key("main.s.t"))
    here.wait_a_week()

    assert here.told(Kind.DROPPED) == []

    # when the model version is gone
    here.catalog.pins.release("model_version:main.s.m/1")
    assert [each.is_removed for each in here.told(Kind.DROPPED, dry_run=False)] == [True]
    assert not folder.exists()


def test_a_table_that_never_got_its_name_goes_and_a_living_one_stays(here: "GarbageHome") -> None:
    _, living = table(here, "t")
    staged = here.catalog.securables.stage_table(here.ada, TableName("main", "s", "u"))
    begun = local_path(staged.storage_location)
    write_deltalake(str(begun), pa.table({"id": [1]}))
    here.wait_a_week()

    (gone,) = here.told(Kind.DROPPED, dry_run=False)

    assert gone.why == "never became a table or volume"
    assert living.is_dir() and not begun.exists()


def test_a_table_that_gets_its_name_meanwhile_is_kept(here: "GarbageHome") -> None:
    full = TableName("main", "s", "u")
    staged = here.catalog.securables.stage_table(here.ada, full)
    begun = local_path(staged.storage_location)
    write_deltalake(str(begun), pa.table({"id": [1]}))
    here.wait_a_week()
    (found,) = here.told(Kind.DROPPED)

    here.catalog.securables.create_table(
        here.ada, full, table_id=staged.table_id, storage_location=staged.storage_location, columns=(),
        table_type=TableType.MANAGED,
    )  # fmt: skip

    dropped = next(each for each in here.collectors if each.kind is Kind.DROPPED)
    assert dropped.remove(found, here.before) is False
    assert ids(begun) == [1]


def test_code_that_nothing_goes_back_to_goes(here: "GarbageHome") -> None:
    place = here.home.bundles / "flights" / "dev" / "shared"
    used, unused, young = (place / (letter * 64) for letter in "abc")
    for folder in (used, unused):
        here.files(folder / "files", 2)
    here.code_in_use = {used / "files"}
    here.wait_a_week()
    here.files(young / "files", 1)
    os.utime(young, (here.clock.now().timestamp(),) * 2)

    (gone,) = here.told(Kind.BUNDLES, dry_run=False)

    assert (gone.what, gone.files) == (f"bundles/flights/dev/shared/{'b' * 64}", 2)
    assert used.is_dir() and young.is_dir() and not unused.exists()


def test_leftovers_go_and_the_trash_at_once(here: "GarbageHome") -> None:
    here.files(here.home.bundles / ".incoming" / "half", 1)
    here.files(here.home.environments / "abc.new", 1)
    here.files(here.home.environments / "abc", 1)
    here.files(here.home.root / "trash" / "something", 3)

    assert [each.what for each in here.told(Kind.LEFTOVERS, dry_run=False)] == ["trash/something"]
    here.wait_a_week()
    gone = here.told(Kind.LEFTOVERS, dry_run=False)

    assert {each.what for each in gone} == {"bundles/.incoming/half", "environments/abc.new"}
    assert (here.home.environments / "abc" / "0.bin").exists()


def key(name: str):
    from boathouse.catalog import SecurableKind

    return SecurableKind.TABLE, name
