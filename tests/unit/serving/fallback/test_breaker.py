"""A version that hangs is tried from time to time; one that fails fast is always asked."""

from boathouse.serving.fallback.breaker import FAILURES, SECONDS, Breaker


class Hand:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def broken(clock: Hand) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.allows()
        breaker.failed(took_seconds=1.0)
    return breaker


def test_after_slow_failures_in_a_row_one_request_a_second_is_let_through() -> None:
    clock = Hand()
    breaker = broken(clock)
    assert not breaker.allows()
    clock.at += SECONDS
    assert [breaker.allows() for _ in range(3)] == [True, False, False]


def test_a_success_closes_it() -> None:
    clock = Hand()
    breaker = broken(clock)
    breaker.succeeded()
    assert all(breaker.allows() for _ in range(10))


def test_failures_that_cost_nobody_anything_do_not_count() -> None:
    breaker = Breaker(Hand())
    for _ in range(100):
        breaker.failed(took_seconds=0.001)
    assert breaker.allows()


def test_only_failures_in_a_row_count() -> None:
    breaker = Breaker(Hand())
    for _ in range(100):
        breaker.failed(took_seconds=1.0)
        breaker.succeeded()
    assert breaker.allows()
