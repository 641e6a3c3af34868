"""The join gives what its definition says, over random tables with everything that is awkward."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boathouse.features.clocks import KnownTime
from boathouse.features.feature_spec import Lookup, Output
from boathouse.features.point_in_time import hashing, joining, look_up, pruning, scanning
from boathouse.features.point_in_time.definition import define, values_of
from boathouse.features.tables import reading
from boathouse.features.tables.reading import FeatureRows
from boathouse.foundation.names import TableName

NAME = TableName("dev", "shop", "features")

START = datetime(2013, 6, 30, 22, tzinfo=UTC)

KEYS: dict[str, tuple[pa.DataType, pa.DataType, list[Any]]] = {
    "int": (pa.int64(), pa.int32(), [-7, 0, 1, 2, 2**31 - 1]),
    "wide": (pa.int64(), pa.int64(), [-(2**63), -1, 5, 2**40, 2**63 - 1]),
    "unsigned": (pa.uint64(), pa.int64(), [0, 1, 7]),
    "text": (pa.string(), pa.string(), ["", "a", "A", "é", "日本", "x" * 40, "x" * 39 + "y"]),
    "large text": (pa.large_string(), pa.string(), ["", "a", "b"]),
    "category": (pa.dictionary(pa.int8(), pa.string()), pa.string(), ["a", "b", "c"]),
    "flag": (pa.bool_(), pa.bool_(), [True, False]),
    "day": (pa.date32(), pa.date32(), [date(1969, 12, 31), date(2013, 1, 1)]),
    "decimal": (pa.decimal128(10, 1), pa.decimal128(12, 2), [Decimal("1.0"), Decimal("-2.5")]),
    "bytes": (pa.binary(), pa.binary(), [b"", b"\x00", b"\xff"]),
    "instant": (pa.timestamp("ms", "UTC"), pa.timestamp("us", "UTC"), [START, START + timedelta(hours=1)]),
    "nothing": (pa.null(), pa.string(), [None]),
}
"""The type in the spine, the type in the table, and some values."""

SPINE_TIMES = {
    "us": pa.timestamp("us", "UTC"),
    "ms": pa.timestamp("ms", "America/New_York"),
    "s": pa.timestamp("s", "UTC"),
    "ns": pa.timestamp("ns", "UTC"),
    "naive": pa.timestamp("us"),
    "date": pa.date32(),
    "date64": pa.date64(),
}


@dataclass(frozen=True)
class Case:
    spine: pa.Table
    files: list[pa.Table]
    lookup: Lookup
    as_of: Any
    group_rows: int
    dictionary: bool


@st.composite
def cases(draw: st.DrawFn) -> Case:
    kinds = [KEYS[name] for name in draw(st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=3))]
    spine_time = draw(st.sampled_from(sorted(SPINE_TIMES)))
    at_kind = SPINE_TIMES[spine_time]
    table_time = pa.timestamp("us", None if spine_time == "naive" else "UTC")
    event_kind = draw(st.sampled_from([table_time, table_time, table_time, pa.date32()]))
    known_kind = draw(st.sampled_from([table_time, table_time, pa.date32()]))
    step = draw(st.sampled_from([timedelta(microseconds=1), timedelta(hours=1), timedelta(hours=9)]))

    def instants(kind: pa.DataType) -> st.SearchStrategy[Any]:
        return st.one_of(st.none(), st.integers(0, 7).map(lambda count: _moment(START + count * step, kind)))

    keys = [st.sampled_from([None, *values]) for _, _, values in kinds]
    table_row = st.tuples(*keys, instants(event_kind), instants(known_kind), st.sampled_from([None, 1, 2, 3, 4, 5]))
    spine_row = st.tuples(*keys, instants(at_kind))
    rows = draw(st.lists(table_row, max_size=14))
    if draw(st.booleans()):  # files follow one another in time, as most tables do
        rows.sort(key=lambda row: (row[len(kinds)] is not None, row[len(kinds)]))
    labels = draw(st.lists(spine_row, max_size=9))
    theirs = [f"k{number}" for number in range(len(kinds))]
    mine = [f"m{number}" for number in range(len(kinds))]
    there = [kind if not pa.types.is_null(kind) else pa.string() for _, kind, _ in kinds]
    table = _table([*theirs, "e", "k", "x"], [*there, event_kind, known_kind, pa.int64()], rows)
    spine = _table([*mine, "at"], [*(kind for kind, _, _ in kinds), at_kind], labels)
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=2)))
    ends = [0, *cuts, len(rows)]
    files = [table.slice(start, end - start) for start, end in itertools.pairwise(ends)]
    has_event = draw(st.sampled_from([True, True, True, False]))
    at = draw(st.sampled_from(["at", "at", "at", "at", None]))
    lookback = st.sampled_from([None, None, timedelta(0), step, 3 * step, timedelta(days=1)])
    lags = st.sampled_from([timedelta(0), step, timedelta(hours=2), timedelta.max])
    known = draw(st.one_of(st.just(KnownTime("k")), lags.map(lambda lag: KnownTime(lag=lag))))
    lookup = Lookup(
        NAME,
        tuple(zip(mine, theirs, strict=True)),
        (Output("x", "x", "bigint"), Output("x", "y", "bigint", default=7), Output("k", "k", "timestamp")),
        event="e" if has_event else None,
        known=known,
        at=at,
        lookback=draw(lookback) if has_event and at else None,
    )
    if draw(st.booleans()) and spine.num_rows:
        spine = pa.concat_tables([spine.slice(0, 1), spine])
    as_of = draw(st.sampled_from(["known", "known", "latest"]))
    return Case(spine, files, lookup, as_of, draw(st.integers(1, 5)), draw(st.booleans()))


def _moment(instant: datetime, kind: pa.DataType) -> Any:
    if pa.types.is_date(kind):
        return instant.date()
    return instant.replace(microsecond=0) if kind.unit == "s" else instant if kind.tz else instant.replace(tzinfo=None)


def _table(names: list[str], kinds: list[pa.DataType], rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    arrays = [_array(list(values), kind) for values, kind in zip(columns, kinds, strict=True)]
    return pa.table(dict(zip(names, arrays, strict=True)))


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.timestamp("us", kind.tz)).cast(kind, safe=False)
    return pa.array(values, kind)


@pytest.fixture(params=["as it is", "tiny blocks"], autouse=True)
def bounds(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "tiny blocks":
            patch.setattr(scanning, "BLOCK_ROWS", 2)
            patch.setattr(scanning, "FEW", 0)
            patch.setattr(scanning, "SMALL", 1)
            patch.setattr(joining, "_cores", lambda: 1)  # part by part, so that each sees what was found before
            patch.setattr(reading, "BLOCK_BYTES", 1)
            patch.setattr(hashing, "DENSE_FROM", 0)
            patch.setattr(hashing, "SPREAD", 0)
            patch.setattr(pruning, "MOST_KEYS", 2)
        yield


@settings(max_examples=700, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(case=cases())
def test_each_row_gets_what_the_definition_says(rows_of: Callable[..., FeatureRows], case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = rows_of(Path(folder), case.files, group_rows=case.group_rows, use_dictionary=case.dictionary)
        answer = look_up(case.spine, [(case.lookup, rows)], as_of=case.as_of)
    spine, table = case.spine.to_pylist(), pa.concat_tables(case.files).to_pylist()
    found = [define(row, case.lookup, table, case.as_of) for row in spine]
    values = [values_of(case.lookup, each) for each in found]
    assert answer.table.select(case.spine.column_names).equals(case.spine)
    for name in ("x", "y", "k"):
        assert answer.table[name].to_pylist() == [each[name] for each in values], name
    (report,) = answer.report
    assert report.rows == len(spine)
    assert report.matched == sum(each.winner is not None for each in found)
    assert report.duplicates == sum(each.is_duplicate for each in found)
    assert report.expired <= sum(each.is_expired for each in found)
    if case.as_of == "latest":
        known = [values_of(case.lookup, define(row, case.lookup, table)) for row in spine]
        for name in ("x", "y", "k"):
            differing = sum(mine[name] != theirs[name] for mine, theirs in zip(values, known, strict=True))
            assert report.differing[name] == differing
