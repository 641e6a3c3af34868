import logging
import threading

import pytest

from boathouse.foundation.looping import Loop


def test_a_loop_looks_again_and_again_until_it_is_stopped() -> None:
    looked = threading.Semaphore(0)
    loop = Loop("looking", 0.001, looked.release, trouble="Nothing could be seen")
    loop.start()
    assert all(looked.acquire(timeout=30) for _ in range(3))

    loop.stop()

    while looked.acquire(blocking=False):
        pass
    assert not looked.acquire(timeout=0.05)


def test_an_error_ends_a_look_but_not_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    looked = threading.Semaphore(0)

    def fail() -> None:
        looked.release()
        raise ValueError("dark")

    loop = Loop("looking", 0.001, fail, trouble="Nothing could be seen")
    with caplog.at_level(logging.ERROR):
        loop.start()
        assert all(looked.acquire(timeout=30) for _ in range(2))
        loop.stop()

    assert caplog.messages[0] == "Nothing could be seen; trying again."


def test_a_loop_that_was_never_started_stops() -> None:
    Loop("looking", 1, lambda: None, trouble="Nothing could be seen").stop()
