# pyright: reportUnknownParameterType=false
"""A publication to LMDB: one write transaction, seen whole when it is committed. A killed one leaves nothing behind,
and its pages are used again."""

import fcntl
import json
import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa

from boathouse.features.online.contract import Instants
from boathouse.features.online.lmdb.environments import Environment, refusals
from boathouse.features.online.lmdb.reading import LAYOUT, META, NAME, SCHEMA, layout_mark
from boathouse.features.online.rows.batches import encode_batch, encode_keys
from boathouse.features.online.rows.keys import KeyCodec
from boathouse.features.online.rows.layout import Layout, schema_to_json
from boathouse.foundation.errors import Conflict


class LmdbWriter:
    """Changes of one table; holds its lock until it ends."""

    def __init__(
        self, store: str, name: str, environment: Environment, lock: int, layout: Layout, codec: KeyCodec, *, keep: bool
    ) -> None:
        self._store = store
        self._name = name
        self._environment = environment
        self._layout = layout
        self._codec = codec
        environment.forget_dead_readers()
        self._txn: Any = environment.begin(environment.data, None, True)
        with ExitStack() as undo:
            undo.callback(self._txn.abort)
            if keep:
                self._require_same_layout()
            else:
                self._txn.drop(environment.data, delete=False)
            undo.pop_all()
        self._lock: int | None = lock

    def put(self, keys: pa.Table, values: pa.Table, *, event: Instants = None, known: Instants = None) -> None:
        pairs = encode_batch(self._layout, self._codec, keys, values, event=event, known=known)
        pairs.sort(key=itemgetter(0))  # neighbours share pages, and the last of a key stays the last
        with refusals(self._store), self._open().cursor(self._environment.data) as cursor:
            cursor.putmulti(pairs)

    def delete(self, keys: pa.Table) -> None:
        encoded, _ = encode_keys(self._codec, keys)
        with refusals(self._store):
            txn = self._open()
            for key in encoded:
                txn.delete(key)

    def commit(self, meta: Mapping[str, Any]) -> int:
        text = json.dumps(dict(meta)).encode()
        with refusals(self._store):
            txn, state = self._open(), self._environment.state
            txn.put(LAYOUT, layout_mark(self._layout), db=state)
            txn.put(SCHEMA, json.dumps(schema_to_json(self._layout.schema)).encode(), db=state)
            txn.put(META, text, db=state)
            txn.put(NAME, self._name.encode(), db=state)
            keys = txn.stat(self._environment.data)["entries"]
            txn.commit()
        self._end()
        return keys

    def abort(self) -> None:
        if self._lock is not None:
            self._txn.abort()
            self._end()

    def __enter__(self) -> "LmdbWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def _open(self) -> Any:
        if self._lock is None:
            raise Conflict(f"This publication of {self._name} has ended.", hint="Begin another.")
        return self._txn

    def _end(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _require_same_layout(self) -> None:
        there = self._txn.get(LAYOUT, db=self._environment.state)
        if there is None:
            raise Conflict(f"Nothing of {self._name} is published that could be changed.", hint="Publish all of it.")
        if there != layout_mark(self._layout):
            raise Conflict(
                f"{self._name} is published with other keys, features or another time to live.",
                hint="Publish all of it.",
            )


def locked(folder: Path, online_table: str, wait_seconds: float) -> int:
    """A lock that ends with the process that holds it."""
    until = time.monotonic() + wait_seconds
    while True:
        with ExitStack() as undo:
            lock = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            undo.callback(os.close, lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() >= until:
                    raise Conflict(
                        f"Somebody else is publishing {online_table} just now.", hint="Wait until that has ended."
                    ) from error
                time.sleep(0.05)
                continue
            if _is_same_file(lock, folder / "writer.lock"):
                undo.pop_all()
                return lock
        # The table was dropped while we waited: take the lock of its successor.
        folder.mkdir(parents=True, exist_ok=True)


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(descriptor)
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
