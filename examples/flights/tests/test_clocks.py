from datetime import UTC, datetime

import duckdb
import pytest
from flights.clocks import Windows, parse_as_of
from flights.loading import load_flights

RAW = (
    "year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time", "arr_delay",
    "carrier", "flight", "tailnum", "origin", "dest", "air_time", "distance",
)  # fmt: skip
LATER = datetime(2014, 2, 1, tzinfo=UTC)


def load(*row: object, as_of: datetime = LATER) -> dict[str, object]:
    """One raw row as a flight, as it was known at ``as_of``."""
    types = ["INTEGER"] * 9 + ["VARCHAR", "INTEGER", "VARCHAR", "VARCHAR", "VARCHAR", "INTEGER", "INTEGER"]
    columns = ", ".join(f"?::{kind} AS {name}" for name, kind in zip(RAW, types, strict=True))
    raw = duckdb.sql(f"SELECT {columns}", params=list(row)).to_arrow_table()
    airports = duckdb.sql(
        "SELECT * FROM (VALUES ('SFO', 'America/Los_Angeles'), ('PHX', 'America/Phoenix'),"
        " ('LAX', 'America/Los_Angeles'), ('BOS', 'America/New_York')) t(faa, tzone)"
    ).to_arrow_table()
    return load_flights(raw, airports, as_of).to_pylist()[0]


def test_a_departure_is_read_on_new_yorks_clock_in_winter_and_in_summer():
    winter = load(2013, 1, 5, 800, 800, 0, 900, 900, 0, "AA", 1, "N1", "JFK", "BOS", 40, 187)
    summer = load(2013, 7, 5, 800, 800, 0, 900, 900, 0, "AA", 1, "N1", "JFK", "BOS", 40, 187)

    assert winter["scheduled_departure_at"] == datetime(2013, 1, 5, 13, tzinfo=UTC)
    assert summer["scheduled_departure_at"] == datetime(2013, 7, 5, 12, tzinfo=UTC)


def test_an_arrival_is_read_on_the_destinations_clock():
    flight = load(2013, 1, 5, 800, 800, 0, 1130, 1125, 5, "AA", 1, "N1", "JFK", "SFO", 360, 2586)

    assert flight["scheduled_arrival_at"] == datetime(2013, 1, 5, 19, 25, tzinfo=UTC)
    assert flight["landed_at"] == datetime(2013, 1, 5, 19, 30, tzinfo=UTC)


def test_arizona_keeps_its_clock_in_summer():
    flight = load(2013, 7, 5, 800, 800, 0, 1000, 1000, 0, "AA", 1, "N1", "JFK", "PHX", 290, 2153)

    assert flight["scheduled_arrival_at"] == datetime(2013, 7, 5, 17, tzinfo=UTC)


def test_puerto_rico_is_missing_from_the_airports_and_yet_has_its_own_clock():
    flight = load(2013, 7, 5, 800, 800, 0, 1150, 1150, 0, "AA", 1, "N1", "JFK", "SJU", 200, 1598)

    assert flight["scheduled_arrival_at"] == datetime(2013, 7, 5, 15, 50, tzinfo=UTC)


def test_an_arrival_after_midnight_is_on_the_next_day():
    flight = load(2013, 1, 5, 2300, 2300, 0, 10, 5, 5, "AA", 1, "N1", "JFK", "BOS", 40, 187)

    assert flight["landed_at"] == datetime(2013, 1, 6, 5, 10, tzinfo=UTC)


def test_midnight_written_as_2400_is_midnight():
    flight = load(2013, 1, 5, 2300, 2300, 0, 2400, 2359, 1, "AA", 1, "N1", "JFK", "BOS", 40, 187)

    assert flight["landed_at"] == datetime(2013, 1, 6, 5, 0, tzinfo=UTC)


def test_a_departure_that_slips_over_midnight_keeps_its_day():
    flight = load(2013, 1, 5, 15, 2330, 45, 120, 30, 50, "AA", 1, "N1", "JFK", "BOS", 40, 187)

    assert flight["departed_at"] == datetime(2013, 1, 6, 5, 15, tzinfo=UTC)
    assert flight["landed_at"] == datetime(2013, 1, 6, 6, 20, tzinfo=UTC)


def test_a_flight_through_the_night_of_the_change_of_clocks_lands_at_an_instant_that_existed():
    flight = load(2013, 3, 9, 2306, 2145, 81, 203, 34, 89, "B6", 35, "N1", "JFK", "BOS", 141, 1089)

    assert flight["landed_at"] == datetime(2013, 3, 10, 7, 3, tzinfo=UTC)  # 03:03 in summer time; 02:03 never was


def test_a_diverted_flight_without_an_arrival_counts_as_known_twelve_hours_later():
    flight = load(2013, 1, 5, 800, 800, 0, None, 900, None, "AA", 1, "N1", "JFK", "BOS", None, 187)

    assert flight["status"] == "diverted"
    assert flight["landed_at"] == datetime(2013, 1, 6, 2, tzinfo=UTC)


def test_a_diverted_flight_that_arrives_after_all_is_known_then():
    flight = load(2013, 1, 5, 2200, 2200, 0, 130, 2300, None, "AA", 1, "N1", "JFK", "BOS", None, 187)

    assert flight["landed_at"] == datetime(2013, 1, 6, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("as_of", "status", "known"),
    [
        (datetime(2013, 1, 5, 13, 4, tzinfo=UTC), "scheduled", (False, False)),
        (datetime(2013, 1, 5, 13, 5, tzinfo=UTC), "in the air", (True, False)),
        (datetime(2013, 1, 5, 14, 19, tzinfo=UTC), "in the air", (True, False)),
        (datetime(2013, 1, 5, 14, 20, tzinfo=UTC), "landed", (True, True)),
    ],
)
def test_a_flight_is_known_as_far_as_it_has_got(as_of, status, known):
    flight = load(2013, 1, 5, 805, 800, 5, 920, 900, 20, "AA", 1, "N1", "JFK", "BOS", 40, 187, as_of=as_of)

    assert flight["status"] == status
    assert (flight["departed_at"] is not None, flight["landed_at"] is not None) == known
    assert (flight["arrival_delay_minutes"] is not None) == known[1]


def test_the_past_is_divided_on_new_yorks_calendar():
    windows = Windows.before(parse_as_of("2013-12-01"))

    assert windows.train_until == datetime(2013, 11, 1, 4, tzinfo=UTC)  # summer time still
    assert windows.evaluate_until == windows.as_of == datetime(2013, 12, 1, 5, tzinfo=UTC)


def test_in_the_middle_of_a_month_the_last_full_month_is_for_evaluation():
    windows = Windows.before(parse_as_of("2013-03-20T12:00:00+00:00"))

    assert windows.train_until == datetime(2013, 2, 1, 5, tzinfo=UTC)
    assert windows.evaluate_until == datetime(2013, 3, 1, 5, tzinfo=UTC)
