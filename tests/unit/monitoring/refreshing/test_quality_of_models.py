"""Quality of models per window and slice: with labels at hand, with labels that come late, and for groups."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from sklearn import metrics as sk

from boathouse.monitoring.monitors.nouns import RefreshState

JANUARY = datetime(2013, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def log(**more: Any) -> dict[str, Any]:
    asked = {
        "problem_type": "PROBLEM_TYPE_CLASSIFICATION", "timestamp_col": "at", "granularities": ["1 day"],
        "prediction_col": "predicted", "model_id_col": "model",
    }  # fmt: skip
    return asked | more


def answers(days: int, per_day: int = 60, seed: int = 7) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    found: list[dict[str, Any]] = []
    for place in range(days * per_day):
        score = round(chance.random(), 3)
        found.append(
            {
                "request_id": f"r{place}", "at": JANUARY + place * DAY / per_day, "model": f"v{place % 2 + 1}",
                "score": score, "predicted": int(score > 0.5), "late": int(chance.random() < score),
                "origin": chance.choice(["JFK", "LGA"]),
            }
        )  # fmt: skip
    return found


def test_figures_are_those_of_scikit_learn(watch: Any) -> None:
    rows = answers(1, 500)
    watch.write("answers", rows)
    watch.watch("answers", inference_log=log(label_col="late", prediction_proba_col="score"))
    watch.refresh("answers")
    (found,) = watch.rows("answers_profile_metrics", "column_name = ':table' AND model = '*'")
    late, predicted, score = ([row[name] for row in rows] for name in ("late", "predicted", "score"))
    assert found["labelled_count"] == 500
    assert found["accuracy_score"] == pytest.approx(sk.accuracy_score(late, predicted))
    assert found["precision"]["macro"] == pytest.approx(sk.precision_score(late, predicted, average="macro"))
    assert dict(found["recall"]["one_vs_all"])["1"] == pytest.approx(sk.recall_score(late, predicted))
    assert found["f1_score"]["weighted"] == pytest.approx(sk.f1_score(late, predicted, average="weighted"))
    assert found["roc_auc_score"]["macro"] == pytest.approx(sk.roc_auc_score(late, score), abs=2e-3)
    assert found["log_loss"] == pytest.approx(sk.log_loss(late, score), rel=1e-2)
    assert found["brier_score"] == pytest.approx(sk.brier_score_loss(late, score))
    low, high = found["accuracy_interval"]["low"], found["accuracy_interval"]["high"]
    assert low < found["accuracy_score"] < high
    counts = {(each["prediction"], each["label"]): each["count"] for each in found["confusion_matrix"]}
    assert counts["1", "0"] == sk.confusion_matrix(late, predicted)[0][1]


def test_each_model_and_each_slice_has_its_own_figures(watch: Any) -> None:
    rows = answers(2)
    watch.write("answers", rows)
    watch.watch("answers", inference_log=log(label_col="late"), slicing_exprs=["origin", "origin = 'JFK'"])
    watch.refresh("answers")
    found = watch.rows("answers_profile_metrics", "column_name = ':table'")
    assert {row["model"] for row in found} == {"*", "v1", "v2"}
    first = [row for row in rows if row["at"] < JANUARY + DAY and row["origin"] == "JFK" and row["model"] == "v1"]
    (one,) = [
        row for row in found
        if (row["slice_key"], row["slice_value"], row["model"]) == ("origin", "JFK", "v1")
        and row["window"]["start"] == JANUARY
    ]  # fmt: skip
    right = sum(row["late"] == row["predicted"] for row in first) / len(first)
    assert one["count"] == len(first) and one["accuracy_score"] == pytest.approx(right)


def test_a_group_is_compared_with_all_others(watch: Any) -> None:
    rows = answers(1, 400)
    watch.write("answers", rows)
    watch.watch("answers", inference_log=log(label_col="late"), slicing_exprs=["origin = 'JFK'"])
    watch.refresh("answers")
    (found,) = watch.rows("answers_profile_metrics", "column_name = ':table' AND slice_value = 'true' AND model = '*'")
    share = {
        group: sum(row["predicted"] for row in rows if (row["origin"] == "JFK") is group)
        / sum((row["origin"] == "JFK") is group for row in rows)
        for group in (True, False)
    }
    assert dict(found["statistical_parity"])["1"] == pytest.approx(share[True] - share[False])
    assert set(dict(found["equal_opportunity"])) == {"0", "1"}


def test_regressions_have_errors_with_intervals(watch: Any) -> None:
    chance = random.Random(1)
    truth = [chance.uniform(1, 50) for _ in range(300)]
    rows = [{"at": JANUARY, "model": "m", "predicted": value + chance.gauss(0, 2), "late": value} for value in truth]
    watch.write("answers", [*rows, {"at": JANUARY, "model": "m", "predicted": float("nan"), "late": 1.0}])
    asked = log(label_col="late", problem_type="PROBLEM_TYPE_REGRESSION")
    watch.watch("answers", inference_log=asked)
    watch.refresh("answers")
    (found,) = watch.rows("answers_profile_metrics", "column_name = ':table' AND model = 'm'")
    predicted = [row["predicted"] for row in rows]
    assert found["labelled_count"] == 300
    assert found["mean_squared_error"] == pytest.approx(sk.mean_squared_error(truth, predicted))
    assert found["mean_average_error"] == pytest.approx(sk.mean_absolute_error(truth, predicted))
    assert found["r2_score"] == pytest.approx(sk.r2_score(truth, predicted))
    percent = sk.mean_absolute_percentage_error(truth, predicted)
    assert found["mean_absolute_percentage_error"] == pytest.approx(percent)
    interval = found["root_mean_squared_error_interval"]
    assert interval["low"] < found["root_mean_squared_error"] < interval["high"]


def late_labels(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([{"id": row["request_id"], "late": row["late"]} for row in rows])


def test_labels_that_come_late_are_joined_and_their_windows_computed_again(watch: Any) -> None:
    rows = answers(3)
    without = [{name: value for name, value in row.items() if name != "late"} for row in rows]
    watch.write("answers", without)
    watch.write("labels", late_labels(rows[:60]))
    late = {"late_labels": {"table_name": "dev.shop.labels", "label_col": "late", "label_key_col": "id"}}
    watch.watch("answers", inference_log=log(prediction_proba_col="score"), boathouse=late)
    watch.refresh("answers")
    found = watch.rows("answers_profile_metrics", "column_name = ':table' AND model = '*'")
    assert [row["labelled_count"] for row in found] == [60, 0, 0]

    watch.write("labels", late_labels([*rows[60:90], {"request_id": "nobody", "late": 1}]))
    second = watch.refresh("answers")
    assert second.state is RefreshState.SUCCESS and second.result["windows"] == 1
    assert "1 labels are for no answer" in second.message
    found = watch.rows("answers_profile_metrics", "column_name = ':table' AND model = '*'")
    assert [row["labelled_count"] for row in found] == [60, 30, 0]
    right = sum(row["late"] == row["predicted"] for row in rows[60:90]) / 30
    assert found[1]["accuracy_score"] == pytest.approx(right)
    assert [row["count"] for row in found] == [60, 60, 60]


def test_labels_that_say_the_same_twice_count_once_and_those_that_differ_not_at_all(watch: Any) -> None:
    rows = answers(1, 10)
    watch.write("answers", [{name: value for name, value in row.items() if name != "late"} for row in rows])
    twice = [*rows, rows[0], {"request_id": "r1", "late": 1 - rows[1]["late"]}]
    watch.write("labels", late_labels(twice))
    late = {"late_labels": {"table_name": "dev.shop.labels", "label_col": "late", "label_key_col": "id"}}
    watch.watch("answers", inference_log=log(), boathouse=late)
    watch.refresh("answers")
    (found,) = watch.rows("answers_profile_metrics", "column_name = ':table' AND model = '*'")
    assert found["labelled_count"] == 9 and found["count"] == 10


def test_counts_of_days_add_up_to_those_of_the_month(watch: Any) -> None:
    rows = answers(20, 30)
    asked = log(label_col="late", prediction_proba_col="score", granularities=["1 day", "1 month"])
    watch.write("answers", rows[:300])
    watch.watch("answers", inference_log=asked)
    watch.refresh("answers")
    watch.write("answers", rows[300:])
    watch.refresh("answers")
    (month,) = watch.rows(
        "answers_profile_metrics", "column_name = ':table' AND model = '*' AND granularity = '1 month'"
    )
    late, score = ([row[name] for row in rows] for name in ("late", "score"))
    assert month["labelled_count"] == 600
    assert month["roc_auc_score"]["macro"] == pytest.approx(sk.roc_auc_score(late, score), abs=2e-3)
    assert month["accuracy_score"] == pytest.approx(sk.accuracy_score(late, [row["predicted"] for row in rows]))
