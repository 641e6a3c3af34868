"""The latest known value per key against its definition, over random tables that change; and rows without a key."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boathouse.features.clocks import AT_ONCE, KnownTime
from boathouse.features.online.contract import OnlineSchema
from boathouse.features.online.lmdb.store import LmdbStore
from boathouse.features.online.publishing.changed_values import can_be_told, changed_values
from boathouse.features.online.publishing.changes import Unknown, changed_keys, changes_since
from boathouse.features.online.publishing.latest import EVENT, KNOWN, TIED, Source, latest, survey, turned
from boathouse.features.tables.feature_tables import FeatureTable
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import TableName
from boathouse.lake import DuckDBEngine, open_snapshot

from .reading import defined_rows

T0 = datetime(2026, 1, 1, tzinfo=UTC)
ENGINE = DuckDBEngine()

SCHEMA = pa.schema(
    [
        pa.field("a", pa.int64()),
        pa.field("b", pa.string()),
        pa.field("ts", pa.timestamp("us", "UTC")),
        pa.field("seen", pa.timestamp("us", "UTC")),
        pa.field("x", pa.int64()),
    ]
)

instants = st.one_of(st.none(), st.integers(-3, 6))
row = st.tuples(
    st.one_of(st.none(), st.integers(0, 2)), st.sampled_from([None, "u", "ü", ""]), instants, instants,
    st.one_of(st.none(), st.integers(0, 9)),
)  # fmt: skip
clocks = st.sampled_from(
    [(None, AT_ONCE), ("ts", AT_ONCE), ("ts", KnownTime(lag=timedelta(hours=2))), ("ts", KnownTime(column="seen"))]
)


def moment(hour: int | None) -> datetime | None:
    return None if hour is None else T0 + timedelta(hours=hour)


def arrow(rows: list[Any]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"a": a, "b": b, "ts": moment(e), "seen": moment(k), "x": x} for a, b, e, k, x in rows], SCHEMA
    )


@contextmanager
def table_at(folder: Path) -> Iterator[str]:
    import shutil

    place = folder / "table"
    shutil.rmtree(place, ignore_errors=True)
    yield place.as_uri()


def source_of(place: str, event: str | None, known: KnownTime, hour: int, ttl: timedelta | None = None) -> Source:
    from boathouse.catalog import Column

    columns = tuple(Column(name, "", "", "", at) for at, name in enumerate(SCHEMA.names) if name != "ts" or event)
    table = FeatureTable(TableName.parse("dev.shop.t"), ("a", "b"), columns, event, known)
    now = moment(hour)
    assert now is not None
    microseconds = (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return Source(table, open_snapshot(place), ("x",), microseconds, ttl)


def found(source: Source, asked: pa.Table | None = None) -> dict[Any, dict[str, Any]]:
    rows = [row for batch in latest(ENGINE, source, survey(ENGINE, source, asked), asked) for row in batch.to_pylist()]
    answer = {(row["a"], row["b"]): {"x": row["x"]} for row in rows}
    assert len(answer) == len(rows)
    return answer


def expected(source: Source, hour: int) -> dict[Any, dict[str, Any]]:
    rows = [row for batch in ENGINE.scan(source.snapshot).reader() for row in batch.to_pylist()]
    defined = defined_rows(source.table, rows, moment(hour))
    return {key: {"x": values["x"]} for key, values in defined.items() if None not in key}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(row, max_size=12), then=st.lists(st.lists(row, max_size=5), max_size=2), clock=clocks,
    hours=st.tuples(st.integers(-3, 7), st.integers(0, 4)),
)  # fmt: skip
def test_changes_and_the_passing_of_time_give_what_the_whole_table_does(
    tmp_path: Path, first: list[Any], then: list[list[Any]], clock: tuple[str | None, KnownTime], hours: tuple[int, int]
) -> None:
    (event, known), hour = clock, hours[0]
    with table_at(tmp_path) as place:
        write_deltalake(place, arrow(first))
        before = source_of(place, event, known, hour)
        online = found(before)
        assert online == expected(before, hour)
        for rows in then:
            write_deltalake(place, arrow(rows), mode="append")
        hour += hours[1]
        after = source_of(place, event, known, hour)
        changes = changes_since(after, before.snapshot.version)
        assert not isinstance(changes, Unknown)
        keys = changed_keys(ENGINE, after, changes)
        if event is not None:
            keys = pa.concat_tables([keys, turned(ENGINE, after, before.now)])
        for key in zip(*(column.to_pylist() for column in keys.columns), strict=True):
            online.pop(key, None)
        online |= found(after, keys)
        assert online == expected(after, hour) == found(after)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(row, max_size=12), then=st.lists(row, min_size=1, max_size=6), clock=clocks,
    hour=st.integers(-3, 7),
)  # fmt: skip
def test_new_rows_are_told_from_what_readers_see(
    tmp_path: Path, first: list[Any], then: list[Any], clock: tuple[str | None, KnownTime], hour: int
) -> None:
    with table_at(tmp_path) as place:
        write_deltalake(place, arrow(first))
        before = source_of(place, *clock, hour)
        store = LmdbStore("near", tmp_path / new_id())
        schema = OnlineSchema(before.key_schema, before.feature_schema)
        put(store, schema, before, latest(ENGINE, before, survey(ENGINE, before)))
        write_deltalake(place, arrow(then), mode="append")
        after = source_of(place, *clock, hour)
        changes = changes_since(after, before.snapshot.version)
        assert not isinstance(changes, Unknown)
        assert can_be_told(after, changes, ties=True)
        table = store.table("dev.shop.t")
        assert table is not None
        told = changed_values(after, changes, table)
        assert not told.gone.num_rows
        online = found(before)
        online |= {(each["a"], each["b"]): {"x": each["x"]} for each in told.newer.to_pylist()}
        online |= found(after, told.undecided)
        assert online == expected(after, hour) == found(after)
        known = survey(ENGINE, after)
        assert told.skipped == known.skipped - survey(ENGINE, before).skipped
        coming = [each for each in (survey(ENGINE, before).next_known, told.next_known) if each is not None]
        assert min(coming, default=None) == known.next_known


def put(store: LmdbStore, schema: OnlineSchema, source: Source, batches: Iterator[pa.Table]) -> None:
    with store.begin("dev.shop.t", schema, keep=False) as writer:
        for batch in batches:
            clocks = {"event": batch.column(EVENT), "known": batch.column(KNOWN)} if source.has_time else {}
            writer.put(batch.select(["a", "b"]), batch.select(["x"]), **clocks)
        writer.commit({})


def test_rows_without_a_whole_key_are_counted_and_left_out(tmp_path: Path) -> None:
    with table_at(tmp_path) as place:
        write_deltalake(
            place, arrow([(1, "u", 0, 0, 5), (None, "u", 0, 0, 6), (1, None, 0, 0, 7), (None, None, 1, 1, 8)])
        )
        source = source_of(place, "ts", AT_ONCE, 3)
        known = survey(ENGINE, source)
        assert (known.rows, known.skipped) == (4, 3)
        assert found(source) == {(1, "u"): {"x": 5}}


def test_the_clocks_of_the_winner_come_with_it(tmp_path: Path) -> None:
    with table_at(tmp_path) as place:
        write_deltalake(place, arrow([(1, "u", 0, 2, 5), (1, "u", 1, 3, 6)]))
        source = source_of(place, "ts", KnownTime(column="seen"), 2)
        (batch,) = latest(ENGINE, source, survey(ENGINE, source))
        start = int(T0.timestamp() * 1_000_000)
        assert batch.column(EVENT).to_pylist() == [start]
        assert batch.column(KNOWN).to_pylist() == [start + 2 * 3_600_000_000]
        assert survey(ENGINE, source).next_known == start + 3 * 3_600_000_000


def test_clocks_that_lie_far_apart_are_compared_as_well(tmp_path: Path) -> None:
    far = 24 * 365 * 900
    with table_at(tmp_path) as place:
        write_deltalake(place, arrow([(1, "u", -far, -far, 5), (1, "u", 1, -2, 6), (1, "u", 1, -1, 7)]))
        assert found(source_of(place, "ts", KnownTime(column="seen"), 2)) == {(1, "u"): {"x": 7}}
        assert found(source_of(place, "ts", AT_ONCE, 2)) == {(1, "u"): {"x": 7}}


def test_a_sample_is_some_of_the_keys(tmp_path: Path) -> None:
    with table_at(tmp_path) as place:
        write_deltalake(place, arrow([(key, "u", 0, 0, key) for key in range(50)]))
        source = source_of(place, "ts", AT_ONCE, 3)
        rows = pa.concat_tables(latest(ENGINE, source, survey(ENGINE, source), sample=7))
        assert rows.num_rows == 7
        assert rows.column("a").to_pylist() == rows.column("x").to_pylist()


def test_a_history_that_is_gone_is_told(tmp_path: Path) -> None:
    with table_at(tmp_path) as place:
        for _ in range(3):
            write_deltalake(place, arrow([(1, "u", 0, 0, 5)]), mode="append")
        source = source_of(place, "ts", AT_ONCE, 3)
        assert changes_since(source, 7) == Unknown("version 7, which was published, is not there any more")
        (tmp_path / "table" / "_delta_log" / f"{1:020d}.json").unlink()
        assert changes_since(source, 0) == Unknown("the history since version 0 is gone")


def test_changes_of_files_that_lie_by_other_partition_columns_are_not_told(tmp_path: Path) -> None:
    with table_at(tmp_path) as place:
        write_deltalake(place, arrow([(1, "u", 0, 0, 5), (2, "u", 0, 0, 6)]))
        write_deltalake(
            place, arrow([(1, "u", 0, 0, 5)]), mode="overwrite", partition_by=["a"], schema_mode="overwrite"
        )
        assert changes_since(source_of(place, "ts", AT_ONCE, 3), 0) == Unknown("it was partitioned by other columns")


def test_a_value_that_is_the_latest_by_its_place_alone_says_so(tmp_path: Path) -> None:
    with table_at(tmp_path) as place:
        write_deltalake(
            place,
            arrow([(1, "u", 0, 0, 5), (1, "u", 0, 0, 6), (2, "u", 0, 0, 7), (2, "u", 1, 1, 8), (3, "u", 1, 0, 9),
                   (3, "u", 1, 1, 1), (4, "u", 9, 9, 1), (4, "u", 9, 9, 2), (4, "u", 1, 1, 3)]),
        )  # fmt: skip
        for known, tied in ((KnownTime(column="seen"), {1}), (AT_ONCE, {1, 3})):
            source = source_of(place, "ts", known, 3)
            for asked in (None, pa.table({"a": pa.array([1, 2, 3, 4], source.key_schema.field("a").type),
                                          "b": ["u"] * 4}, source.key_schema)):  # fmt: skip
                rows = pa.concat_tables(latest(ENGINE, source, survey(ENGINE, source, asked), asked)).to_pylist()
                assert {row["a"] for row in rows} == {1, 2, 3, 4}
                assert {row["a"] for row in rows if row[TIED]} == tied
        without_time = source_of(place, None, AT_ONCE, 3)
        rows = pa.concat_tables(latest(ENGINE, without_time, survey(ENGINE, without_time))).to_pylist()
        assert all(row[TIED] for row in rows)
