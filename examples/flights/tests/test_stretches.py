"""A stretch that goes on from the last one comes to the tables that a look at everything makes."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from flights.clocks import LONGEST_WINDOW, SETTLED_AFTER, parse_as_of
from flights.features import build_labels, build_punctuality, build_questions, from_on
from flights.loading import load_flights

BEFORE, NOW = parse_as_of("2013-02-12"), parse_as_of("2013-03-12")


@pytest.fixture(scope="module")
def known(raw) -> dict[str, pa.Table]:
    """The flights at the end of this stretch: read as a whole, and put together from the last one and what is new."""
    unsettled = BEFORE - SETTLED_AFTER
    given = {"raw_flights": raw["flights"], "airports": raw["airports"], "sample_percent": 20}
    before, whole = (load_flights(as_of=each, **given) for each in (BEFORE, NOW))
    changed = load_flights(as_of=NOW, departing_from=unsettled, **given)
    stay = before.filter(pc.field("scheduled_departure_at") < unsettled)
    return {"whole": whole, "together": pa.concat_tables([stay, changed])}


def test_no_flight_that_has_settled_changes_any_more(known):
    assert known["together"].equals(known["whole"])


@pytest.mark.parametrize("name", ["questions", "labels", "carrier_days", "route_days", "origin_days", "aircraft_days"])
def test_what_is_new_is_computed_from_as_much_of_the_past_as_it_needs(known, name):
    flights = known["whole"]
    seen = from_on(flights, "scheduled_departure_at", BEFORE - SETTLED_AFTER - LONGEST_WINDOW)
    assert seen.num_rows < flights.num_rows
    clock, since = ("scheduled_departure_at", BEFORE - SETTLED_AFTER) if name == "questions" else ("known_at", BEFORE)

    whole, parts = (from_on(_built(name, each), clock, since) for each in (flights, seen))

    assert whole.num_rows > 100
    order = [(column, "ascending") for column in whole.column_names]
    assert parts.sort_by(order).equals(whole.sort_by(order))


def _built(name: str, flights: pa.Table) -> pa.Table:
    made = {"questions": build_questions, "labels": build_labels}
    return made[name](flights) if name in made else build_punctuality(flights)[name]
