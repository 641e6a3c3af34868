"""LMDB environments of this process: one per folder, as LMDB demands, shared by whoever reads or writes there."""

import errno
import importlib
import os
import shutil
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import lmdb

from boathouse.foundation.errors import Unavailable

_GIGABYTE = 1 << 30
_MAP_SIZES = (64 * _GIGABYTE, 16 * _GIGABYTE, 4 * _GIGABYTE, _GIGABYTE)
"""Address space, not memory or disk: the largest that the process may map. A thousand tables fit."""
_READERS = 1024
_LEAST_FREE = 1 << 20
"""Bytes. LMDB writes its file of locks through memory: on a full disk the kernel would end the process."""

DAMAGED = (lmdb.InvalidError, lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.VersionMismatchError)


class Environment:
    """An open environment with its two databases: the rows, and what is known of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened = _opened(folder)
        self.data: Any = self._opened.open_db(b"data")
        self.state: Any = self._opened.open_db(b"state")
        self.begin = self._opened.begin
        """``begin(database, parent, write)``: bound once, because a reader calls it for each row."""
        self.inode = _inode(folder)

    def forget_dead_readers(self) -> None:
        """Let go of the pages that killed readers still hold."""
        self._opened.reader_check()

    def abandon(self, why: str) -> None:
        """Make each later call fail, so that whoever still holds this opens anew."""

        def begin(*_: Any, **__: Any) -> Any:
            raise lmdb.BadRslotError(why)

        self.begin = begin


_open: WeakValueDictionary[Path, Environment] = WeakValueDictionary()
"""Closed when nobody holds one any more: each takes two file descriptors and its address space."""
_guard = threading.Lock()


def environment_of(folder: Path) -> Environment:
    """The environment of a folder, opened if it is not yet, and again if the folder has been replaced."""
    with _guard:
        there = _open.get(folder)
        if there is not None and there.inode == _inode(folder):
            return there
        if there is not None:
            there.abandon("the table was dropped")
        opened = _once_closed(folder)
        _open[folder] = opened
        return opened


def _once_closed(folder: Path) -> Environment:
    """Opened anew. Another thread that held the last use of it may still be closing it."""
    until = time.monotonic() + 5
    while True:
        try:
            return Environment(folder)
        except lmdb.Error as error:
            if "already open" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.001)


def leave(environment: Environment) -> None:
    """Forget a folder that is gone; those who still read from it are told."""
    with _guard:
        if _open.get(environment.folder) is environment:
            del _open[environment.folder]
        environment.abandon("the table was dropped")


@contextmanager
def refusals(store: str) -> Generator[None]:
    """What LMDB and the file system refuse, in our words."""
    try:
        yield
    except lmdb.MapFullError as error:
        raise Unavailable(
            f"The online store {store} has no more room for a table.",
            hint="Allow the process more address space (ulimit -v), or publish fewer features.",
        ) from error
    except DAMAGED as error:
        raise Unavailable(
            f"A table of the online store {store} is damaged: {error}.",
            hint="Take it away and publish it again: boathouse features unpublish NAME",
        ) from error
    except lmdb.Error as error:
        raise Unavailable(
            f"The online store {store} cannot be used: {error}.",
            hint="Look whether the folder's disk is full. What was published before is still read.",
        ) from error
    except OSError as error:
        raise Unavailable(
            f"The online store {store} cannot be used: {error.strerror or error}.",
            hint="Look at the folder's disk and permissions.",
        ) from error


def _opened(folder: Path) -> lmdb.Environment:
    may_write = os.access(folder, os.W_OK)
    if not (folder / "lock.mdb").exists() and may_write and shutil.disk_usage(folder).free < _LEAST_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for size in _map_sizes(folder):
        try:
            return lmdb.open(
                str(folder), map_size=size, max_dbs=2, max_readers=_READERS, readonly=not may_write, lock=may_write,
                max_spare_txns=8,
            )  # fmt: skip
        except (MemoryError, lmdb.MemoryError):
            continue
    raise Unavailable(f"There is not enough address space to open the online table in {folder}.")


def _map_sizes(folder: Path) -> list[int]:
    """What to try, the largest first: room for eight times the rows of today, or at least for them."""
    file = folder / "data.mdb"
    today = file.stat().st_size if file.exists() else 0
    return [max(_MAP_SIZES[0], 8 * today), *(size for size in _MAP_SIZES[1:] if size > 2 * today)]


def _inode(folder: Path) -> int:
    try:
        return (folder / "data.mdb").stat().st_ino
    except FileNotFoundError:
        return 0


def _after_fork() -> None:
    # LMDB's handles belong to the process that opened them: a child opens its own.
    global _guard
    _guard = threading.Lock()
    for environment in _open.values():
        environment.abandon("the process was forked")
    _inherited.extend(_open.values())
    _open.clear()


def _once_per_process() -> None:
    """LMDB's binding refuses a second environment for one file, and counts those that were inherited; closing them
    would take away the places of the parent's readers. So what is open is told apart by process."""
    binding: Any = importlib.import_module("lmdb._envid")
    keys = binding.env_keys

    def env_keys(path: Any, subdir: Any) -> tuple[Any, ...]:
        return tuple((os.getpid(), key) for key in keys(path, subdir))

    binding.env_keys = env_keys


_inherited: list[Environment] = []
"""Never closed: that would end the parent's as well."""
os.register_at_fork(after_in_child=_after_fork)
if find_spec("lmdb._envid"):
    _once_per_process()
