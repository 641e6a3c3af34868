from datetime import UTC, datetime

import duckdb
import pytest
from flights.checks import check
from flights.loading import load_flights, load_weather

AS_OF = datetime(2013, 3, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def tables(raw) -> dict[str, object]:
    """The real data, a tenth of the aircraft, up to the ides of March."""
    return {
        "flights": load_flights(raw["flights"], raw["airports"], AS_OF, sample_percent=10),
        "weather": load_weather(raw["weather"], AS_OF),
        "planes": _sql(raw, "SELECT tailnum, year AS built, seats FROM planes"),
    }


def broken(tables, **changed) -> list[str]:
    return [finding.name for finding in check(tables | changed, AS_OF) if not finding.passed]


def test_the_real_data_passes(tables):
    assert broken(tables) == []


def test_a_duplicated_flight_is_found(tables):
    twice = _sql(tables, "FROM flights UNION ALL (FROM flights LIMIT 1)")

    assert broken(tables, flights=twice) == ["a flight has one row"]


def test_clocks_read_in_the_wrong_zone_are_found(tables):
    shifted = _sql(tables, "SELECT * REPLACE (landed_at + INTERVAL 1 HOUR AS landed_at) FROM flights")

    assert "the landing instant, read on the destination's wall clock, is what the file says" in broken(
        tables, flights=shifted
    )


def test_knowledge_from_the_future_is_found(tables):
    early = datetime(2013, 3, 1, tzinfo=UTC)

    failed = [finding.name for finding in check(tables, early) if not finding.passed]

    assert failed == ["nothing is known that had not happened yet"]


def test_missing_weather_is_found(tables):
    gone = _sql(tables, "FROM weather WHERE origin <> 'JFK'")

    assert broken(tables, weather=gone) == ["99 of 100 departures have a weather row of the six hours before"]


def _sql(tables, query: str):
    with duckdb.connect() as database:
        for name, table in tables.items():
            database.register(name, table)
        return database.sql(query).to_arrow_table()
