"""Reading and restoring what a table was."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput
from boathouse.lake import NoTableThere, VersionNotFound, as_url, open_snapshot, tables, version_at
from boathouse.lake.log import DeltaLog
from boathouse.lake.snapshots import dated_commits

Read = Callable[..., dict[str, list[Any]]]
BEGINNING = datetime(2013, 1, 1, tzinfo=UTC)


def _date_commits(location: str, offsets: list[int]) -> None:
    """Let the commits have happened at given milliseconds after the beginning of 2013."""
    log = DeltaLog(location)
    for version, offset in enumerate(offsets):
        file = log.commit_file(version)
        commit = log.commit(version)
        assert commit is not None
        old, new = f'"timestamp":{commit.info["timestamp"]}', f'"timestamp":{_ms(BEGINNING) + offset}'
        file.write_text(file.read_text().replace(old, new))


def _ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def test_each_version_can_be_read_again(trips_table: str, trips: pa.Table, read: Read) -> None:
    tables.append(trips_table, trips)
    tables.delete_rows(trips_table, None)

    assert len(read(trips_table, version=0)["id"]) == 3
    assert len(read(trips_table, version=1)["id"]) == 6
    assert len(read(trips_table, version=2)["id"]) == 0
    assert len(read(trips_table)["id"]) == 0


def test_an_instant_means_the_latest_version_committed_at_or_before_it(trips_table: str, trips: pa.Table) -> None:
    tables.append(trips_table, trips)
    tables.append(trips_table, trips)
    _date_commits(trips_table, [0, 1000, 2000])

    at = {
        offset: version_at(trips_table, BEGINNING + timedelta(milliseconds=offset)) for offset in (0, 999, 1000, 9999)
    }

    assert at == {0: 0, 999: 0, 1000: 1, 9999: 2}
    assert open_snapshot(trips_table, timestamp=BEGINNING + timedelta(milliseconds=1500)).version == 1


def test_an_instant_without_a_zone_is_in_utc(trips_table: str) -> None:
    _date_commits(trips_table, [0])

    assert version_at(trips_table, BEGINNING.replace(tzinfo=None)) == 0


def test_before_its_first_version_a_table_did_not_exist(trips_table: str) -> None:
    with pytest.raises(VersionNotFound, match=r"no version as of 1999-.*its oldest one is version 0"):
        open_snapshot(trips_table, timestamp=datetime(1999, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("version", [1, 99, -1])
def test_a_version_that_does_not_exist_is_named_with_those_that_do(trips_table: str, version: int) -> None:
    with pytest.raises(VersionNotFound, match=f"no version {version}; its log holds 0 to 0"):
        open_snapshot(trips_table, version=version)


def test_a_place_without_a_table_has_no_versions(location: str) -> None:
    for when in ({}, {"version": 0}, {"timestamp": BEGINNING}):
        with pytest.raises(NoTableThere):
            open_snapshot(location, **when)


def test_restore_brings_back_rows_and_keeps_the_history(trips_table: str, trips: pa.Table, read: Read) -> None:
    tables.delete_rows(trips_table, "id > 1")

    assert tables.restore(trips_table, version=0) == 2
    assert read(trips_table) == trips.to_pydict()
    assert [commit.operation for commit in tables.history(trips_table)] == ["RESTORE", "DELETE", "WRITE"]
    assert len(tables.history(trips_table, limit=1)) == 1


def test_restore_brings_back_the_schema(trips_table: str, trips: pa.Table, read: Read) -> None:
    tables.overwrite(trips_table, pa.table({"city": [1]}), schema_mode="overwrite")

    tables.restore(trips_table, version=0)

    assert read(trips_table) == trips.to_pydict()


def test_restore_needs_exactly_one_way_to_say_when(trips_table: str) -> None:
    with pytest.raises(InvalidInput, match="either a version or a timestamp"):
        tables.restore(trips_table)
    with pytest.raises(VersionNotFound):
        tables.restore(trips_table, version=5)


def test_a_snapshot_stays_what_it_was_while_the_table_goes_on(trips_table: str, trips: pa.Table) -> None:
    before = open_snapshot(trips_table)
    tables.append(trips_table, trips)

    assert before.version == 0
    assert len(before.files) == 1
    assert open_snapshot(trips_table).version == 1


def test_a_table_made_anew_at_the_same_place_is_not_mistaken_for_the_old(
    trips_table: str, tmp_path: Path, read: Read
) -> None:
    assert read(trips_table)["id"] == [1, 2, 3]
    (tmp_path / "table").rename(tmp_path / "away")

    tables.create_table(trips_table, data=pa.table({"other": ["x"]}))

    assert read(trips_table) == {"other": ["x"]}
    assert read(trips_table, version=0) == {"other": ["x"]}


@settings(max_examples=25, deadline=None)
@given(offsets=st.lists(st.integers(0, 50), min_size=1, max_size=5), asked=st.integers(-10, 80))
def test_whatever_the_clocks_say_an_instant_finds_the_last_version_not_after_it(
    tmp_path_factory: pytest.TempPathFactory, offsets: list[int], asked: int
) -> None:
    location = as_url(tmp_path_factory.mktemp("travel") / "table")
    tables.create_table(location, data=pa.table({"id": [0]}))
    for _ in offsets[1:]:
        tables.append(location, pa.table({"id": [0]}))
    _date_commits(location, offsets)
    instants = [_ms(commit.timestamp) - _ms(BEGINNING) for commit in dated_commits(location)]
    instant = BEGINNING + timedelta(milliseconds=asked)

    assert instants == sorted(set(instants))
    assert all(dated >= offset for dated, offset in zip(instants, offsets, strict=True))
    if asked < instants[0]:
        with pytest.raises(VersionNotFound):
            version_at(location, instant)
    else:
        assert version_at(location, instant) == max(v for v, dated in enumerate(instants) if dated <= asked)
