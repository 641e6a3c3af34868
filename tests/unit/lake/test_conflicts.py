"""Whoever read what another has changed gets a conflict, never a silent loss."""

import threading
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from boathouse.lake import VersionNotFound, WriteConflict, open_snapshot, tables
from boathouse.lake.commits import commit_rewrite
from boathouse.lake.log import COMMIT_ID, DeltaLog

Read = Callable[..., dict[str, list[Any]]]


@pytest.mark.parametrize(
    "write",
    [
        lambda location, data, version: tables.overwrite(location, data, read_version=version),
        lambda location, data, version: tables.overwrite(location, data, predicate="id > 0", read_version=version),
        lambda location, data, version: tables.merge(location, data, on=["id"], read_version=version),
        lambda location, _, version: tables.delete_rows(location, "id = 1", read_version=version),
    ],
    ids=["overwrite", "overwrite where", "merge", "delete"],
)
def test_a_rewrite_of_what_was_changed_since_it_was_read_is_refused(
    trips_table: str, trips: pa.Table, write: Callable[[str, pa.Table, int], int], read: Read
) -> None:
    version = open_snapshot(trips_table).version
    tables.append(trips_table, pa.table({"id": [9], "city": ["Voss"], "distance": [9.0]}))

    with pytest.raises(WriteConflict, match="has changed since version 0: WRITE made version 1"):
        write(trips_table, trips, version)

    assert read(trips_table)["id"] == [1, 2, 3, 9]
    assert write(trips_table, trips, 1) == 2


def test_a_conflict_says_what_to_do(trips_table: str, trips: pa.Table) -> None:
    tables.append(trips_table, trips)

    with pytest.raises(WriteConflict) as conflict:
        tables.overwrite(trips_table, trips, read_version=0)
    assert conflict.value.hint == "Read it again and repeat the write."


def test_maintenance_between_read_and_write_is_no_conflict(trips_table: str, trips: pa.Table, read: Read) -> None:
    tables.append(trips_table, trips)
    version = open_snapshot(trips_table).version
    tables.optimize(trips_table)
    tables.vacuum(trips_table)

    tables.overwrite(trips_table, trips, read_version=version)

    assert read(trips_table) == trips.to_pydict()


def test_a_change_of_the_schema_since_the_read_is_a_conflict(trips_table: str, trips: pa.Table) -> None:
    tables.append(
        trips_table, pa.table({"id": pa.array([], pa.int64()), "speed": pa.array([], pa.int8())}), schema_mode="merge"
    )

    with pytest.raises(WriteConflict):
        tables.merge(trips_table, trips, on=["id"], read_version=0)


def test_a_version_that_nobody_can_have_read_is_refused(trips_table: str, trips: pa.Table) -> None:
    with pytest.raises(VersionNotFound, match="no version 7; its newest is 0"):
        tables.overwrite(trips_table, trips, read_version=7)


def test_a_write_between_the_check_and_the_commit_is_noticed(trips_table: str, trips: pa.Table, read: Read) -> None:
    """The race itself: somebody commits while our rows are still on their way."""

    def batches() -> Any:
        tables.append(trips_table, pa.table({"id": [9], "city": ["Voss"], "distance": [9.0]}))
        yield from trips.to_batches()

    with pytest.raises(WriteConflict):
        tables.overwrite(trips_table, pa.RecordBatchReader.from_batches(trips.schema, batches()), read_version=0)

    assert read(trips_table)["id"] == [1, 2, 3, 9]


def test_two_blind_overwrites_leave_the_rows_of_one(trips_table: str, trips: pa.Table, read: Read) -> None:
    """delta-rs lets both succeed when neither removes a file of the other; then the table holds both."""
    tables.delete_rows(trips_table, None)
    first = _InterruptedOnce(trips.slice(0, 1), lambda: tables.overwrite(trips_table, trips.slice(1, 1)))

    tables.overwrite(trips_table, first)

    assert read(trips_table)["id"] == [1]


def test_an_append_lands_although_the_table_was_overwritten_meanwhile(
    trips_table: str, trips: pa.Table, read: Read
) -> None:
    late = _InterruptedOnce(trips, lambda: tables.overwrite(trips_table, trips.slice(0, 1)))

    tables.append(trips_table, late)

    assert read(trips_table)["id"] == [1, 1, 2, 3]


def test_an_append_lands_although_a_column_was_added_meanwhile(trips_table: str, trips: pa.Table, read: Read) -> None:
    added = pa.table({"id": [4], "speed": [1]})
    late = _InterruptedOnce(trips, lambda: tables.append(trips_table, added, schema_mode="merge"))

    tables.append(trips_table, late, schema_mode="merge")

    assert read(trips_table)["id"] == [1, 1, 2, 2, 3, 3, 4]


def test_a_reader_that_can_be_read_only_once_meets_a_conflict_instead_of_losing_rows(
    trips_table: str, trips: pa.Table
) -> None:
    def batches() -> Any:
        tables.append(trips_table, pa.table({"id": [4], "speed": [1]}), schema_mode="merge")
        yield from trips.to_batches()

    with pytest.raises(WriteConflict, match="Read the data again"):
        tables.append(trips_table, pa.RecordBatchReader.from_batches(trips.schema, batches()))


def test_a_commit_whose_aftermath_fails_counts_as_committed(trips_table: str, trips: pa.Table) -> None:
    def attempt(table: Any, commit: Any) -> None:
        table.delete("id = 1", commit_properties=commit)
        raise OSError("the checkpoint could not be written")

    assert commit_rewrite(trips_table, attempt, info=None) == 1


def test_every_commit_carries_an_id_of_its_own(trips_table: str, trips: pa.Table) -> None:
    tables.append(trips_table, trips)
    log = DeltaLog(trips_table)

    ids = [commit.info[COMMIT_ID] for commit in tables.history(trips_table)]

    assert len(set(ids)) == 2
    assert log.find(ids[0], after=-1) == 1
    assert log.find("somebody else's", after=-1) is None


def test_threads_that_count_up_lose_no_count(location: str) -> None:
    tables.create_table(location, data=pa.table({"count": [0]}))
    committed: list[int] = []

    def count_up() -> None:
        for _ in range(5):
            try:
                snapshot = open_snapshot(location)
                committed.append(tables.overwrite(location, _one_more(location), read_version=snapshot.version))
            except WriteConflict:
                continue

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(committed)) == len(committed)
    assert open_snapshot(location).version == len(committed)


def _one_more(location: str) -> pa.Table:
    from boathouse.lake import DuckDBEngine

    (count,) = DuckDBEngine().scan(open_snapshot(location)).arrow()["count"].to_pylist()
    return pa.table({"count": [count + 1]})


class _InterruptedOnce:
    """Rows that can be read again and again; on the first time something else happens first."""

    def __init__(self, rows: pa.Table, interrupt: Callable[[], Any]) -> None:
        self._rows = rows
        self._interrupt: Callable[[], Any] | None = interrupt

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return pa.RecordBatchReader.from_batches(self._rows.schema, self._batches()).__arrow_c_stream__()

    def _batches(self) -> Any:
        interrupt, self._interrupt = self._interrupt, None
        if interrupt:
            interrupt()
        yield from self._rows.to_batches()
