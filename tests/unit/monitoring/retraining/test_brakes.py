"""What holds a training back, as pure rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.monitoring.retraining import brakes
from boathouse.monitoring.retraining.brakes import Spent, Standing, in_vain, should_freeze
from boathouse.monitoring.retraining.nouns import CAME_TO_NOTHING, CAME_TO_SOMETHING, Brake, State
from boathouse.monitoring.retraining.policy import Brakes

DAY = 86_400_000
NOW = 100 * DAY


def asked(**said: object) -> Brakes:
    return Brakes.model_validate(said)


def test_nothing_holds_a_loop_back_that_has_done_nothing() -> None:
    said = brakes.ask_all(asked(budget={"runs": 1}), Standing(NOW))

    assert [(each.brake, each.holds) for each in said] == [
        (Brake.FROZEN, False),
        (Brake.BUSY, False),
        (Brake.COOL_DOWN, False),
        (Brake.BUDGET, False),
    ]


def test_a_start_within_the_cool_down_has_to_wait_until_it_is_over() -> None:
    early = brakes.cool_down(asked(cool_down="7d"), Standing(NOW, last_started=NOW - 7 * DAY + 1))
    late = brakes.cool_down(asked(cool_down="7d"), Standing(NOW, last_started=NOW - 7 * DAY))

    assert (early.holds, late.holds) == (True, False)
    assert early.facts["until"] == "1970-04-11T00:00:00+00:00"


def test_a_clock_that_was_put_back_starts_nothing_twice() -> None:
    assert brakes.cool_down(asked(cool_down="1h"), Standing(NOW, last_started=NOW + DAY)).holds
    assert brakes.budget(asked(budget={"runs": 1}), Standing(NOW, spent=[Spent(NOW + DAY, 1, 0)])).holds


def test_a_budget_of_no_runs_lets_nothing_start() -> None:
    assert brakes.budget(asked(budget={"runs": 0}), Standing(NOW)).holds


def test_processor_hours_are_those_of_trainings_and_trials() -> None:
    spent = [Spent(NOW - DAY, 1, 3600), Spent(NOW - DAY, 0, 1800), Spent(NOW - 40 * DAY, 1, 99_999)]

    said = brakes.budget(asked(budget={"processor_hours": 1.5}), Standing(NOW, spent=spent))

    assert said.holds
    assert said.facts == {"per": "30d", "runs": 1, "processor_hours": 1.5}


@given(
    st.lists(st.tuples(st.integers(-60, 5), st.integers(0, 2)), max_size=20),
    st.integers(0, 6),
    st.integers(1, 50),
)
def test_the_budget_counts_the_trainings_of_its_span(spent: list[tuple[int, int]], runs: int, days: int) -> None:
    given_ = [Spent(NOW + when * DAY, trainings, 0.0) for when, trainings in spent]

    said = brakes.budget(asked(budget={"runs": runs, "per": f"{days}d"}), Standing(NOW, spent=given_))

    assert said.holds == (sum(trainings for when, trainings in spent if when > -days) >= runs)


@given(st.lists(st.sampled_from(sorted(State)), max_size=12), st.integers(1, 4))
def test_the_freeze_counts_back_to_the_last_that_came_to_something(outcomes: list[State], after: int) -> None:
    count = 0
    for each in outcomes:
        if each in CAME_TO_SOMETHING:
            break
        if each in CAME_TO_NOTHING:
            count += 1

    assert in_vain(outcomes) == count
    assert should_freeze(outcomes, after) == (count >= after)
    assert not should_freeze(outcomes, None)


@pytest.mark.parametrize("said", [{"budget": {"per": "30d"}}, {"cool_down": "soon"}, {"freeze_after": 0}, {"x": 1}])
def test_brakes_that_say_nothing_are_refused(said: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Brakes.model_validate(said)
