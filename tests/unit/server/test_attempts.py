"""Who fails too often waits; others do not."""

from datetime import UTC, datetime, timedelta

from boathouse.foundation.clock import ManualClock
from boathouse.server.attempts import MOST_FAILURES, Attempts


def test_an_address_that_fails_too_often_waits_and_others_do_not() -> None:
    clock = ManualClock(datetime(2013, 5, 1, tzinfo=UTC))
    attempts = Attempts(clock)
    for _ in range(MOST_FAILURES):
        assert attempts.seconds_to_wait("10.0.0.1") == 0
        attempts.failed("10.0.0.1")
        clock.advance(timedelta(seconds=10))

    assert attempts.seconds_to_wait("10.0.0.1") == 200
    assert attempts.seconds_to_wait("10.0.0.2") == 0
    clock.advance(timedelta(seconds=200))
    assert attempts.seconds_to_wait("10.0.0.1") == 0
    attempts.failed("10.0.0.1")
    assert attempts.seconds_to_wait("10.0.0.1") == 10


def test_the_addresses_of_one_ipv6_network_are_one() -> None:
    attempts = Attempts()
    for number in range(MOST_FAILURES):
        attempts.failed(f"2001:db8:1:2::{number:x}")

    assert attempts.seconds_to_wait("2001:db8:1:2:ffff::1") > 0
    assert attempts.seconds_to_wait("2001:db8:1:3::1") == 0
