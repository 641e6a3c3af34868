"""Features know what had happened when we were asked, all of it, and nothing more."""

from datetime import timedelta

import polars as pl
import pytest
from flights.clocks import PREDICTION_LEAD
from flights.columns import FEATURES
from flights.features import build_features, build_labels
from flights.proof import differences, recompute


@pytest.fixture(scope="module")
def features(flights, weather, planes) -> pl.DataFrame:
    return pl.from_arrow(build_features(flights.to_arrow(), weather.to_arrow(), planes.to_arrow()))


def test_every_flight_gets_one_row_whatever_is_missing(features, flights):
    assert sorted(features["flight_id"]) == sorted(flights["flight_id"])
    assert set(FEATURES) <= set(features.columns)


def test_a_naive_computation_that_is_given_nothing_from_ahead_agrees(features, flights, weather, planes):
    assert differences(features, flights, weather, planes, sample=250) == []


def test_the_proof_finds_a_leak(features, flights, weather, planes):
    # given features that count a landing from its departure on, as if it were known at once
    leaky_flights = flights.with_columns(landed_at=pl.col("departed_at"))
    leaky = pl.from_arrow(build_features(leaky_flights.to_arrow(), weather.to_arrow(), planes.to_arrow()))

    found = differences(leaky, flights, weather, planes, sample=100)

    assert {"carrier_late_share_1d", "origin_landings_6h"} <= {each.feature for each in found}


@pytest.mark.parametrize("position", [200, 700, 1300])
def test_removing_everything_from_after_the_question_changes_nothing(features, flights, weather, planes, position):
    # given a flight, and tables as they were when we were asked about it
    row = features.row(position, named=True)
    asked_at = row["asked_at"]
    unknown = pl.col("landed_at").is_null() | (pl.col("landed_at") > asked_at)
    known_then = flights.with_columns(
        landed_at=pl.when(unknown).then(None).otherwise(pl.col("landed_at")),
        arrival_delay_minutes=pl.when(unknown).then(None).otherwise(pl.col("arrival_delay_minutes")),
    )

    then = build_features(
        known_then.to_arrow(), weather.filter(pl.col("known_at") <= asked_at).to_arrow(), planes.to_arrow()
    )

    assert pl.from_arrow(then).row(by_predicate=pl.col("flight_id") == row["flight_id"], named=True) == row


@pytest.mark.parametrize(("minutes", "counted"), [(0, 1), (1, 0)])
def test_a_landing_counts_from_its_very_minute_on(flights, weather, planes, minutes, counted):
    # given an aircraft that lands in the minute in which we are asked about its next flight, or one minute later
    first, second = _same_day_pair(flights)
    asked_at = second["scheduled_departure_at"] - PREDICTION_LEAD
    pair = pl.DataFrame(
        [first | {"landed_at": asked_at + timedelta(minutes=minutes), "arrival_delay_minutes": 20}, second],
        schema=flights.schema,
    )

    built = pl.from_arrow(build_features(pair.to_arrow(), weather.to_arrow(), planes.to_arrow()))

    row = built.row(by_predicate=pl.col("flight_id") == second["flight_id"], named=True)
    assert row["aircraft_legs_today"] == row["aircraft_late_legs_today"] == row["origin_landings_6h"] == counted
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
