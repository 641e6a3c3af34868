"""Stretches of windows: nothing is lost, nothing is asked for twice."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.monitoring.refreshing.stretches import (
    MOST_STRETCHES,
    before_and_after,
    derived_from,
    stretches_of,
    windows_of,
)
from boathouse.quality.profiles.windows import granularity

JANUARY = datetime(2013, 1, 1, tzinfo=UTC)
LENGTHS = ("5 minutes", "30 minutes", "1 hour", "1 day", "1 week", "2 weeks", "1 month", "1 year")
instants = st.lists(st.integers(0, 400 * 24 * 60).map(lambda minutes: JANUARY + timedelta(minutes=minutes)))


@settings(deadline=None, max_examples=40)
@given(instants, st.sampled_from(LENGTHS))
def test_stretches_hold_the_windows_of_all_instants_and_none_twice(given: list[datetime], text: str) -> None:
    starts = windows_of([text], given)[text]
    stretches = stretches_of(text, starts)
    found = [start for each in stretches for start in each.windows()]
    assert len(found) == len(set(found)) and starts <= set(found)
    assert all(any(each.start <= instant < each.end for each in stretches) for instant in given)
    if len(stretches) < MOST_STRETCHES:
        assert set(found) == starts


@settings(deadline=None, max_examples=40)
@given(instants, st.integers(1, 5))
def test_parts_have_no_more_windows_than_are_asked(given: list[datetime], most: int) -> None:
    starts = windows_of(["1 day"], given)["1 day"]
    parts = stretches_of("1 day", starts, most_windows=most)
    assert all(len(list(part.windows())) <= most for part in parts)
    assert {start for part in parts for start in part.windows()} == starts


def test_too_many_gaps_are_bridged_the_smallest_first() -> None:
    starts = [JANUARY + timedelta(hours=2 * place) for place in range(300)]
    found = stretches_of("1 hour", [*starts, JANUARY + timedelta(days=300)])
    assert len(found) <= MOST_STRETCHES and found[-1].start == JANUARY + timedelta(days=300)


def test_the_window_after_a_changed_one_is_compared_again() -> None:
    assert before_and_after("1 month", [JANUARY]) == {JANUARY, datetime(2013, 2, 1, tzinfo=UTC)}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(LENGTHS), unique=True, min_size=1))
def test_what_a_length_is_made_of_has_whole_windows_in_it(asked: list[str]) -> None:
    for text, source in derived_from(asked).items():
        if source is None:
            continue
        length, part = granularity(text), granularity(source)
        for start in (JANUARY, JANUARY + timedelta(days=123, hours=7)):
            window = length.start_of(start)
            assert part.start_of(window) == window
            assert part.start_of(length.end_of(window)) == length.end_of(window)
