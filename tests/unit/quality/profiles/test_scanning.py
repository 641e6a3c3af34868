"""What a scan says, beside what the rows say."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from boathouse.foundation.clock import ManualClock
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.quality.profiles import SUMMARIES, ScanPlan, scan
from boathouse.session import Session

NOON = datetime(2013, 7, 1, 12, tzinfo=UTC)
ROWS = 5_000


def written(session: Session, name: str, frame: Any) -> TableName:
    table = TableName("dev", "shop", name)
    session.write_table(table, frame, mode="overwrite", schema_mode="overwrite")
    return table


def frame_of(rows: int = ROWS) -> pl.DataFrame:
    dice = np.random.default_rng(5)
    delay = dice.normal(10, 30, rows).round(2)
    return pl.DataFrame(
        {
            "at": [NOON + timedelta(minutes=int(each)) for each in dice.integers(0, 60 * 72, rows)],
            "delay": [None if place % 11 == 0 else value for place, value in enumerate(delay)],
            "seats": dice.integers(0, 5, rows),
            "carrier": [["AA", "UA", None][each] for each in dice.integers(0, 3, rows)],
            "late": delay > 15,
            "flight": [f"F{place}" for place in range(rows)],
            "model": [["a", "b"][each] for each in dice.integers(0, 2, rows)],
            "route": [["JFK", "LAX"]] * rows,
        }
    )


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return frame_of()


@pytest.fixture(scope="module")
def table(session: Session, frame: pl.DataFrame) -> TableName:
    return written(session, "flights", frame)


def rows_of(found: pa.Table) -> dict[str, dict[str, Any]]:
    return {row["column_name"]: row for row in found.to_pylist()}


def test_a_snapshot_says_what_each_column_holds(session: Session, table: TableName, frame: pl.DataFrame) -> None:
    found = scan(session, ScanPlan(table), clock=ManualClock(NOON))
    assert found.schema == SUMMARIES
    rows = rows_of(found)
    assert {row["window_start"] for row in rows.values()} == {NOON} and rows["delay"]["granularity"] is None
    delay, known = rows["delay"], frame["delay"].drop_nulls().to_numpy()
    assert (delay["count"], delay["nulls"]) == (len(known), ROWS - len(known))
    assert (delay["min"], delay["max"]) == (known.min(), known.max())
    assert delay["mean"] == pytest.approx(known.mean()) and delay["m2"] == pytest.approx(known.var() * len(known))
    assert delay["distinct_count"] == pytest.approx(len(np.unique(known)), rel=0.15)
    assert delay["histogram"] == counted(known, delay["edges"])
    assert rows[":table"]["count"] == ROWS and rows[":table"]["columns"] == frame.columns
    assert (rows["route"]["count"], rows["route"]["data_type"]) == (ROWS, "array<string>")
    assert rows["at"]["max"] == frame["at"].dt.epoch("s").max()


def test_texts_and_truth_values_are_counted_by_value(session: Session, table: TableName, frame: pl.DataFrame) -> None:
    rows = rows_of(scan(session, ScanPlan(table)))
    for name in ("carrier", "late"):
        values = [str(each).lower() if isinstance(each, bool) else each for each in frame[name].drop_nulls()]
        assert {each["item"]: each["count"] for each in rows[name]["items"]} == Counter(values)
        assert (rows[name]["other_items"], rows[name]["distinct_count"]) == (0, 2)
    assert (rows["carrier"]["min_length"], rows["carrier"]["sum_length"]) == (2, 2 * rows["carrier"]["count"])
    assert rows["late"]["min_length"] is None


def test_numbers_of_few_values_are_counted_by_value_too(
    session: Session, table: TableName, frame: pl.DataFrame
) -> None:
    row = rows_of(scan(session, ScanPlan(table, columns=("seats",))))["seats"]
    assert {int(each["item"]): each["count"] for each in row["items"]} == Counter(frame["seats"])
    assert row["other_items"] == 0 and row["distinct_count"] == 5


def test_texts_that_all_differ_are_not_grouped(session: Session, table: TableName) -> None:
    row = rows_of(scan(session, ScanPlan(table, columns=("flight",))))["flight"]
    assert (row["count"], row["items"], row["other_items"]) == (ROWS, [], ROWS)
    assert row["distinct_count"] == pytest.approx(ROWS, rel=0.15)


def test_a_frequent_text_among_many_others_is_counted(session: Session) -> None:
    texts = [None if each % 9 == 0 else "unknown" if each % 2 else f"F{each}" for each in range(4_000)]
    row = rows_of(scan(session, ScanPlan(written(session, "texts", pl.DataFrame({"t": texts})))))["t"]
    assert row["items"] == [{"item": "unknown", "count": texts.count("unknown")}]
    assert row["other_items"] == row["count"] - texts.count("unknown")


def test_windows_slices_and_models_are_those_of_the_rows(
    session: Session, table: TableName, frame: pl.DataFrame
) -> None:
    plan = ScanPlan(
        table, columns=("delay", "carrier"), timestamp="at", granularities=("1 day", "1 hour"),
        slices=("carrier", "seats > 2"), model_id="model",
    )  # fmt: skip
    found = scan(session, plan).to_pylist()
    expected: Counter[Any] = Counter()
    for row in frame.iter_rows(named=True):
        at = row["at"]
        for granularity, start in (("1 day", at.replace(hour=0, minute=0)), ("1 hour", at.replace(minute=0))):
            for model in ("*", row["model"]):
                slices = [(None, None), ("seats > 2", "true" if row["seats"] > 2 else "false")]
                slices += [("carrier", row["carrier"])] if row["carrier"] else []
                for key, value in slices:
                    expected[granularity, start, key, value, model] += 1
    counted_rows = {
        (row["granularity"], row["window_start"], row["slice_key"], row["slice_value"], row["model_id"]): row["count"]
        for row in found
        if row["column_name"] == ":table"
    }
    assert counted_rows == dict(expected)
    day = next(row for row in found if row["granularity"] == "1 day")
    assert day["window_end"] - day["window_start"] == timedelta(days=1)


def test_a_longer_window_is_the_sum_of_shorter_ones(session: Session, table: TableName, frame: pl.DataFrame) -> None:
    plan = ScanPlan(table, columns=("delay", "carrier"), timestamp="at", granularities=("1 hour", "1 month"))
    rows = [row for row in scan(session, plan).to_pylist() if row["granularity"] == "1 month"]
    delay, carrier = (next(row for row in rows if row["column_name"] == name) for name in ("delay", "carrier"))
    known = frame["delay"].drop_nulls().to_numpy()
    assert delay["mean"] == pytest.approx(known.mean()) and delay["m2"] == pytest.approx(known.var() * len(known))
    assert delay["histogram"] == counted(known, delay["edges"])
    assert delay["distinct_count"] == pytest.approx(len(np.unique(known)), rel=0.15)
    assert {each["item"]: each["count"] for each in carrier["items"]} == Counter(frame["carrier"].drop_nulls())


def test_only_rows_of_the_stretch_are_read(session: Session, table: TableName, frame: pl.DataFrame) -> None:
    between = (NOON + timedelta(hours=24), NOON + timedelta(hours=30))
    plan = ScanPlan(table, timestamp="at", granularities=("1 hour",), between=between)
    found = [row for row in scan(session, plan).to_pylist() if row["column_name"] == ":table"]
    assert len(found) == 6 and min(row["window_start"] for row in found) == between[0]
    assert sum(row["count"] for row in found) == frame["at"].is_between(*between, closed="left").sum()


def test_the_same_edges_are_used_again(session: Session, table: TableName) -> None:
    edges = {"delay": [0.0, 15.0]}
    row = rows_of(scan(session, ScanPlan(table, columns=("delay",), edges=edges)))["delay"]
    assert row["edges"] == edges["delay"] and sum(row["histogram"]) == row["count"]


def test_nan_infinity_and_huge_numbers_leave_the_rest_unharmed(session: Session) -> None:
    values = [float("nan"), float("inf"), float("-inf"), 1e300, None, 0.0, -0.0, 1.0, 3.0]
    row = rows_of(scan(session, ScanPlan(written(session, "odd", pl.DataFrame({"x": values})))))["x"]
    assert (row["count"], row["nulls"], row["nan"], row["infinities"], row["zeros"]) == (8, 1, 1, 3, 2)
    assert (row["min"], row["max"], row["mean"]) == (0.0, 3.0, 1.0)
    assert sum(row["histogram"]) == 7


def test_a_column_of_nulls_and_a_table_without_rows_have_summaries(session: Session) -> None:
    schema = {"x": pl.Float64, "t": pl.String, "b": pl.Boolean, "d": pl.Date}
    nulls = pl.DataFrame({name: [None] * 3 for name in schema}, schema=schema)
    for frame, count in ((nulls, 3), (nulls.clear(), 0)):
        rows = rows_of(scan(session, ScanPlan(written(session, f"nulls{count}", frame))))
        assert rows[":table"]["count"] == count
        assert all((rows[name]["count"], rows[name]["nulls"]) == (0, count) for name in schema)
        assert rows["x"]["mean"] is None and rows["x"]["distinct_count"] == rows["t"]["distinct_count"] == 0
    empty = scan(session, ScanPlan(TableName("dev", "shop", "nulls0"), slices=("b",)))
    assert rows_of(empty)[":table"]["count"] == 0
    series = ScanPlan(TableName("dev", "shop", "nulls0"), timestamp="d", granularities=("1 day",))
    assert scan(session, series).num_rows == 0


def test_a_sample_that_does_not_speak_for_the_table_is_taken_anew(session: Session) -> None:
    rising = pl.DataFrame({"x": np.arange(200_000, dtype=np.float64)})
    row = rows_of(scan(session, ScanPlan(written(session, "rising", rising))))["x"]
    assert max(row["histogram"]) < 200_000 * 0.05


def test_numbers_that_begin_after_many_nulls_get_a_histogram(session: Session) -> None:
    late = pl.DataFrame({"x": [None] * 90_000 + [float(each) for each in range(1_000)]})
    row = rows_of(scan(session, ScanPlan(written(session, "late", late))))["x"]
    assert sum(row["histogram"]) == 1_000


def test_instants_outside_of_our_calendar_are_in_no_window(session: Session) -> None:
    frame = pl.DataFrame({"at": [NOON, None, datetime(9999, 1, 1, tzinfo=UTC)], "x": [1, 2, 3]})
    plan = ScanPlan(written(session, "jumping", frame), timestamp="at", granularities=("1 day",))
    assert [row["count"] for row in scan(session, plan).to_pylist()] == [1, 1, 1]


@pytest.mark.parametrize(
    "times",
    [
        [date(2013, 7, 1), date(2013, 7, 2)],
        [NOON.replace(tzinfo=None), (NOON + timedelta(days=1)).replace(tzinfo=None)],
        ["2013-07-01 10:00:00", "2013-07-02T11:00:00Z"],
        [1372636800, 1372723200],
    ],
)
def test_dates_local_times_texts_and_seconds_tell_the_time(session: Session, times: list[Any]) -> None:
    plan = ScanPlan(
        written(session, "times", pl.DataFrame({"at": times})), columns=(), timestamp="at", granularities=("1 day",),
        between=(datetime(2013, 7, 2, tzinfo=UTC), datetime(2013, 7, 3, tzinfo=UTC)),
    )  # fmt: skip
    found = scan(session, plan).to_pylist()
    assert [row["window_start"] for row in found] == [datetime(2013, 7, 2, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"columns": ("dlay",)}, "delay"),
        ({"timestamp": "at"}, "granularities belong together"),
        ({"timestamp": "route", "granularities": ("1 day",)}, "cannot tell the time"),
        ({"timestamp": "at", "granularities": ("2 days",)}, "no granularity"),
        ({"slices": ("count(*) > 1",)}, "count"),
        ({"slices": ("x > 1",)}, "no column"),
        ({"slices": ("(SELECT 1)",)}, "more than an expression"),
        ({"slices": ("delay > 'a' AND",)}, "cannot be read"),
        ({"between": (NOON, NOON)}, "needs the column"),
    ],
)
def test_what_cannot_be_asked_is_said(session: Session, table: TableName, plan: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        scan(session, ScanPlan(table, **plan))


def test_of_too_many_slices_the_most_frequent_stay(session: Session) -> None:
    keys = [each for each in range(300) for _ in range(1 + each // 100)]
    table = written(session, "keys", pl.DataFrame({"k": keys, "x": keys}))
    found = scan(session, ScanPlan(table, columns=("x",), slices=("k",))).to_pylist()
    values = {row["slice_value"] for row in found if row["slice_key"] == "k"}
    assert values == {str(each) for each in range(200, 300)}
    assert next(row for row in found if row["column_name"] == "x" and row["slice_key"] is None)["count"] == len(keys)


def counted(values: np.ndarray, edges: list[float]) -> list[int]:
    places = np.searchsorted(np.array(edges), values, side="left")
    return np.bincount(places, minlength=len(edges) + 1).tolist()


def test_columns_may_be_called_as_they_like(session: Session) -> None:
    names = ["c1", "c0", "v", "n", "c0_f", "scanned", "__rows", 'od"d', "two words", "Ä"]
    frame = pl.DataFrame({name: [float(place), float(place)] for place, name in enumerate(names)})
    frame = frame.with_columns(pl.Series("t", ["a", "b"]), pl.Series("item", ["x", "x"]))
    table = written(session, "names", frame)
    rows = rows_of(scan(session, ScanPlan(table)))
    assert {name: rows[name]["mean"] for name in names} == {name: float(place) for place, name in enumerate(names)}
    assert rows["item"]["items"] == [{"item": "x", "count": 2}]
    sliced = scan(session, ScanPlan(table, columns=("c0", "t"), slices=("v + c1", "t"))).to_pylist()
    assert {row["slice_value"] for row in sliced} == {None, "2.0", "a", "b"}


def test_a_version_is_read_as_it_was(session: Session) -> None:
    table = written(session, "versions", pl.DataFrame({"x": [1.0]}))
    session.write_table(table, pl.DataFrame({"x": [2.0]}))
    assert rows_of(scan(session, ScanPlan(table, version=0)))[":table"]["count"] == 1
    assert rows_of(scan(session, ScanPlan(table)))["x"]["max"] == 2.0


def test_a_column_that_was_added_later_is_null_before(session: Session) -> None:
    table = written(session, "grown", pl.DataFrame({"x": [1.0]}))
    session.write_table(table, pl.DataFrame({"x": [2.0], "y": ["new"]}), schema_mode="merge")
    row = rows_of(scan(session, ScanPlan(table)))["y"]
    assert (row["count"], row["nulls"], row["items"]) == (1, 1, [{"item": "new", "count": 1}])


def test_partitions_and_decimals_are_read_too(session: Session) -> None:
    table = TableName("dev", "shop", "parts")
    frame = pl.DataFrame({"day": [date(2013, 7, 1), date(2013, 7, 2)], "fare": [Decimal("1.25"), Decimal("2.75")]})
    session.write_table(table, frame, partition_by=["day"])
    plan = ScanPlan(table, timestamp="day", granularities=("1 week",))
    rows = rows_of(scan(session, plan))
    assert (rows["fare"]["mean"], rows["fare"]["max"], rows["day"]["count"]) == (2.0, 2.75, 2)
    assert rows["fare"]["window_start"] == datetime(2013, 7, 1, tzinfo=UTC)  # a Monday
