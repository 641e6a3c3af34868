"""A target that drips its answer holds nobody for long."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from boathouse.notifications.senders import deadlines
from boathouse.notifications.senders.sending import NotDelivered, post


@pytest.fixture
def dripping() -> Iterator[str]:
    """Sends a header's next byte again and again, and never comes to its end."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip() -> None:
        taken, _ = listener.accept()
        with taken, contextlib.suppress(OSError):
            taken.sendall(b"HTTP/1.1 200 OK\r\nx-slow: ")
            while not over.wait(0.05):
                taken.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    over.set()
    thread.join()
    listener.close()


def test_a_target_that_drips_its_headers_is_given_up_and_tried_again(
    dripping: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 0.5)
    pool = deadlines.pool_with_deadlines(1)
    with pytest.raises(NotDelivered) as told:
        post(pool, dripping, b"{}", {})
    assert not told.value.for_good
    pool.clear()
