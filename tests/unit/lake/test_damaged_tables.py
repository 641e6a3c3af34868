"""A Delta folder that is not what it should be gets an error that says so."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.lake import DamagedTable, DuckDBEngine, NoTableThere, open_snapshot, tables
from boathouse.lake.log import DeltaLog


def _log_file(location: str, version: int) -> Path:
    return DeltaLog(location).commit_file(version)


@pytest.mark.parametrize("content", ['{"commitInfo":', "not json at all", "{}", "", "\x00" * 50])
def test_a_log_entry_that_cannot_be_read_is_named(trips_table: str, trips: pa.Table, content: str) -> None:
    tables.append(trips_table, trips)
    _log_file(trips_table, 0).write_text(content)

    with pytest.raises(DamagedTable, match=r"cannot be read|damaged"):
        open_snapshot(trips_table)
    with pytest.raises(BoathouseError):
        tables.append(trips_table, trips)


def test_an_empty_log_entry_does_not_lose_its_rows_in_silence(trips_table: str, trips: pa.Table) -> None:
    before = open_snapshot(trips_table)
    tables.append(trips_table, trips)
    _log_file(trips_table, before.version + 1).write_text("")

    for attempt in (lambda: open_snapshot(trips_table), lambda: tables.append(trips_table, trips)):
        with pytest.raises(DamagedTable, match=r"json is empty"):
            attempt()


@pytest.mark.parametrize("path", ["../other/part-0.parquet", "%2e%2e/other/part-0.parquet", "file:///etc/passwd"])
def test_a_log_cannot_name_files_outside_its_table(trips_table: str, path: str) -> None:
    entry = {"add": {"path": path, "partitionValues": {}, "size": 1, "modificationTime": 0, "dataChange": True}}
    _log_file(trips_table, open_snapshot(trips_table).version + 1).write_text(json.dumps(entry))

    with pytest.raises(DamagedTable, match="outside of it"):
        DuckDBEngine().scan(open_snapshot(trips_table)).arrow()


def test_bytes_that_are_no_text_are_noticed_in_the_history(trips_table: str) -> None:
    _log_file(trips_table, 0).write_bytes(b"\xff\xfe\x00")

    with pytest.raises(DamagedTable, match=r"00000000000000000000\.json is not readable"):
        tables.history(trips_table)


def test_a_missing_log_entry_is_noticed(trips_table: str, trips: pa.Table) -> None:
    tables.append(trips_table, trips)
    tables.append(trips_table, trips)
    _log_file(trips_table, 1).unlink()

    with pytest.raises(DamagedTable):
        open_snapshot(trips_table)


def test_a_log_without_its_beginning_is_noticed(trips_table: str, trips: pa.Table) -> None:
    tables.append(trips_table, trips)
    _log_file(trips_table, 0).unlink()

    with pytest.raises(DamagedTable):
        open_snapshot(trips_table)


@pytest.mark.parametrize("empty", ["_delta_log", "."])
def test_an_empty_folder_is_no_table(location: str, tmp_path: Path, empty: str) -> None:
    (tmp_path / "table" / empty).mkdir(parents=True)

    with pytest.raises(NoTableThere):
        open_snapshot(location)


def test_a_data_file_that_is_gone_is_named(trips_table: str) -> None:
    (file,) = open_snapshot(trips_table).files
    Path(file.path).unlink()

    with pytest.raises(DamagedTable, match=Path(file.path).name):
        DuckDBEngine().scan(open_snapshot(trips_table)).arrow()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 500])
def test_a_data_file_that_is_broken_is_named(trips_table: str, content: bytes) -> None:
    (file,) = open_snapshot(trips_table).files
    Path(file.path).write_bytes(content)

    with pytest.raises(DamagedTable, match=Path(file.path).name):
        DuckDBEngine().scan(open_snapshot(trips_table)).arrow()


@pytest.mark.parametrize("broken", ["%41", "a[1]", "back\\slash"])
def test_a_path_that_delta_would_misread_is_refused_at_once(tmp_path: Path, trips: pa.Table, broken: str) -> None:
    with pytest.raises(InvalidInput, match="cannot live in"):
        tables.create_table(str(tmp_path / broken), data=trips)
    assert not (tmp_path / broken).exists()


@pytest.mark.parametrize("name", ["with space", "ünïcode", "it's", 'say "hi"', "a#b", "q?", "x;y", "a&b=c", "~t"])
def test_odd_paths_work(tmp_path: Path, trips: pa.Table, name: str) -> None:
    location = (tmp_path / name).as_uri()
    tables.create_table(location, data=trips)
    tables.append(location, trips)

    assert DuckDBEngine().scan(open_snapshot(location)).arrow().num_rows == 6
