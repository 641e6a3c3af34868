"""Libraries that are loaded once for many tasks: only those that begin no threads, which a fork would lose."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

loaded: dict[str, str] = {}
"""What libraries have set in the environment when they were loaded; not empty where there are any."""

_THREADED = ("polars",)
"""They begin a thread wherever they are imported, so whoever could use them does without them here; a task imports them
by itself."""
_SETTERS = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
)


def load(modules: list[str]) -> str | None:
    """Import what is there of some modules; gives why this process cannot be copied any more, if so."""
    before = set(os.environ)
    hidden = [name for name in _THREADED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type] # None: it cannot be imported
    try:
        for module in modules:
            try:
                __import__(module)
            except Exception:  # noqa: BLE001 (each task that needs it says so)
                continue
    finally:
        for name in hidden:
            del sys.modules[name]
    loaded.update({name: value for name, value in os.environ.items() if name not in before}, BOATHOUSE_PRELOADED="1")
    if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        return "a library that it has loaded has begun threads"
    return None


def arrive() -> None:
    """Make of what the starter has loaded what it would be had it been loaded here: random numbers of one's own, and
    products of matrices on all cores, as one thread was begun with."""
    import ctypes

    if (dice := sys.modules.get("numpy.random")) is not None:
        dice.seed()
    wanted = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
    count = int(wanted) if wanted.isdecimal() else len(os.sched_getaffinity(0))
    with open("/proc/self/maps", encoding="utf-8") as file:  # noqa: PTH123
        libraries = {line.split(maxsplit=5)[5].strip() for line in file if "openblas" in line}
    for path in libraries:
        library = ctypes.CDLL(path)
        for name in _SETTERS:
            if setter := getattr(library, name, None):
                setter(count)
                break


def leave(code: int) -> None:
    """End the process in order, except that libraries are not taken apart object by object, which takes a second where
    MLflow is among them. For tasks of the platform: what users leave open may be closed by just that."""
    import atexit
    import ctypes
    import threading

    threading._shutdown()  # pyright: ignore (waits for threads, and lets pools end theirs)
    atexit._run_exitfuncs()  # pyright: ignore
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # somebody may have closed it, or put something else in its place
            stream.flush()
    ctypes.CDLL(None).fflush(None)  # what libraries have printed by themselves
    os._exit(code)
