"""A warm process of an environment, from which the guards of tasks are forked: what Python needs to start is done once.

It reads nothing that belongs to a task: the request is opened by the fork. What a fork has that a new process would not
is the seed of the hashes of strings, which tasks of one starter share, and the libraries of a starter that was told to
load some. ``boathouse.jobs.executing.starters`` is the other end.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import sys
from _socket import CMSG_SPACE, MSG_CMSG_CLOEXEC, socket

from . import preloading, script, sdk  # pyright: ignore[reportUnusedImport] # noqa: F401 (what almost every task needs)
from .guard import guard
from .task import hooks

MARKER = b"BOATHOUSE_TASK_FOLDER="
_DESCRIPTOR_BYTES = 4
_DESCRIPTORS = 4


def serve(control: int, preload: str) -> None:
    """Fork a guard for each request that comes through a socket, until nobody holds its other end.

    Args:
        preload: Modules to have beside what every task needs, with commas between.
    """
    worker = socket(fileno=control)
    os.set_inheritable(control, False)
    reason = _why_not_to_copy()
    if reason is None:
        _load_hooks()
        reason = preloading.load(preload.split(",")) if preload else None
    if reason:
        worker.send(json.dumps({"unfit": reason}).encode())
        os._exit(0)
    mark = _Mark()
    gc.freeze()  # what is here already is copied memory that no task's garbage collection should touch
    worker.send(json.dumps({"places": _places()}).encode())
    while True:
        message, ancillary, _, _ = worker.recvmsg(64, CMSG_SPACE(_DESCRIPTORS * _DESCRIPTOR_BYTES), MSG_CMSG_CLOEXEC)
        if not message:
            os._exit(0)  # the worker is gone; the kernel tells the guards, as children of ours
        if message != b"start":
            os.waitpid(int(message), 0)  # only now may its number be given to somebody else
            continue
        _, _, data = ancillary[0]
        ours = os.getpid()
        descriptors = [
            int.from_bytes(data[at : at + _DESCRIPTOR_BYTES], sys.byteorder)
            for at in range(0, len(data), _DESCRIPTOR_BYTES)
        ]
        try:
            child = os.fork()
        except OSError:  # the worker sees the line closed, and tries in its own way
            child = -1
        if child == 0:
            worker.close()
            _become_a_guard(descriptors, mark, ours)
        for descriptor in descriptors:
            os.close(descriptor)


def _load_hooks() -> None:
    for module, _ in hooks():
        try:
            __import__(module)
        except Exception:  # noqa: BLE001 (each task says so)
            return


class _Mark:
    """The place in this process' first environment by which processes of a task are found. ``/proc/PID/environ`` shows
    what was there when the program was started, unless that is written over."""

    def __init__(self) -> None:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123
            fields = file.read().rpartition(b")")[2].split()
        start, end = int(fields[47]), int(fields[48])  # env_start and env_end of proc(5)
        block = ctypes.string_at(start, end - start)
        at = block.index(MARKER) + len(MARKER)
        self._address = start + at
        self._room = block.index(b"\0", at) - at

    def set(self, folder: str) -> None:
        text = os.fsencode(folder)
        if len(text) > self._room:
            raise ValueError(f"{folder} is too long.")
        ctypes.memmove(self._address, text.ljust(self._room, b"\0"), self._room)


def _become_a_guard(descriptors: list[int], mark: _Mark, starter: int) -> None:
    """Be as if the worker had started this process itself."""
    try:
        os.setsid()
        request, stdin, log, line = descriptors
        os.lseek(request, 0, os.SEEK_SET)
        with os.fdopen(request, encoding="utf-8") as file:
            asked = json.load(file)
        mark.set(asked["folder"])
        os.environ.clear()
        os.environ.update({**preloading.loaded, **asked["environment"]})
        os.chdir(asked["folder"])
        for descriptor, place in ((stdin, 0), (log, 1), (log, 2)):
            os.dup2(descriptor, place)
        os.close(stdin)
        os.close(log)
        sys.argv[1:] = [asked["spec"]]
        os.write(line, b"%d" % os.getpid())  # fails when the worker is gone or has given up
    except BaseException:  # noqa: BLE001 (nothing of the task has begun)
        os._exit(1)
    guard(asked["spec"], starter, line)
    os._exit(0)  # the task itself leaves by an exception, as any program does


def _why_not_to_copy() -> str | None:
    """What the environment has begun at its start that a fork would lose or share."""
    if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        return "it has threads"
    if sys.gettrace() is not None or sys.getprofile() is not None:
        return "it is traced"
    if atexit._ncallbacks():  # pyright: ignore
        return "it has something to do at its end"
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return "it has processes"


def _places() -> list[str]:
    """What decides how Python starts in this environment; when it has changed, somebody has installed something."""
    folders = [path for path in sys.path if path.endswith(("site-packages", "dist-packages")) and os.path.isdir(path)]  # noqa: PTH112
    path_files = [
        os.path.join(folder, name)  # noqa: PTH118
        for folder in folders
        for name in sorted(os.listdir(folder))  # noqa: PTH208
        if name.endswith(".pth")
    ]
    config = os.path.join(sys.prefix, "pyvenv.cfg")  # noqa: PTH118
    return [sys.executable, *([config] if os.path.exists(config) else []), *folders, *path_files]  # noqa: PTH110
