"""Refreshes of tables with a column of time, on real Delta tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from boathouse.foundation.clock import epoch_ms
from boathouse.monitoring.monitors.nouns import RefreshState, Span

JANUARY = datetime(2013, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURS: dict[str, Any] = {"time_series": {"timestamp_col": "at", "granularities": ["1 hour"]}}


def readings(
    start: datetime, values: list[float | None], step: timedelta = timedelta(minutes=10)
) -> list[dict[str, Any]]:
    return [
        {"at": start + place * step, "temp": value, "origin": "JFK" if place % 2 else "LGA"}
        for place, value in enumerate(values)
    ]


def test_each_window_has_a_row_for_the_table_and_for_each_column(watch: Any) -> None:
    watch.write("weather", readings(JANUARY, [1.0, 2.0, 3.0, 4.0, 5.0, None, 7.0, 7.0]))
    watch.watch("weather", **HOURS)
    done = watch.refresh("weather")
    assert done.state is RefreshState.SUCCESS and done.result["windows"] == 2
    rows = watch.rows("weather_profile_metrics", "column_name = 'temp'")
    assert [row["window"]["start"] for row in rows] == [JANUARY, JANUARY + HOUR]
    assert [(row["count"], row["num_nulls"], row["avg"], row["min"], row["max"]) for row in rows] == [
        (5, 1, 3.0, 1.0, 5.0),
        (2, 0, 7.0, 7.0, 7.0),
    ]
    assert rows[0]["percent_null"] == pytest.approx(100 / 6) and rows[0]["log_type"] == "INPUT"
    tables = watch.rows("weather_profile_metrics", "column_name = ':table'")
    assert [row["count"] for row in tables] == [6, 2] and tables[0]["slice_key"] is None


def test_a_window_is_compared_with_the_one_before_it_where_there_is_one(watch: Any) -> None:
    rows = readings(JANUARY, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) + readings(JANUARY + HOUR, [101.0, 102.0, 103.0])
    watch.write("weather", rows + readings(JANUARY + 5 * HOUR, [1.0]))
    watch.watch("weather", **HOURS)
    watch.refresh("weather")
    found = watch.rows("weather_drift_metrics", "column_name = 'temp'")
    assert [row["window"]["start"] for row in found] == [JANUARY + HOUR]
    assert found[0]["window_cmp"]["start"] == JANUARY and found[0]["drift_type"] == "CONSECUTIVE"
    assert found[0]["avg_delta"] == pytest.approx(98.5) and found[0]["ks_test"]["statistic"] == 1.0
    assert found[0]["pvalue_adjusted"] >= found[0]["ks_test"]["pvalue"]


def test_only_windows_with_new_rows_are_computed_again(watch: Any) -> None:
    watch.write("weather", readings(JANUARY, [1.0] * 12))
    watch.watch("weather", **HOURS)
    first = watch.refresh("weather")
    assert watch.refresh("weather").result["windows"] == 0
    watch.write("weather", readings(JANUARY + HOUR, [3.0] * 6))
    second = watch.refresh("weather")
    assert second.result["windows"] == 1
    rows = watch.rows("weather_profile_metrics", "column_name = 'temp'")
    assert [(row["avg"], row["refresh_id"]) for row in rows] == [(1.0, first.refresh_id), (2.0, second.refresh_id)]


def test_what_is_refreshed_bit_by_bit_is_what_is_computed_at_once(watch: Any) -> None:
    settings = {
        "time_series": {"timestamp_col": "at", "granularities": ["30 minutes", "1 hour", "1 day", "1 week", "1 month"]},
        "slicing_exprs": ["origin", "temp > 3"],
    }
    parts = [readings(JANUARY + place * 7 * HOUR, [float(place + each) for each in range(9)]) for place in range(8)]
    watch.write("all_at_once", [row for part in parts for row in part])
    for part in parts:
        watch.write("bit_by_bit", part)
        if part is parts[0]:
            watch.watch("bit_by_bit", **settings)
        watch.refresh("bit_by_bit")
    watch.watch("all_at_once", **settings)
    watch.refresh("all_at_once")
    keys = ("granularity", "window", "slice_key", "slice_value", "column_name")
    same = ("count", "num_nulls", "min", "max", "avg", "stddev", "distinct_count", "num_zeros")
    for suffix in ("profile_metrics",):
        one, other = (
            sorted(
                ([str(row[key]) for key in keys], [row[key] for key in same]) for row in watch.rows(f"{name}_{suffix}")
            )
            for name in ("bit_by_bit", "all_at_once")
        )
        assert [key for key, _ in one] == [key for key, _ in other]
        for (_, left), (_, right) in zip(one, other, strict=True):
            assert left == pytest.approx(right)
    counts = [len(watch.rows(f"{name}_drift_metrics")) for name in ("bit_by_bit", "all_at_once")]
    assert counts[0] == counts[1]


def test_a_refresh_that_is_done_twice_leaves_no_row_twice(watch: Any) -> None:
    watch.write("weather", readings(JANUARY, [1.0] * 12))
    watch.watch("weather", **HOURS)
    asked = watch.monitors.refreshes.ask(watch.root, watch.monitors.list(watch.root)[0].table)
    from boathouse.monitoring.refreshing.refreshing import refresh

    begun = watch.monitors.refreshes.begin(watch.root, asked.monitor_id, run_id=1, refresh_id=asked.refresh_id)
    refresh(watch.session, begun, watch.clock)  # and then its process died
    watch.carry_out(asked)
    assert len(watch.rows("weather_profile_metrics", "column_name = 'temp'")) == 2
    assert len(watch.rows("weather_drift_metrics", "column_name = 'temp'")) == 1


def test_rows_that_go_take_their_windows_along_in_a_backfill(watch: Any) -> None:
    watch.write("weather", readings(JANUARY, [1.0] * 6) + readings(JANUARY + DAY, [2.0] * 6))
    watch.watch("weather", **HOURS)
    watch.refresh("weather")
    watch.session.sql("DELETE FROM dev.shop.weather WHERE temp = 1")
    watch.refresh("weather", backfill=Span(epoch_ms(JANUARY), epoch_ms(JANUARY + DAY)))
    assert [row["avg"] for row in watch.rows("weather_profile_metrics", "column_name = 'temp'")] == [2.0]


def test_rows_from_too_long_ago_wait_for_a_backfill(watch: Any) -> None:
    watch.write("weather", readings(JANUARY + 50 * DAY, [1.0] * 6))
    watch.watch("weather", **HOURS)
    watch.refresh("weather")
    watch.write("weather", readings(JANUARY, [5.0] * 6))
    late = watch.refresh("weather")
    assert late.result["windows"] == 0 and "backfill" in late.message
    done = watch.refresh("weather", backfill=Span(epoch_ms(JANUARY), epoch_ms(JANUARY + DAY)))
    assert done.result["windows"] == 24
    assert [row["avg"] for row in watch.rows("weather_profile_metrics", "column_name = 'temp'")] == [5.0, 1.0]


def test_a_clock_that_jumps_into_the_future_does_not_make_all_others_old(watch: Any) -> None:
    watch.write("weather", readings(JANUARY + 50 * DAY, [1.0] * 6))
    watch.watch("weather", **HOURS)
    watch.refresh("weather")
    watch.write("weather", readings(datetime(2262, 1, 1, tzinfo=UTC), [9.0]))
    watch.refresh("weather")
    watch.write("weather", readings(JANUARY + 50 * DAY + HOUR, [2.0] * 6))
    assert watch.refresh("weather").result["windows"] == 1


def test_drift_from_the_baseline_needs_no_second_look_at_it(watch: Any) -> None:
    watch.write("past", readings(JANUARY - 30 * DAY, [float(each % 7) for each in range(200)]))
    watch.write("weather", readings(JANUARY, [float(each % 7) for each in range(12)]))
    watch.watch("weather", **HOURS, baseline_table_name="dev.shop.past")
    watch.refresh("weather")
    before = watch.rows("weather_profile_summaries", "log_type = 'BASELINE' AND column_name = 'temp'")
    watch.write("weather", readings(JANUARY + 3 * HOUR, [50.0] * 6))
    watch.refresh("weather")
    assert watch.rows("weather_profile_summaries", "log_type = 'BASELINE' AND column_name = 'temp'") == before
    found = watch.rows("weather_drift_metrics", "column_name = 'temp' AND drift_type = 'BASELINE'")
    assert len(found) == 3 and found[0]["window_cmp"] is None
    assert found[2]["js_distance"] > 0.9 > 0.6 > found[0]["js_distance"]


def test_a_baseline_that_is_gone_harms_nothing_else(watch: Any) -> None:
    watch.write("past", readings(JANUARY - 30 * DAY, [1.0, 2.0]))
    watch.write("weather", readings(JANUARY, [1.0] * 6))
    watch.watch("weather", **HOURS, baseline_table_name="dev.shop.past")
    watch.refresh("weather")
    watch.session.sql("DROP TABLE dev.shop.past")
    watch.write("weather", readings(JANUARY + HOUR, [1.0] * 6))
    done = watch.refresh("weather")
    assert done.state is RefreshState.SUCCESS and "dev.shop.past was not read" in done.message
    assert len(watch.rows("weather_drift_metrics", "column_name = 'temp' AND drift_type = 'BASELINE'")) == 2


def test_columns_of_nulls_nan_and_infinity_have_rows_like_others(watch: Any) -> None:
    rows = [
        {"at": JANUARY + place * HOUR, "nothing": None, "odd": value}
        for place, value in enumerate([1.0, float("nan"), float("inf"), 2.0])
    ]
    import pyarrow as pa

    kinds = pa.schema([("at", pa.timestamp("us", "UTC")), ("nothing", pa.float64()), ("odd", pa.float64())])
    watch.write("strange", pa.Table.from_pylist(rows, schema=kinds))
    watch.watch("strange", time_series={"timestamp_col": "at", "granularities": ["1 day"]})
    watch.refresh("strange")
    (nothing,) = watch.rows("strange_profile_metrics", "column_name = 'nothing'")
    assert (nothing["count"], nothing["num_nulls"], nothing["avg"], nothing["percent_null"]) == (0, 4, None, 100.0)
    (odd,) = watch.rows("strange_profile_metrics", "column_name = 'odd'")
    assert (odd["count"], odd["num_nan"], odd["avg"]) == (4, 1, 1.5)
    (table,) = watch.rows("strange_profile_metrics", "column_name = ':table'")
    assert table["non_null_columns"] == ["at", "odd"]


def test_an_empty_table_has_no_windows_and_no_error(watch: Any) -> None:
    import pyarrow as pa

    kinds = pa.schema([("at", pa.timestamp("us", "UTC")), ("temp", pa.float64())])
    watch.write("weather", pa.Table.from_pylist([], schema=kinds))
    watch.watch("weather", **HOURS)
    assert watch.refresh("weather").result["windows"] == 0
    watch.write("weather", pa.Table.from_pylist([{"at": JANUARY, "temp": 1.0}], schema=kinds))
    assert watch.refresh("weather").result["windows"] == 1


def test_a_snapshot_is_compared_with_the_one_before(watch: Any) -> None:
    watch.write("stock", [{"item": "a", "left": 5}, {"item": "b", "left": 7}])
    watch.watch("stock", snapshot={})
    first = watch.refresh("stock")
    assert first.result["windows"] == 1
    watch.clock.advance(DAY)
    watch.write("stock", [{"item": "c", "left": 100}])
    watch.refresh("stock")
    rows = watch.rows("stock_profile_metrics", "column_name = 'left'")
    assert [row["count"] for row in rows] == [2, 3] and rows[0]["granularity"] is None
    assert rows[1]["window"]["start"] - rows[0]["window"]["start"] == DAY
    (drift,) = watch.rows("stock_drift_metrics", "column_name = 'left'")
    assert drift["count_delta"] == 1 and drift["window_cmp"] == rows[0]["window"]


def test_a_table_that_is_gone_is_said_so(watch: Any) -> None:
    from boathouse.foundation.errors import NotFound

    watch.write("weather", readings(JANUARY, [1.0]))
    watch.watch("weather", **HOURS)
    asked = watch.monitors.refreshes.ask(watch.root, watch.monitors.list(watch.root)[0].table)
    watch.session.sql("DROP TABLE dev.shop.weather")
    with pytest.raises(NotFound, match="weather"):
        watch.carry_out(asked)


def test_a_column_that_has_changed_its_type_harms_no_other(watch: Any) -> None:
    daily = {"time_series": {"timestamp_col": "at", "granularities": ["1 hour", "1 day"]}}
    watch.write("weather", [{"at": JANUARY, "temp": 1.0, "code": 1}])
    watch.watch("weather", **daily)
    watch.refresh("weather")
    rows = [{"at": JANUARY, "temp": 1.0, "code": "one"}, {"at": JANUARY + HOUR, "temp": 3.0, "code": "two"}]
    watch.write("weather", rows, mode="overwrite", schema_mode="overwrite")
    done = watch.refresh("weather")
    assert done.state is RefreshState.SUCCESS
    (day,) = watch.rows("weather_profile_metrics", "column_name = 'temp' AND granularity = '1 day'")
    assert day["avg"] == 2.0
    (code,) = watch.rows("weather_profile_metrics", "column_name = 'code' AND granularity = '1 day'")
    assert code["data_type"] == "string" and code["count"] == 2


def test_a_new_category_and_a_new_column_are_seen_as_drift(watch: Any) -> None:
    watch.write("weather", [{"at": JANUARY, "sky": "clear"}] * 50)
    watch.watch("weather", **HOURS)
    watch.refresh("weather")
    later = [{"at": JANUARY + HOUR, "sky": "volcanic ash", "ash": 0.5}] * 50
    watch.write("weather", later, schema_mode="merge")
    watch.refresh("weather")
    (sky,) = watch.rows("weather_drift_metrics", "column_name = 'sky'")
    assert sky["tv_distance"] == 1.0 and sky["chi_squared_test"]["pvalue"] < 1e-6
    (table,) = watch.rows("weather_drift_metrics", "column_name = ':table'")
    assert table["non_null_columns_delta"]["added"] == ["ash"]
