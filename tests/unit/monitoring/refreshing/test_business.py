"""Figures of the business, and how calibration and fairness go on, in the windows of an inference log."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from boathouse.foundation.shapes import DoesNotFit, fit
from boathouse.monitoring.monitors.settings import MonitorSettings

JANUARY = datetime(2013, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MATRIX = {"true_positive": 180.0, "false_positive": -60.0, "false_negative": -240.0, "currency": "USD"}
LOG = {
    "problem_type": "PROBLEM_TYPE_CLASSIFICATION", "timestamp_col": "at", "granularities": ["1 day"],
    "prediction_col": "predicted", "model_id_col": "model", "prediction_proba_col": "score", "label_col": "late",
}  # fmt: skip


def answers(days: int, per_day: int = 200) -> list[dict[str, Any]]:
    """With each day, scores say less, and one origin is told late more often."""
    dice = random.Random(3)
    found: list[dict[str, Any]] = []
    for place in range(days * per_day):
        day, score, origin = place // per_day, round(dice.random(), 3), dice.choice(["JFK", "LGA"])
        chance = score if not day else 0.5
        bar = 0.5 if origin == "LGA" else 0.5 - 0.15 * day
        found.append(
            {
                "request_id": place, "at": JANUARY + place * DAY / per_day, "model": "v1", "score": score,
                "predicted": int(score > bar), "late": int(dice.random() < chance), "origin": origin, "minutes": 5.0,
            }
        )  # fmt: skip
    return found


def of_day(rows: list[dict[str, Any]], day: int) -> list[dict[str, Any]]:
    return [row for row in rows if JANUARY + day * DAY <= row["at"] < JANUARY + (day + 1) * DAY]


def worth(row: dict[str, Any], acts: bool) -> float:
    names = {(True, 1): "true_positive", (True, 0): "false_positive", (False, 1): "false_negative"}
    name = names.get((acts, row["late"]))
    return float(MATRIX[name]) if name else 0.0  # type: ignore[arg-type]


def whole(watch: Any, more: str = "slice_key IS NULL") -> list[dict[str, Any]]:
    return watch.rows("answers_profile_metrics", f"column_name = ':table' AND model = '*' AND {more}")


@pytest.mark.parametrize("threshold", [None, 0.25])
def test_each_window_says_what_its_decisions_were_worth(watch: Any, threshold: float | None) -> None:
    rows = answers(2)
    watch.write("answers", rows)
    matrix = MATRIX if threshold is None else {**MATRIX, "threshold": threshold}
    watch.watch("answers", inference_log=LOG, boathouse={"cost_matrix": matrix})
    watch.refresh("answers")
    for day, found in enumerate(whole(watch)):
        here = of_day(rows, day)
        values = [worth(row, row["predicted"] == 1 if threshold is None else row["score"] >= threshold) for row in here]
        assert found["decision_value"] == pytest.approx(sum(values))
        assert found["value_per_prediction"] == pytest.approx(sum(values) / len(here))
        interval = found["value_per_prediction_interval"]
        assert interval["low"] < found["value_per_prediction"] < interval["high"]
        never = sum(worth(row, False) for row in here)
        assert found["value_over_never_acting"] == pytest.approx((sum(values) - never) / len(here))


def test_values_of_late_labels_come_with_them_and_a_drift_metric_compares_them(watch: Any) -> None:
    rows = answers(2)
    watch.write("answers", [{name: value for name, value in row.items() if name != "late"} for row in rows])
    watch.write("labels", [{"request_id": row["request_id"], "late": row["late"]} for row in of_day(rows, 0)])
    late = {"table_name": "dev.shop.labels", "label_col": "late", "key_col": "request_id"}
    watch.watch(
        "answers",
        inference_log={name: value for name, value in LOG.items() if name != "label_col"},
        boathouse={"late_labels": late, "cost_matrix": MATRIX},
        custom_metrics=[
            {
                "name": "worth_less", "type": "CUSTOM_METRIC_TYPE_DRIFT", "input_columns": [":table"],
                "definition": "{{base_df}}.value_per_prediction - {{current_df}}.value_per_prediction",
                "output_data_type": "double",
            }
        ],
    )  # fmt: skip
    watch.refresh("answers")
    assert [row["decision_value"] is None for row in whole(watch)] == [False, True]
    watch.write("labels", [{"request_id": row["request_id"], "late": row["late"]} for row in of_day(rows, 1)])
    assert watch.refresh("answers").result["windows"] == 1
    first, second = whole(watch)
    assert second["decision_value"] == pytest.approx(sum(worth(row, row["predicted"] == 1) for row in of_day(rows, 1)))
    drift = watch.rows("answers_drift_metrics", "column_name = ':table' AND model = '*'")
    assert [row["worth_less"] for row in drift] == [
        pytest.approx(first["value_per_prediction"] - second["value_per_prediction"])
    ]


def test_kpis_and_running_cost_have_columns_of_their_own(watch: Any) -> None:
    rows = answers(2, 60)
    watch.write("answers", rows)
    kpi = {"name": "minutes_lost", "sql": "sum(minutes) FILTER (WHERE {{prediction_col}} <> {{label_col}})"}
    extras = {"kpis": [{**kpi, "unit": "minutes"}], "running_cost": {"per_prediction": 0.01, "per_hour": 0.5}}
    watch.watch("answers", inference_log=LOG, slicing_exprs=["origin"], boathouse=extras)
    assert watch.refresh("answers").message is None
    for day, found in enumerate(whole(watch)):
        wrong = sum(row["predicted"] != row["late"] for row in of_day(rows, day))
        assert found["minutes_lost"] == 5.0 * wrong
        assert found["prediction_cost"] == pytest.approx(60 * 0.01 + 12)
        assert found["cost_per_prediction"] == pytest.approx(0.01 + 12 / 60)
    parts = whole(watch, "slice_key = 'origin'")
    assert sum(row["prediction_cost"] for row in parts) == pytest.approx(2 * (60 * 0.01 + 12))


def test_calibration_is_told_for_each_window_by_its_definition(watch: Any) -> None:
    rows = answers(2)
    watch.write("answers", rows)
    watch.watch("answers", inference_log=LOG)
    watch.refresh("answers")
    found = whole(watch)
    for day, row in enumerate(found):
        here = of_day(rows, day)
        tenths = [[each for each in here if min(int(each["score"] * 10 + 1e-9), 9) == tenth] for tenth in range(10)]
        error = sum(abs(sum(each["late"] - each["score"] for each in part)) for part in tenths) / len(here)
        assert row["calibration_error"] == pytest.approx(error, abs=2e-3)
    assert found[1]["calibration_error"] > 2 * found[0]["calibration_error"]


def test_fairness_is_told_for_each_window(watch: Any) -> None:
    rows = answers(3)
    watch.write("answers", rows)
    watch.watch("answers", inference_log=LOG, slicing_exprs=["origin = 'JFK'"])
    watch.refresh("answers")
    apart: list[float] = []
    for day, found in enumerate(whole(watch, "slice_value = 'true'")):
        sides = [[row for row in of_day(rows, day) if (row["origin"] == "JFK") is side] for side in (True, False)]
        shares = [sum(row["predicted"] for row in side) / len(side) for side in sides]
        recalls = [sum(row["predicted"] for row in side if row["late"]) / sum(row["late"] for row in side)
                   for side in sides]  # fmt: skip
        assert dict(found["statistical_parity"])["1"] == pytest.approx(shares[0] - shares[1])
        assert dict(found["equal_opportunity"])["1"] == pytest.approx(recalls[0] - recalls[1])
        apart.append(shares[0] - shares[1])
    assert apart[2] > apart[0] + 0.1, "what has become unfair is seen"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"boathouse": {"cost_matrix": MATRIX}, "time_series": {"timestamp_col": "at", "granularities": ["1 day"]}},
         "belong to an inference_log"),
        ({"inference_log": {**LOG, "problem_type": "PROBLEM_TYPE_REGRESSION"}, "boathouse": {"cost_matrix": MATRIX}},
         "this is a regression"),
        ({"inference_log": {name: value for name, value in LOG.items() if name != "prediction_proba_col"},
          "boathouse": {"cost_matrix": {**MATRIX, "threshold": 0.3}}}, "needs prediction_proba_col"),
        ({"inference_log": LOG, "boathouse": {"cost_matrix": MATRIX, "running_cost": {"currency": "EUR"}}},
         "cost_matrix is in USD, running_cost in EUR"),
        ({"inference_log": LOG, "boathouse": {"kpis": [{"name": "a", "sql": "sum(x)"}, {"name": "a", "sql": "1"}]}},
         "written twice"),
        ({"inference_log": LOG, "boathouse": {"kpis": [{"name": "not a name", "sql": "sum(x)"}]}},
         "cannot be a column"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_of_money_is_refused(said: dict[str, Any], words: str) -> None:
    with pytest.raises(DoesNotFit, match=words):
        fit(MonitorSettings, {"output_schema_name": "dev.watched", **said}, what="The monitor")


def test_a_kpi_that_is_no_sql_is_refused_where_it_is_written(watch: Any) -> None:
    watch.write("answers", answers(1, 3))
    with pytest.raises(DoesNotFit, match=r"kpis\[0\].sql"):
        watch.watch("answers", inference_log=LOG, boathouse={"kpis": [{"name": "lost", "sql": "sum(minutes"}]})
