"""What a model takes, read by key over several online tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from boathouse.features.feature_spec import Computed, FeatureSpec, Lookup, Output
from boathouse.features.online.contract import OnlineSchema, OnlineStore, OnlineTable
from boathouse.features.online.reading import Reading, compile_reading
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import FunctionName, TableName

PLANES, ROUTES = TableName("dev", "air", "planes"), TableName("dev", "air", "routes")


def published(store: OnlineStore, name: str, keys: pa.Table, values: pa.Table, event: list[int] | None) -> OnlineTable:
    with store.begin(name, OnlineSchema(keys.schema, values.schema), keep=False) as writer:
        writer.put(keys, values, event=None if event is None else pa.array(event))
        writer.commit({})
    table = store.table(name)
    assert table is not None
    return table


@pytest.fixture
def tables(store: OnlineStore, hand: Any) -> dict[TableName, OnlineTable]:
    planes = pa.table({"seats": pa.array([100, None], pa.int32()), "make": ["Boeing", "Airbus"]})
    routes = pa.table({"delay": [5.5, 7.5]})
    return {
        PLANES: published(store, "dev.air.planes_online", pa.table({"tail": ["a", "b"]}), planes, None),
        ROUTES: published(
            store, "dev.air.routes_online", pa.table({"to": ["SFO", "LAX"], "from": ["JFK", "JFK"]}), routes,
            [hand.at - 5_000_000, hand.at - 60_000_000],
        ),
    }  # fmt: skip


SPEC = FeatureSpec(
    (
        Lookup(PLANES, (("tailnum", "tail"),), (Output("seats", "plane_seats", "int", 7),)),
        Lookup(
            ROUTES, (("origin", "from"), ("dest", "to")), (Output("delay", "delay", "double"),),
            event="at", at="asked_at", lookback=timedelta(seconds=30),
        ),
        Lookup(PLANES, (("tailnum", "tail"),), (Output("make", "make", "string", "?"), Output("seats", "s", "int"))),
        Computed(FunctionName("dev", "air", "twice"), (("x", "delay"),), "twice", "double"),
    )
)  # fmt: skip


@pytest.fixture
def reading(tables: dict[TableName, OnlineTable], hand: Any) -> Reading:
    return compile_reading(SPEC, tables.__getitem__, now=hand)


def test_keys_become_features_with_their_instants(reading: Reading, hand: Any) -> None:
    assert set(reading.keys) == {"tailnum", "origin", "dest"}
    assert set(reading.features) == {"plane_seats", "delay", "make", "s"}
    read = reading.row({"tailnum": "a", "origin": "JFK", "dest": "SFO", "asked_at": None})
    assert read.values == {"plane_seats": 100, "make": "Boeing", "s": 100, "delay": 5.5}
    assert read.event == {"plane_seats": None, "make": None, "s": None, "delay": hand.at - 5_000_000}
    assert read.missing == ()


def test_what_is_not_there_is_too_old_or_null_has_its_default(reading: Reading) -> None:
    old, none, null = reading.rows([
        {"tailnum": "b", "origin": "JFK", "dest": "LAX"},
        {"tailnum": "x", "origin": "SFO", "dest": "JFK"},
        {"tailnum": None, "origin": "JFK", "dest": None},
    ])  # fmt: skip
    assert old.values == {"plane_seats": 7, "make": "Airbus", "s": None, "delay": None}
    assert set(old.missing) == {"plane_seats", "s", "delay"}
    assert none.values == null.values == {"plane_seats": 7, "make": "?", "s": None, "delay": None}
    assert set(none.missing) == {"plane_seats", "s", "make", "delay"}


def test_a_feature_that_is_given_is_not_looked_up(reading: Reading) -> None:
    given = {"tailnum": "a", "origin": "JFK", "dest": "SFO", "delay": None, "s": 3}
    read = reading.row(given)
    assert read.values == {"plane_seats": 100, "make": "Boeing", "s": 3, "delay": None}
    assert read.missing == ()
    columns = reading.columns(pa.Table.from_pylist([given]))
    assert {name: column.to_pylist() for name, column in columns.values.items()} == {
        name: [value] for name, value in read.values.items()
    }


def test_columns_are_the_rows(reading: Reading) -> None:
    given = [
        {"tailnum": tail, "origin": origin, "dest": dest}
        for tail, origin, dest in [("a", "JFK", "SFO"), ("b", "JFK", "LAX"), ("x", None, "SFO"), (None, "JFK", "SFO")]
    ]
    rows, columns = reading.rows(given), reading.columns(pa.Table.from_pylist(given))
    for name in reading.features:
        assert columns.values[name].to_pylist() == [row.values[name] for row in rows]
        assert columns.event[name].to_pylist() == [row.event[name] for row in rows]
        assert columns.missing[name] == sum(name in row.missing for row in rows)


def test_a_reading_follows_a_new_publication(reading: Reading, store: OnlineStore) -> None:
    published(store, "dev.air.planes_online", pa.table({"tail": ["a"]}),
              pa.table({"make": ["Cessna"], "seats": pa.array([4], pa.int64())}), None)  # fmt: skip
    read = reading.row({"tailnum": "a", "origin": "JFK", "dest": "SFO"})
    assert (read.values["make"], read.values["plane_seats"]) == ("Cessna", 4)


def test_mistakes_are_told_when_they_can_be(
    reading: Reading, store: OnlineStore, tables: dict[TableName, OnlineTable]
) -> None:
    with pytest.raises(InvalidInput, match="The key dest is not given"):
        reading.row({"tailnum": "a", "origin": "JFK"})
    with pytest.raises(InvalidInput, match="The key tailnum is not given"):
        reading.columns(pa.table({"origin": ["JFK"]}))
    unknown = FeatureSpec((Lookup(PLANES, (("t", "tail"),), (Output("wings", "wings", "int"),)),))
    with pytest.raises(NotFound, match="no feature wings"):
        compile_reading(unknown, tables.__getitem__)
    other = FeatureSpec((Lookup(PLANES, (("t", "number"),), (Output("seats", "seats", "int"),)),))
    with pytest.raises(InvalidInput, match="has the key tail"):
        compile_reading(other, tables.__getitem__)


def test_a_look_back_without_end_leaves_nothing_out(tables: dict[TableName, OnlineTable], hand: Any) -> None:
    step = SPEC.lookups[1]
    endless = FeatureSpec((replace(step, lookback=timedelta.max),))
    reading = compile_reading(endless, tables.__getitem__, now=hand)
    assert reading.row({"origin": "JFK", "dest": "LAX"}).values == {"delay": 7.5}
    assert reading.columns(pa.table({"origin": ["JFK"], "dest": ["LAX"]})).values["delay"].to_pylist() == [7.5]


@pytest.mark.parametrize("as_given", ["instant", "text", "naive"])
def test_a_look_back_counts_from_the_instant_that_a_row_gives(reading: Reading, hand: Any, as_given: str) -> None:
    begun = datetime.fromtimestamp(hand.at // 1_000_000, UTC)
    at = [begun + timedelta(seconds=seconds) for seconds in (-40, 20, 26)]  # SFO is of 5 seconds before now, LAX of 60
    shown = {
        "instant": at,
        "text": [each.isoformat() for each in at],
        "naive": [each.replace(tzinfo=None) for each in at],
    }
    given = [
        {"tailnum": None, "origin": "JFK", "dest": dest, "asked_at": said}
        for dest, said in zip(("LAX", "SFO", "SFO"), shown[as_given], strict=True)
    ]
    assert [row.values["delay"] for row in reading.rows(given)] == [7.5, 5.5, None]
    assert reading.columns(pa.Table.from_pylist(given)).values["delay"].to_pylist() == [7.5, 5.5, None]


def test_what_is_no_instant_is_named(reading: Reading) -> None:
    with pytest.raises(InvalidInput, match="asked_at is 'soon', which is no instant"):
        reading.row({"tailnum": "a", "origin": "JFK", "dest": "SFO", "asked_at": "soon"})
