"""The definition that takes many rows is the one that takes one row at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.features.certificate.definition import winners
from boathouse.features.certificate.instants import instants_of
from boathouse.features.certificate.raw_rows import RawRows, clocks_of
from boathouse.features.clocks import KnownTime
from boathouse.features.feature_spec import Lookup, Output
from boathouse.features.point_in_time.definition import define
from boathouse.foundation.names import TableName

NAME = TableName.parse("dev.shop.t")
INSTANT = pa.timestamp("us", "UTC")
FEATURES = pa.schema([("key", pa.string()), ("e", INSTANT), ("k", INSTANT), ("x", pa.int64())])
SPINE = pa.schema([("key", pa.string()), ("t", pa.timestamp("ns", "UTC"))])


def moment(number: int | None) -> datetime | None:
    return None if number is None else datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=number)


keys = st.sampled_from(["a", "b", None])
moments = st.one_of(st.none(), st.integers(0, 6)).map(moment)
feature_rows = st.lists(
    st.fixed_dictionaries({"key": keys, "e": moments, "k": moments, "x": st.integers(0, 99)}), max_size=12
)
spine_rows = st.lists(st.fixed_dictionaries({"key": keys, "t": moments}), min_size=1, max_size=5)
clocks = st.sampled_from(
    [
        {"event": "e"},
        {"event": "e", "known": KnownTime(column="k")},
        {"event": "e", "known": KnownTime(lag=timedelta(microseconds=2))},
        {"event": "e", "known": KnownTime(column="k"), "lookback": timedelta(microseconds=2)},
        {"event": None},
        {"event": None, "known": KnownTime(column="k")},
    ]
)


@settings(max_examples=400, deadline=None)
@given(spine=spine_rows, rows=feature_rows, clock=clocks, at=st.sampled_from(["t", None]))
def test_both_definitions_choose_the_same_rows(
    spine: list[dict[str, Any]], rows: list[dict[str, Any]], clock: dict[str, Any], at: str | None
) -> None:
    if at is None:
        clock = {name: value for name, value in clock.items() if name != "lookback"}
    lookup = Lookup(NAME, (("key", "key"),), (Output("x", "x", "bigint"),), at=at, **clock)
    frame = pa.Table.from_pylist(spine, SPINE)
    table = pa.Table.from_pylist(rows, FEATURES)
    same_key = [
        [place for place, each in enumerate(rows) if row["key"] is not None and each["key"] == row["key"]]
        for row in spine
    ]
    raw = RawRows(table, tuple(np.array(each, np.int64) for each in same_key), *clocks_of(table, lookup))
    instants = None if at is None else instants_of(frame["t"])
    up = None if at is None else instants_of(frame["t"], up=True)
    for place_of, row in enumerate(spine):
        chosen = winners(raw, lookup, place_of, instants, up)
        right = define(row, lookup, rows).winner
        if right is None:
            assert len(chosen) == 0
            continue
        accepted = table["x"].take(pa.array(chosen)).to_pylist()
        assert right["x"] in accepted
        if clock["event"]:
            assert {each["e"] for each in table.take(pa.array(chosen)).to_pylist()} == {right["e"]}
