"""Metrics of one's own, as Databricks documents them: aggregate, derived, drift."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from boathouse.foundation.shapes import DoesNotFit

JANUARY = datetime(2013, 1, 1, tzinfo=UTC)
DAYS: dict[str, Any] = {"time_series": {"timestamp_col": "at", "granularities": ["1 day", "1 week"]}}
FIELD = '{"name":"output","type":"double","nullable":true,"metadata":{}}'


def metric(name: str, kind: str, definition: str, *columns: str) -> dict[str, Any]:
    return {
        "name": name, "type": f"CUSTOM_METRIC_TYPE_{kind}", "definition": definition,
        "input_columns": list(columns or (":table",)), "output_data_type": FIELD,
    }  # fmt: skip


def rows(day: int, fares: list[float]) -> list[dict[str, Any]]:
    at = JANUARY + timedelta(days=day)
    return [{"at": at, "fare": fare, "rows": 2.0, "origin": "JFK"} for fare in fares]


def test_aggregates_derived_and_drift_metrics_stand_in_columns_of_their_own(watch: Any) -> None:
    watch.write("sales", rows(0, [1.0, 3.0]) + rows(1, [5.0, 5.0]))
    watch.watch(
        "sales",
        **DAYS,
        slicing_exprs=["origin"],
        custom_metrics=[
            metric("squares", "AGGREGATE", "sum(`{{input_column}}` * `{{input_column}}`)", "fare", "rows"),
            metric("turnover", "AGGREGATE", "sum(fare * `rows`)"),
            metric("root", "DERIVED", "sqrt(squares)", "fare"),
            metric("more", "DRIFT", "{{current_df}}.turnover - {{base_df}}.turnover"),
        ],
    )
    done = watch.refresh("sales")
    assert "message" not in done.result
    found = watch.rows("sales_profile_metrics", "granularity = '1 day' AND slice_key IS NULL")
    by_column = {(row["column_name"], row["window"]["start"].day): row for row in found}
    assert by_column["fare", 1]["squares"] == 10.0 and by_column["rows", 2]["squares"] == 8.0
    assert by_column["fare", 2]["root"] == pytest.approx(50**0.5) and by_column["rows", 2]["root"] is None
    assert by_column[":table", 1]["turnover"] == 8.0 and by_column["fare", 1]["turnover"] is None
    drift = watch.rows("sales_drift_metrics", "column_name = ':table' AND granularity = '1 day'")
    assert [row["more"] for row in drift] == [12.0, 12.0]  # of all rows, and of the slice
    (week,) = watch.rows(
        "sales_profile_metrics", "column_name = ':table' AND granularity = '1 week' AND slice_key IS NULL"
    )
    assert week["turnover"] == 28.0


def test_a_metric_that_cannot_be_computed_leaves_the_others_alone(watch: Any) -> None:
    watch.write("sales", rows(0, [1.0, 3.0]))
    watch.watch(
        "sales",
        **DAYS,
        custom_metrics=[
            metric("wrong", "AGGREGATE", "sum(no_such_column)"),
            metric("turnover", "AGGREGATE", "sum(fare)"),
        ],
    )
    done = watch.refresh("sales")
    assert "The metric wrong" in done.message
    (found,) = watch.rows("sales_profile_metrics", "column_name = ':table' AND granularity = '1 day'")
    assert found["turnover"] == 4.0 and found["wrong"] is None


@pytest.mark.parametrize(
    ("definition", "columns", "problem"),
    [
        ("sum({{input_colum}})", ("fare",), "input_colum"),
        ("sum(fare", (":table",), "definition"),
        ("sum(fare); DROP TABLE x", (":table",), "definition"),
        ("sum(fare)", ("far",), "no column 'far'"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused_at_once(
    watch: Any, definition: str, columns: tuple[str, ...], problem: str
) -> None:
    watch.write("sales", rows(0, [1.0]))
    with pytest.raises(DoesNotFit, match=problem):
        watch.watch("sales", **DAYS, custom_metrics=[metric("m", "AGGREGATE", definition, *columns)])
