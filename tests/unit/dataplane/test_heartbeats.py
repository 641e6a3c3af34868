"""A worker hangs when its heart stands still, and only then."""

from boathouse.dataplane.heartbeats import Heartbeats


class Clock:
    """Seconds that only ever pass."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_heart_that_stands_still_is_found_and_one_that_beats_is_not() -> None:
    clock = Clock()
    hearts = Heartbeats(still_for_seconds=10, now=clock)
    for second in range(10):
        clock.at = float(second)
        assert hearts.stuck({1: second, 2: 500}) == []
    clock.at = 10.5
    assert hearts.stuck({1: 11, 2: 500}) == [2]
    assert hearts.stuck({1: 12, 2: 501}) == [], "it beats again"


def test_a_clock_that_jumps_makes_nobody_hang_and_hides_nobody() -> None:
    clock = Clock()
    hearts = Heartbeats(still_for_seconds=10, now=clock)
    assert hearts.stuck({1: 1_000, 2: 1_000}) == []
    clock.at = 1.0
    assert hearts.stuck({1: 9_000_000, 2: 1_000}) == [], "an hour ahead"
    clock.at = 9.0
    assert hearts.stuck({1: 5, 2: 1_000}) == [], "and far back"
    clock.at = 10.5
    assert hearts.stuck({1: 6, 2: 1_000}) == [2]


def test_a_new_worker_begins_with_a_time_of_its_own() -> None:
    clock = Clock()
    hearts = Heartbeats(still_for_seconds=10, now=clock)
    hearts.stuck({1: 7})
    clock.at = 20.0
    assert hearts.stuck({2: 7}) == []
    clock.at = 29.0
    assert hearts.stuck({1: 7, 2: 7}) == []
