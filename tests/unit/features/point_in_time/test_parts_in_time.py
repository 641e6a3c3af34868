# pyright: reportUnknownParameterType=false
"""Parts of a table that follow one another in time, meet or overlap: what newer parts have answered is left out."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boathouse.features.clocks import AT_ONCE, KnownTime
from boathouse.features.feature_spec import Lookup, Output
from boathouse.features.point_in_time import LookedUp, joining, look_up
from boathouse.features.point_in_time.definition import define
from boathouse.features.tables.reading import FeatureRows
from boathouse.foundation.names import TableName

MakeRows = Callable[..., FeatureRows]
HOURS = pa.timestamp("us", "UTC")


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """One part after the other, so that each sees all that was found before."""
    monkeypatch.setattr(joining, "_cores", lambda: 1)


def hours(counts: list[int]) -> pa.Array:
    return pa.array([datetime(2013, 1, 1, tzinfo=UTC) + timedelta(hours=count) for count in counts], HOURS)


def features(keys: list[int], events: list[int], known: list[int] | None = None, first: int = 0) -> pa.Table:
    values = pa.array(range(first, first + len(keys)), pa.int64())
    return pa.table({"id": keys, "e": hours(events), "k": hours(known or events), "x": values})


def spine(keys: list[int], at: list[int]) -> pa.Table:
    return pa.table({"id": pa.array(keys, pa.int64()), "at": hours(at)})


def lookup(known: KnownTime = AT_ONCE, *, at: str | None = "at") -> Lookup:
    return Lookup(TableName("dev", "shop", "features"), (("id", "id"),), (Output("x", "x", "bigint"),), "e", known, at)


def found(rows_of: MakeRows, files: list[pa.Table], labels: pa.Table, wanted: Lookup) -> LookedUp:
    with tempfile.TemporaryDirectory() as folder:
        return look_up(labels, [(wanted, rows_of(Path(folder), files))])


@pytest.mark.parametrize("at", ["at", None])
def test_of_equal_times_in_several_files_the_last_row_counts_and_the_report_tells(
    rows_of: MakeRows, at: str | None
) -> None:
    files = [features([1, 2], [5, 1]), features([1, 2], [5, 3], first=10), features([2], [2], first=20)]
    answer = found(rows_of, files, spine([1, 2], [7, 7]), lookup(at=at))
    assert answer.table["x"].to_pylist() == [10, 11]
    assert answer.report[0].duplicates == 1


def test_a_key_whose_first_label_is_answered_only_by_an_old_file_gets_its_value(rows_of: MakeRows) -> None:
    files = [features([1], [0]), features([1], [10], first=1), features([1], [20], first=2)]
    answer = found(rows_of, files, spine([1, 1, 1, 2], [5, 15, 25, 25]), lookup())
    assert answer.table["x"].to_pylist() == [0, 1, 2, None]


def test_a_late_value_does_not_hide_a_newer_one_of_another_file(rows_of: MakeRows) -> None:
    files = [features([1], [1], [30]), features([1], [10], [11], first=1)]
    answer = found(rows_of, files, spine([1, 1, 1], [10, 20, 40]), lookup(KnownTime("k")))
    assert answer.table["x"].to_pylist() == [None, 1, 1]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), spread=st.sampled_from([0, 1, 4, 30]), clocks=st.sampled_from([1, 2]))
def test_any_files_give_what_the_definition_says(rows_of: MakeRows, seed: int, spread: int, clocks: int) -> None:
    random = np.random.default_rng(seed)
    files: list[pa.Table] = []
    for begin in random.permutation(np.arange(0, 30, 5)).tolist():
        keys, events = random.integers(0, 4, 8), begin + random.integers(0, 5 + spread, 8)
        known = events + random.integers(0, 12, 8)
        files.append(features(keys.tolist(), events.tolist(), known.tolist(), first=100 * begin))
    labels = spine(random.integers(0, 5, 25).tolist(), random.integers(0, 50, 25).tolist())
    wanted = lookup(KnownTime("k") if clocks == 2 else AT_ONCE)
    answer = found(rows_of, files, labels, wanted)
    table = pa.concat_tables(files).to_pylist()
    expected = [define(row, wanted, table) for row in labels.to_pylist()]
    assert answer.table["x"].to_pylist() == [each.winner and each.winner["x"] for each in expected]
    assert answer.report[0].duplicates == sum(each.is_duplicate for each in expected)
