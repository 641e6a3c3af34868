"""Connections that end at a deadline, however slowly the other side drips.

A socket's own timeout begins anew with each byte; this one is over the request, and again over the head of the answer.
"""

import contextlib
import socket
import threading
from collections.abc import Generator
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

SENT_SECONDS = 7.0
"""For connecting and sending. All steps together take less than an attempt may."""
HEAD_SECONDS = 15.0
"""For the head of the answer."""


@contextlib.contextmanager
def _ended_in_time(connection: HTTPConnection, seconds: float) -> Generator[None]:
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        open_socket: Any = connection.sock
        with contextlib.suppress(OSError):
            if open_socket is not None:
                open_socket.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if is_over.is_set():  # what was cut off may look like a whole answer
        raise TimeoutError(f"It took more than {seconds:g} s.")


class _Plain(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        with _ended_in_time(self, SENT_SECONDS):
            super().request(*args, **kwargs)

    def getresponse(self) -> Any:
        with _ended_in_time(self, HEAD_SECONDS):
            return super().getresponse()


class _Encrypted(HTTPSConnection):
    def connect(self) -> None:
        with _ended_in_time(self, SENT_SECONDS):
            super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        with _ended_in_time(self, SENT_SECONDS):
            super().request(*args, **kwargs)

    def getresponse(self) -> Any:
        with _ended_in_time(self, HEAD_SECONDS):
            return super().getresponse()


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain  # pyright: ignore[reportAssignmentType]


class _EncryptedPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Encrypted  # pyright: ignore[reportAssignmentType]


def pool_with_deadlines(size: int) -> urllib3.PoolManager:
    """A pool whose requests come to an end."""
    pool = urllib3.PoolManager(maxsize=size)
    pool.pool_classes_by_scheme = {"http": _PlainPool, "https": _EncryptedPool}  # pyright: ignore[reportAttributeAccessIssue]
    return pool
