"""A device that answers: the data plane over its own folder, and attempts to send its log home."""

import logging
import os
import subprocess
import sys
import time
from threading import Event

from boathouse.foundation.errors import BoathouseError, Unavailable
from boathouse.foundation.home import Home
from boathouse.serving.edge.syncing import Send, sync

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
_LOOK_SECONDS = 0.2
_STOP_SECONDS = 15.0


def serve(
    home: Home, port: int, ended: Event, *, workers: int = 1, send: Send | None = None, every: float = 30.0
) -> None:
    """Answer on the device itself until told to stop; it listens to nobody else, and asks no network for anything.

    Args:
        send: Takes the log home, every so many seconds, whenever somebody answers there.

    Raises:
        Unavailable: The data plane has ended by itself.
    """
    said = {
        "BOATHOUSE_SERVING_PORT": str(port),
        "BOATHOUSE_SERVING_WORKERS": str(workers),
        "BOATHOUSE_HOST": HOST,
        "UV_OFFLINE": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "boathouse.dataplane", "--home", str(home.root)],
        env={**os.environ, **said},
        stdin=subprocess.DEVNULL,
    )
    next_try, is_quiet = time.monotonic(), False
    try:
        while not ended.wait(_LOOK_SECONDS):
            if process.poll() is not None:
                raise Unavailable(f"The data plane of the device has ended with {process.returncode}.")
            if send is None or time.monotonic() < next_try:
                continue
            is_quiet = _attempt(home, send, is_quiet=is_quiet)
            next_try = time.monotonic() + every
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _attempt(home: Home, send: Send, *, is_quiet: bool) -> bool:
    """Send what there is; whether that failed, which is told once."""
    try:
        done = sync(home, send)
    except BoathouseError as error:
        if not is_quiet:
            log.warning("The log stays here for now: %s", error)
        return True
    if done.exchanges:
        log.info("%d exchanges have come home.", done.exchanges)
    return False
