"""When the desk asks, what it does, and what that is worth."""

from datetime import UTC, timedelta

import numpy as np
from flights.clocks import NEW_YORK, parse_as_of
from flights.desk import ASKED_AHEAD, FIRST_HOUR, LAST_HOUR, Costs, hours_to_ask
from hypothesis import given
from hypothesis import strategies as st

COSTS = Costs(true_positive=180, false_positive=-60, false_negative=-240, true_negative=0)


@given(st.integers(0, 300), st.integers(2, 60), st.integers(1, 40))
def test_the_desk_asks_within_the_stretch_by_day(begins: int, days: int, count: int) -> None:
    since = parse_as_of("2013-01-01") + timedelta(days=begins)
    until = since + timedelta(days=days)

    found = hours_to_ask(since, until, count)

    assert found == sorted(set(found))
    assert all(since <= hour <= until - ASKED_AHEAD for hour in found)
    assert all(FIRST_HOUR <= hour.astimezone(NEW_YORK).hour <= LAST_HOUR for hour in found)
    assert all(hour.tzinfo is UTC for hour in found)
    assert found == hours_to_ask(since, until, count)


def test_the_hours_are_spread_over_the_month() -> None:
    found = hours_to_ask(parse_as_of("2013-05-01"), parse_as_of("2013-06-01"), 12)

    assert len(found) == 12
    assert {hour.astimezone(NEW_YORK).date().day // 8 for hour in found} == {0, 1, 2, 3}


@given(st.floats(0, 1))
def test_from_the_threshold_on_it_pays_to_act(probability: float) -> None:
    acting = probability * COSTS.true_positive + (1 - probability) * COSTS.false_positive
    waiting = probability * COSTS.false_negative + (1 - probability) * COSTS.true_negative

    if abs(acting - waiting) > 1e-9:
        assert (acting > waiting) == (probability >= COSTS.threshold)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=50))
def test_the_value_is_the_sum_of_the_matrix_over_flights(flights: list[tuple[bool, float]]) -> None:
    expected = 0.0
    for late, probability in flights:
        if probability >= COSTS.threshold:
            expected += COSTS.true_positive if late else COSTS.false_positive
        else:
            expected += COSTS.false_negative if late else COSTS.true_negative

    late = np.array([each for each, _ in flights], dtype=bool)
    said = np.array([each for _, each in flights], dtype=float)
    assert COSTS.value(late, said) == expected
