"""What every online store does."""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from boathouse.features.online.contract import OnlineSchema, OnlineStore
from boathouse.foundation.errors import Conflict, InvalidInput, NotFound

TABLE = "main.air.planes_online"
SCHEMA = OnlineSchema(
    pa.schema([("tail", pa.string())]),
    pa.schema([("seats", pa.int32()), ("score", pa.float64()), ("make", pa.string())]),
)


def keys(*names: str) -> pa.Table:
    return pa.table({"tail": list(names)}, schema=SCHEMA.keys)


def values(*rows: tuple[Any, Any, Any]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(SCHEMA.features.names, row, strict=True)) for row in rows], schema=SCHEMA.features
    )  # fmt: skip


def publish(store: OnlineStore, rows: dict[str, tuple[Any, Any, Any]], **meta: Any) -> int:
    with store.begin(TABLE, SCHEMA, keep=False) as writer:
        writer.put(keys(*rows), values(*rows.values()))
        return writer.commit(meta)


A, B, C = (1, 0.5, "Boeing"), (2, None, "Airbus"), (None, 1.5, "")


def test_what_was_committed_is_read_by_key(store: OnlineStore) -> None:
    assert publish(store, {"a": A, "b": B, "": C}, version=7) == 3
    table = store.table(TABLE)
    assert table is not None
    assert table.meta == {"version": 7}
    assert table.schema == SCHEMA
    assert (table.name, table.count(), store.tables()) == (TABLE, 3, [TABLE])
    assert table.plan().row(("a",)) == A
    assert table.plan().rows([("b",), ("",), ("x",), (None,), ("b",)]) == [B, C, None, None, B]
    assert table.plan(["make", "seats"]).rows([("a",), ("b",)]) == [("Boeing", 1), ("Airbus", 2)]


def test_columns_are_the_rows_with_a_column_that_says_what_was_found(store: OnlineStore) -> None:
    publish(store, {"a": A, "b": B})
    plan = store.table(TABLE).plan(["score", "make"])  # type: ignore[union-attr]
    asked = pa.table({"other": [1, 2, 3, 4], "tail": pa.array(["b", None, "a", "x"])})
    assert plan.columns(asked).to_pydict() == {
        "__found": [True, False, True, False],
        "score": [None, None, 0.5, None],
        "make": ["Airbus", None, "Boeing", None],
    }
    assert plan.columns(asked.slice(0, 0)).num_rows == 0


def test_many_keys_at_once_come_in_the_order_they_were_asked_for(store: OnlineStore) -> None:
    publish(store, {str(number): (number, None, None) for number in range(3_000)})
    names = [str(number * 7 % 4_000) for number in range(4_000)] + [None, "3", "3", "x"]
    expected = [int(name) if name and name.isdigit() and int(name) < 3_000 else None for name in names]
    plan = store.table(TABLE).plan(["seats"])  # type: ignore[union-attr]
    assert plan.columns(pa.table({"tail": pa.array(names)}))["seats"].to_pylist() == expected
    assert [row and row[0] for row in plan.rows([(name,) for name in names])] == expected


def test_a_table_that_was_never_committed_is_not_there(store: OnlineStore) -> None:
    with store.begin(TABLE, SCHEMA, keep=False) as writer:
        writer.put(keys("a"), values(A))
        assert store.table(TABLE) is None
    assert store.table(TABLE) is None
    assert store.tables() == []


def test_readers_see_nothing_of_a_publication_before_its_commit_and_all_of_it_after(store: OnlineStore) -> None:
    publish(store, {"a": A, "b": B})
    plan = store.table(TABLE).plan()  # type: ignore[union-attr]
    with store.begin(TABLE, SCHEMA, keep=False) as writer:
        writer.put(keys("a", "c"), values(C, C))
        assert plan.rows([("a",), ("b",), ("c",)]) == [A, B, None]
        writer.commit({})
    assert plan.rows([("a",), ("b",), ("c",)]) == [C, None, C]


def test_changes_of_a_generation_are_seen_together(store: OnlineStore) -> None:
    publish(store, {"a": A, "b": B})
    table = store.table(TABLE)
    assert table is not None
    plan = table.plan()
    with store.begin(TABLE, SCHEMA, keep=True) as writer:
        writer.put(keys("a", "c"), values(B, C))
        writer.delete(keys("b", "nothing"))
        assert plan.rows([("a",), ("b",), ("c",)]) == [A, B, None]
        assert writer.commit({"version": 2}) == 2
    assert plan.rows([("a",), ("b",), ("c",)]) == [B, None, C]
    assert (table.count(), table.meta) == (2, {"version": 2})


def test_an_aborted_publication_changes_nothing(store: OnlineStore) -> None:
    publish(store, {"a": A})
    for keep in (False, True):
        with store.begin(TABLE, SCHEMA, keep=keep) as writer:
            writer.put(keys("a"), values(B))
            writer.abort()
        with pytest.raises(Conflict, match="has ended"):
            writer.commit({})
    assert store.table(TABLE).plan().row(("a",)) == A  # type: ignore[union-attr]


def test_of_a_key_that_is_given_twice_the_last_stands(store: OnlineStore) -> None:
    with store.begin(TABLE, SCHEMA, keep=False) as writer:
        writer.put(keys("b", "a", "a"), values(A, A, B))
        writer.put(keys("b"), values(C))
        assert writer.commit({}) == 2
    assert store.table(TABLE).plan().rows([("a",), ("b",)]) == [B, C]  # type: ignore[union-attr]


def test_one_publisher_at_a_time(store: OnlineStore, new_store: Callable[[], OnlineStore]) -> None:
    with store.begin(TABLE, SCHEMA, keep=False):
        with pytest.raises(Conflict, match=r"Somebody else is publishing main\.air\.planes_online"):
            new_store().begin(TABLE, SCHEMA, keep=False)
    publish(new_store(), {"a": A})


def test_a_publisher_waits_for_another(store: OnlineStore, new_store: Callable[[], OnlineStore]) -> None:
    first = store.begin(TABLE, SCHEMA, keep=False)
    second = new_store()
    done: list[int] = []

    def wait() -> None:
        with second.begin(TABLE, SCHEMA, keep=False, wait_seconds=20) as writer:
            done.append(writer.commit({}))

    waiting = threading.Thread(target=wait)
    waiting.start()
    first.put(keys("a"), values(A))
    first.commit({})
    waiting.join()
    assert done == [0]


def test_changes_need_a_generation_of_the_same_schema(store: OnlineStore) -> None:
    with pytest.raises(Conflict, match=r"Nothing of main\.air\.planes_online is published"):
        store.begin(TABLE, SCHEMA, keep=True)
    publish(store, {"a": A})
    others = (
        OnlineSchema(SCHEMA.keys, SCHEMA.features.append(pa.field("year", pa.int64()))),
        OnlineSchema(SCHEMA.keys, SCHEMA.features, timedelta(days=1)),
    )
    for other in others:
        with pytest.raises(Conflict, match="other keys, features or another time to live"):
            store.begin(TABLE, other, keep=True)
    publish(store, {"a": B})


def test_a_reader_follows_another_schema_of_features_and_of_keys(store: OnlineStore) -> None:
    publish(store, {"a": A, "1": B})
    plan = store.table(TABLE).plan(["seats"])  # type: ignore[union-attr]
    wider = OnlineSchema(pa.schema([("tail", pa.int64())]), pa.schema([("age", pa.int8()), ("seats", pa.int64())]))
    assert plan.rows([("1",)]) == [(2,)]
    with store.begin(TABLE, wider, keep=False) as writer:
        writer.put(pa.table({"tail": [1]}), pa.table({"age": pa.array([3], pa.int8()), "seats": [2**40]}))
        writer.commit({})
    with pytest.raises(InvalidInput, match="Key tail is an integer"):
        plan.row(("1",))
    assert plan.row((1,)) == (2**40,)
    publish(store, {"a": A})
    assert plan.rows([("a",)]) == [(1,)] and plan.row(("a",)) == (1,)


def test_a_feature_that_is_gone_is_named(store: OnlineStore) -> None:
    publish(store, {"a": A})
    table = store.table(TABLE)
    assert table is not None
    with pytest.raises(NotFound, match=r"no feature seat online\. Did you mean seats"):
        table.plan(["seat"])
    plan = table.plan(["score"])
    fewer = OnlineSchema(SCHEMA.keys, pa.schema([("seats", pa.int32())]))
    with store.begin(TABLE, fewer, keep=False) as writer:
        writer.put(keys("a"), pa.table({"seats": [1]}))
        writer.commit({})
    with pytest.raises(NotFound, match="no feature score online"):
        plan.row(("a",))


def test_a_dropped_table_is_gone_for_readers_and_may_come_again(
    store: OnlineStore, new_store: Callable[[], OnlineStore]
) -> None:
    store.drop(TABLE)
    publish(store, {"a": A})
    table = store.table(TABLE)
    assert table is not None
    plan = table.plan()
    new_store().drop(TABLE)
    assert (store.table(TABLE), store.tables()) == (None, [])
    for read in (lambda: plan.row(("a",)), lambda: plan.rows([("a",)]), lambda: table.meta, table.count):
        with pytest.raises(NotFound, match=r"no online table main\.air\.planes_online"):
            read()
    publish(store, {"a": B})
    assert plan.row(("a",)) == B


def test_values_older_than_the_time_to_live_are_no_values(store: OnlineStore, hand: Any) -> None:
    schema = OnlineSchema(SCHEMA.keys, SCHEMA.features, timedelta(seconds=10))
    with store.begin(TABLE, schema, keep=False) as writer:
        event = pa.array([hand.at - 10_000_000, hand.at, None], pa.int64())
        writer.put(keys("a", "b", "c"), values(A, B, C), event=event, known=event)
        writer.commit({})
    table = store.table(TABLE)
    assert table is not None
    plan = table.plan()
    asked = [("a",), ("b",), ("c",)]
    assert plan.rows(asked) == [A, B, C]
    hand.at += 1
    assert plan.rows(asked) == [None, B, C]
    assert plan.row(("a",)) is None
    assert plan.columns(keys("a", "b", "c"))["__found"].to_pylist() == [False, True, True]
    assert table.count() == 3
    assert sum(batch.num_rows for batch in table.scan()) == 3


def test_instants_come_with_the_values(store: OnlineStore) -> None:
    with store.begin(TABLE, SCHEMA, keep=False) as writer:
        event = pa.array([5, None], pa.timestamp("ms", "UTC"))
        writer.put(keys("a", "b"), values(A, B), event=event)
        writer.commit({})
    plan = store.table(TABLE).plan(["seats"], instants=True)  # type: ignore[union-attr]
    assert plan.names == ("event", "known", "seats")
    assert plan.rows([("a",), ("b",)]) == [(5000, None, 1), (None, None, 2)]
    assert plan.columns(keys("a", "b")).to_pydict() == {
        "__found": [True, True], "__event": [5000, None], "__known": [None, None], "seats": [1, 2],
    }  # fmt: skip


def test_a_scan_gives_back_all_rows_and_long_keys_too(store: OnlineStore) -> None:
    long = "x" * 3000
    publish(store, {"a": A, long: B, f"{long}y": C})
    table = store.table(TABLE)
    assert table is not None
    rows = [row for batch in table.scan(batch_rows=2) for row in batch.to_pylist()]
    assert {row["tail"]: (row["seats"], row["score"], row["make"]) for row in rows} == {"a": A, long: B, f"{long}y": C}
    assert table.plan().rows([(long,), (f"{long}y",), (f"{long}z",)]) == [B, C, None]
    assert table.plan().columns(keys(long, "a"))["make"].to_pylist() == ["Airbus", "Boeing"]


def test_a_value_that_is_too_large_is_refused_by_key_and_feature(store: OnlineStore) -> None:
    publish(store, {"a": A})
    with store.begin(TABLE, SCHEMA, keep=True) as writer:
        with pytest.raises(InvalidInput, match=r"tail='b' take 11,\d+,\d+ bytes, most of them in feature make"):
            writer.put(keys("a", "b"), values(B, (1, 2.0, "x" * 11_000_000)))
    assert store.table(TABLE).plan().row(("a",)) == A  # type: ignore[union-attr]


def test_null_keys_cannot_be_published(store: OnlineStore) -> None:
    with store.begin(TABLE, SCHEMA, keep=False) as writer:
        with pytest.raises(InvalidInput, match="Row 1 has the key tail=None"):
            writer.put(pa.table({"tail": ["a", None]}), values(A, B))


def test_readers_in_threads_see_whole_commits(store: OnlineStore, new_store: Callable[[], OnlineStore]) -> None:
    names = [f"k{number}" for number in range(50)]
    publish(store, dict.fromkeys(names, (0, 0.0, "0")))
    plan = store.table(TABLE).plan()  # type: ignore[union-attr]
    stop, torn = threading.Event(), []

    def read() -> None:
        asked = [(name,) for name in names]
        while not stop.is_set():
            seen = set(plan.rows(asked))
            if len(seen) != 1 or None in seen:
                torn.append(seen)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    writing = new_store()
    for number in range(1, 31):
        with writing.begin(TABLE, SCHEMA, keep=number % 3 > 0) as writer:
            for name in names:
                writer.put(keys(name), values((number, float(number), str(number))))
            writer.commit({})
    stop.set()
    for reader in readers:
        reader.join()
    assert torn == []
    assert plan.row(("k7",)) == (30, 30.0, "30")


def test_a_forked_process_reads_and_publishes_as_its_parent_does(store: OnlineStore) -> None:
    publish(store, {"a": A})
    table = store.table(TABLE)
    assert table is not None
    plan = table.plan()
    assert plan.row(("a",)) == A
    child = os.fork()
    if child == 0:
        status = 1
        try:
            found = [plan.row(("a",)), store.table(TABLE).plan().row(("a",))]  # type: ignore[union-attr]
            publish(store, {"a": B})
            status = 0 if [*found, plan.row(("a",))] == [A, A, B] else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert plan.rows([("a",)] * 20) == [B] * 20
    publish(store, {"a": C})
    assert plan.row(("a",)) == C
