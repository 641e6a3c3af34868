"""What one process owes another: a child that must not outlive its parent."""

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 1.0


def die_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """Ask to be sent ``number`` when the parent dies, even when it is killed.

    On Linux the kernel does it; it watches the parent's *thread* that started us, so start children from a thread that
    lives as long as the process. Elsewhere a thread of ours looks once a second.
    """
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died between the two calls
            os.kill(os.getpid(), number)
        return
    threading.Thread(target=_watch, args=(parent, number), daemon=True, name="parent-watch").start()


def _watch(parent: int, number: signal.Signals) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os.kill(os.getpid(), number)
