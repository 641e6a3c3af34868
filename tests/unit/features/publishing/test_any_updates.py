"""Rows that are changed in place, corrected and deleted, in any order: what has changed, published, is what everything,
published, would be."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boathouse.features import FeatureEngineeringClient
from boathouse.features.clocks import KnownTime
from boathouse.features.online.verifying import verify
from boathouse.foundation.ids import new_id
from boathouse.session import Session

from .reading import meta, online_rows

T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONED = pa.timestamp("us", "UTC")
SCHEMA = pa.schema([("id", pa.int64()), ("ts", ZONED), ("seen", ZONED), ("x", pa.float64()), ("part", pa.string())])

CLOCKS: dict[str, dict[str, Any]] = {
    "static": {},
    "event": {"timeseries_column": "ts"},
    "lag": {"timeseries_column": "ts", "known_time": KnownTime(lag=2 * HOUR)},
    "seen": {"timeseries_column": "ts", "known_time": "seen"},
}

hours = st.integers(0, 6)
row = st.tuples(
    st.integers(0, 3), hours, st.one_of(st.none(), hours), st.sampled_from([None, float("nan"), 0.0, 1.5, 2.5]),
    st.sampled_from(["a", "b"]),
)  # fmt: skip
change = st.one_of(
    st.tuples(st.just("merge"), st.lists(row, min_size=1, max_size=3)),
    st.tuples(st.just("merge"), st.lists(row, min_size=1, max_size=3)),
    st.tuples(st.just("append"), st.lists(row, min_size=1, max_size=2)),
    st.tuples(st.just("overwrite"), st.lists(row, min_size=1, max_size=4)),
    st.tuples(
        st.sampled_from(
            [
                "UPDATE {} SET x = coalesce(x, 0) + 1 WHERE id = {}",
                "UPDATE {} SET ts = ts - INTERVAL 1 HOUR WHERE id = {}",
                "UPDATE {} SET ts = ts + INTERVAL 2 HOURS, part = 'a' WHERE id = {}",
                "UPDATE {} SET seen = ts WHERE id = {}",
                "UPDATE {} SET id = 0 WHERE id = {}",
                "DELETE FROM {} WHERE id = {}",
                "DELETE FROM {} WHERE id = {} AND x > 1",
                "OPTIMIZE {} --{}",
            ]
        ),
        st.integers(0, 3),
    ),
)


def arrow(rows: list[Any], clock: str = "") -> pa.Table:
    """The rows; with a clock only one of those that a merge would take for the same."""
    distinct = {(each[0] if clock == "static" else each[:2]): each for each in rows} if clock else dict(enumerate(rows))
    return pa.Table.from_pylist(
        [
            {"id": each[0], "ts": T0 + each[1] * HOUR, "seen": None if each[2] is None else T0 + each[2] * HOUR,
             "x": each[3], "part": each[4]}
            for each in distinct.values()
        ],
        SCHEMA,
    )  # fmt: skip


def apply(fe: FeatureEngineeringClient, session: Session, name: str, clock: str, what: tuple[str, Any]) -> None:
    kind, given_ = what
    if kind == "merge":
        fe.write_table(name=name, df=arrow(given_, clock))
    elif kind in ("append", "overwrite"):
        session.write_table(name, arrow(given_), mode=kind)
    else:
        session.sql(kind.format(name, given_).split(" --")[0])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(row, min_size=1, max_size=6), clock=st.sampled_from(sorted(CLOCKS)), in_parts=st.booleans(),
    rounds=st.lists(st.tuples(st.lists(change, min_size=1, max_size=3), st.integers(0, 2)), min_size=1, max_size=3),
)  # fmt: skip
def test_after_updates_in_place_what_has_changed_comes_to_everything(
    fe: FeatureEngineeringClient, session: Session, monkeypatch: pytest.MonkeyPatch, first: list[Any], clock: str,
    in_parts: bool, rounds: list[tuple[list[tuple[str, Any]], int]],
) -> None:  # fmt: skip
    name, hour = f"dev.shop.t{new_id()}".replace("-", ""), 4
    changed, whole = f"{name}_online", f"{name}_whole"
    monkeypatch.setenv("BOATHOUSE_AS_OF", (T0 + hour * HOUR).isoformat())
    keys = ["id"] if clock == "static" else ["id", "ts"]
    fe.create_table(name=name, primary_keys=keys, df=arrow(first, clock), **CLOCKS[clock],
                    partition_columns=["part"] if in_parts else None)  # fmt: skip
    fe.publish_table(source_table_name=name)
    for changes, passing in rounds:
        for what in changes:
            apply(fe, session, name, clock, what)
        hour += passing
        monkeypatch.setenv("BOATHOUSE_AS_OF", (T0 + hour * HOUR).isoformat())
        done = fe.publish_table(source_table_name=name)
        fe.publish_table(source_table_name=name, online_table_name=whole, publish_mode="SNAPSHOT")
        found = verify(session, changed)
        assert found.matches, found
        expected = online_rows(session, whole)
        assert repr(sorted(online_rows(session, changed).items())) == repr(sorted(expected.items()))
        assert done.keys == len(expected)
        note, true = meta(session, changed), meta(session, whole)
        assert note["ties"] or not true["ties"]
        assert true["next_known"] is None or note["next_known"] <= true["next_known"]
