"""A gate that many pass at a time, and that one can close to be alone."""

import threading
from collections.abc import Generator
from contextlib import contextmanager


class Gate:
    """Threads inside an open gate do not wait for one another; a thread that closes it waits until all of them have
    left, and nobody enters before it is open again. A thread that is inside, or has closed it, may enter once more."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._is_closed = False
        self._own = threading.local()

    @contextmanager
    def opened(self) -> Generator[None]:
        """Be inside during the block."""
        depth = getattr(self._own, "depth", 0)
        if depth == 0:
            with self._changed:
                self._changed.wait_for(lambda: not self._is_closed)
                self._inside += 1
        self._own.depth = depth + 1
        try:
            yield
        finally:
            self._own.depth = depth
            if depth == 0:
                self._leave()

    @contextmanager
    def closed(self) -> Generator[None]:
        """Be alone during the block; not from inside, which would wait for itself."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_closed)
            self._is_closed = True
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._inside == 0)
            self._own.depth = 1
            yield
        finally:
            self._own.depth = 0
            with self._changed:
                self._is_closed = False
                self._changed.notify_all()

    def _leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()
