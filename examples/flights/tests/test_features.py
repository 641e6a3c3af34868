"""The store answers with what had happened when we were asked, all of it, and nothing more."""

from datetime import timedelta

import polars as pl
import pytest
from flights.clocks import PREDICTION_LEAD
from flights.columns import FEATURES
from flights.features import build_labels, build_questions
from flights.proof import differences, recompute, some_of


@pytest.fixture(scope="module")
def answers(store, questions) -> pl.DataFrame:
    return store.answers(questions)


def test_every_question_gets_one_row_whatever_is_missing(answers, questions):
    assert answers["flight_id"].to_list() == questions["flight_id"].to_list()
    assert set(FEATURES) <= set(answers.columns)


def test_a_naive_computation_that_is_given_nothing_from_ahead_agrees(answers, flights, weather, planes):
    assert differences(some_of(answers, 250), flights, weather, planes) == []


def test_the_proof_finds_a_leak(new_store, questions, flights, weather, planes):
    # given features that count a landing from its departure on, as if it were known at once
    leaky = new_store(flights.with_columns(landed_at=pl.col("departed_at")), weather, planes)

    found = differences(leaky.answers(some_of(questions, 100)), flights, weather, planes)

    assert {"carrier_late_share_1d", "origin_landings_6h"} <= {each.feature for each in found}


def test_the_store_counts_what_would_leak_if_known_time_were_ignored(store, questions, answers):
    ignoring = store.training_set(questions, as_of="latest")

    differing = (ignoring.load_df()["aircraft_legs_today"] != answers["aircraft_legs_today"]).sum()

    by_table = {report.table.name: report for report in ignoring.report}
    assert by_table["aircraft_days"].differing["aircraft_legs_today"] == differing > 0
    assert not any(by_table["planes"].differing.values())


@pytest.mark.parametrize("position", [200, 700, 1300])
def test_removing_everything_from_after_the_question_changes_nothing(
    new_store, questions, answers, flights, weather, planes, position
):
    # given a flight, and tables as they were when we were asked about it
    asked = questions[position]
    asked_at = asked["asked_at"][0]
    unknown = pl.col("landed_at").is_null() | (pl.col("landed_at") > asked_at)
    known_then = flights.with_columns(
        landed_at=pl.when(unknown).then(None).otherwise(pl.col("landed_at")),
        arrival_delay_minutes=pl.when(unknown).then(None).otherwise(pl.col("arrival_delay_minutes")),
    )

    then = new_store(known_then, weather.filter(pl.col("known_at") <= asked_at), planes)

    assert then.answers(asked).row(0) == answers.row(position)


@pytest.mark.parametrize(("minutes", "counted"), [(0, 1), (1, 0)])
def test_a_landing_counts_from_its_very_minute_on(new_store, flights, weather, planes, minutes, counted):
    # given an aircraft that lands in the minute in which we are asked about its next flight, or one minute later
    first, second = _same_day_pair(flights)
    asked_at = second["scheduled_departure_at"] - PREDICTION_LEAD
    pair = pl.DataFrame(
        [first | {"landed_at": asked_at + timedelta(minutes=minutes), "arrival_delay_minutes": 20}, second],
        schema=flights.schema,
    )

    answers = new_store(pair, weather, planes).answers(pl.DataFrame(build_questions(pair.to_arrow())))

    row = answers.row(by_predicate=pl.col("flight_id") == second["flight_id"], named=True)
    assert row["aircraft_legs_today"] == row["aircraft_late_legs_today"] == counted
    assert row["origin_landings_6h"] == (1 if counted else None)
    assert row["aircraft_last_delay_minutes"] == (20 if counted else None)
    assert recompute(second, pair, weather, planes)["aircraft_legs_today"] == counted


def test_labels_are_known_at_the_landing_and_the_cancelled_have_none(flights):
    labels = pl.from_arrow(build_labels(flights.to_arrow())).join(flights, on="flight_id")

    assert (labels["known_at"] == labels["landed_at"]).all()
    assert "cancelled" not in labels["status"].to_list()
    assert labels.filter(pl.col("status") == "diverted")["late"].all()
    on_time = labels.filter(pl.col("arrival_delay_minutes") < 15)
    assert on_time.height and not on_time["late"].any()


def _same_day_pair(flights: pl.DataFrame) -> tuple[dict, dict]:
    second = flights.filter(pl.col("status") == "landed").sort("scheduled_departure_at").row(300, named=True)
    morning = second["scheduled_departure_at"] - timedelta(hours=5)
    first = second | {"flight_id": "first", "scheduled_departure_at": morning, "departed_at": morning}
    return first, second
