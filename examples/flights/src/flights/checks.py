"""What must be true of the data before anybody learns from it.

An expectation is a SQL question with the number of offending rows as its answer, and how many of them we can live with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flights.engine import connect


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that should be true of every row."""

    name: str
    offenders: str
    """A query that counts the rows of which it is not true."""
    tolerated: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """How one expectation fared."""

    name: str
    offenders: int
    tolerated: int

    @property
    def passed(self) -> bool:
        return self.offenders <= self.tolerated


EXPECTATIONS = (
    Expectation("there are at least 1,000 flights", "SELECT greatest(0, 1000 - count(*)) FROM flights"),
    Expectation("a flight has one row", "SELECT count(*) - count(DISTINCT flight_id) FROM flights"),
    Expectation(
        "a flight leaves one of New York's three airports",
        "SELECT count(*) FROM flights WHERE origin NOT IN ('EWR', 'JFK', 'LGA')",
    ),
    Expectation(
        "a flight is scheduled to arrive after it departs, within 14 hours",
        "SELECT count(*) FROM flights WHERE NOT coalesce("
        " scheduled_arrival_at - scheduled_departure_at BETWEEN INTERVAL 20 MINUTE AND INTERVAL 14 HOUR, false)",
    ),
    Expectation(
        "a landing comes after its departure by at least the time in the air",
        "SELECT count(*) FROM flights WHERE landed_at < departed_at + to_minutes(coalesce(air_minutes, 0))",
    ),
    Expectation(
        # One row has a wall clock that never was: 02:03 on 10 March, when the clocks skipped from two to three.
        "the landing instant, read on the destination's wall clock, is what the file says",
        "SELECT count(*) FROM flights WHERE arrival_clock_local IS NOT NULL"
        " AND strftime(landed_at AT TIME ZONE dest_zone, '%H%M')::INTEGER <> arrival_clock_local % 2400",
        tolerated=1,
    ),
    Expectation(
        "nothing is known that had not happened yet",
        "SELECT count(*) FROM flights WHERE greatest(departed_at, landed_at) > getvariable('as_of')",
    ),
    Expectation(
        "what was to leave three days ago has come to its end",
        "SELECT count(*) FROM flights WHERE status IN ('scheduled', 'in the air')"
        " AND scheduled_departure_at < getvariable('as_of') - INTERVAL 3 DAY",
    ),
    Expectation(
        "at most a tenth of the flights is cancelled",
        "SELECT greatest(0, count(*) FILTER (status = 'cancelled') - count(*) // 10) FROM flights",
    ),
    Expectation("an aircraft has one row", "SELECT count(*) - count(DISTINCT tailnum) FROM planes"),
    Expectation(
        "three quarters of the flights find their aircraft",
        "SELECT greatest(0, count(*) * 3 // 4 - count(p.tailnum)) FROM flights f LEFT JOIN planes p USING (tailnum)",
    ),
    Expectation(
        "an hour at an airport has one weather row",
        "SELECT count(*) - count(DISTINCT (origin, observed_at)) FROM weather",
    ),
    Expectation("weather is known after it was observed", "SELECT count(*) FROM weather WHERE known_at <= observed_at"),
    Expectation(
        "99 of 100 departures have a weather row of the six hours before",
        "SELECT greatest(0, count(*) - count(w.origin) - count(*) // 100) FROM flights f ASOF LEFT JOIN"
        " (SELECT *, known_at + INTERVAL 6 HOUR AS stale_at FROM weather) w"
        " ON f.origin = w.origin AND f.scheduled_departure_at >= w.known_at"
        " WHERE f.scheduled_departure_at <= getvariable('as_of')"
        " AND coalesce(stale_at > f.scheduled_departure_at, true)",
    ),
)


def check(tables: dict[str, Any], as_of: datetime, expectations: Sequence[Expectation] = EXPECTATIONS) -> list[Finding]:
    """Ask every expectation of ``tables`` (flights, weather, planes)."""
    with connect(tables, as_of=as_of) as database:
        return [
            Finding(each.name, int(database.sql(each.offenders).fetchall()[0][0]), each.tolerated)
            for each in expectations
        ]
