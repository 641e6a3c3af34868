# pyright: reportUnknownParameterType=false
"""Online tables in LMDB: a folder per table, read in process by any number of processes."""

import os
import shutil
import uuid
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from boathouse.features.online.contract import OnlineSchema
from boathouse.features.online.lmdb.environments import DAMAGED, Environment, environment_of, leave, refusals
from boathouse.features.online.lmdb.reading import LAYOUT, NAME, LmdbTable
from boathouse.features.online.lmdb.writing import LmdbWriter, locked
from boathouse.features.online.rows.decoding import Moment, microseconds_now
from boathouse.features.online.rows.keys import KeyCodec
from boathouse.features.online.rows.layout import layout_of


class LmdbStore:
    """Online tables below a folder."""

    def __init__(self, name: str, folder: Path, *, now: Moment = microseconds_now) -> None:
        self._name = name
        self._folder = folder
        self._now = now

    @property
    def name(self) -> str:
        return self._name

    def tables(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        names: list[str] = []
        for folder in sorted(self._folder.iterdir()):
            if folder.name.startswith(".") or not (folder / "data.mdb").exists():
                continue
            with refusals(self._name):
                environment = environment_of(folder)
                with environment.begin(environment.state) as txn:
                    if txn.get(LAYOUT) is not None:
                        names.append(txn.get(NAME, b"").decode())
        return names

    def table(self, online_table: str) -> "LmdbTable | None":
        table = LmdbTable(self._name, online_table, self._place(online_table), self._now)
        return table if table.is_there() else None

    def begin(
        self, online_table: str, schema: OnlineSchema, *, keep: bool, wait_seconds: float = 0
    ) -> "LmdbWriter":  # fmt: skip
        layout, codec = layout_of(schema), KeyCodec(schema.keys)
        with refusals(self._name):
            folder = self._place(online_table)
            folder.mkdir(parents=True, exist_ok=True)
            with ExitStack() as undo:
                lock = locked(folder, online_table, wait_seconds)
                undo.callback(os.close, lock)
                environment = environment_of(folder)
                writer = LmdbWriter(self._name, online_table, environment, lock, layout, codec, keep=keep)
                undo.pop_all()  # the writer gives the lock back when it ends
                return writer

    def drop(self, online_table: str) -> None:
        folder = self._place(online_table)
        if not folder.is_dir():
            return
        with refusals(self._name):
            lock = locked(folder, online_table, 10)
            try:
                environment = _emptied(folder)
                gone = self._folder / f".gone-{uuid.uuid4().hex}"
                folder.rename(gone)
                if environment is not None:
                    leave(environment)
                shutil.rmtree(gone, ignore_errors=True)
            finally:
                os.close(lock)

    def close(self) -> None:
        """Nothing: LMDB wants one environment per process, so readers of other stores may share ours."""

    def _place(self, online_table: str) -> Path:
        title = quote(online_table, safe="")
        if len(title) > 200 or title.startswith("."):
            title = f"long-{sha256(online_table.encode()).hexdigest()}"
        return self._folder / title


def _emptied(folder: Path) -> Environment | None:
    """So that readers in other processes notice; None where the table is too damaged for that."""
    try:
        environment = environment_of(folder)
        with environment.begin(environment.data, None, True) as txn:
            txn.drop(environment.state, delete=False)
            txn.drop(environment.data, delete=False)
    except DAMAGED:
        return None
    return environment
