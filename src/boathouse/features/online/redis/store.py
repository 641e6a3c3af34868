# pyright: reportUnknownParameterType=false
"""Online tables in Redis, shared by machines: one value per key, and a pointer to the generation that readers see."""

from contextlib import ExitStack
from typing import Any

from boathouse.features.online.contract import OnlineSchema
from boathouse.features.online.redis.connection import RedisConnection
from boathouse.features.online.redis.lock import RedisLock
from boathouse.features.online.redis.names import TABLES, Names
from boathouse.features.online.redis.reading import RedisTable
from boathouse.features.online.redis.writing import RedisWriter, remove_generation
from boathouse.features.online.rows.decoding import Moment, microseconds_now
from boathouse.features.online.rows.keys import KeyCodec
from boathouse.features.online.rows.layout import layout_of


class RedisStore:
    """Online tables in one database of a Redis.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        read_seconds: How long a reader waits for an answer.
        lock_seconds: How long the lock of a publisher that died lasts.
    """

    def __init__(
        self, name: str, url: str, *, password: str | None = None, now: Moment = microseconds_now,
        read_seconds: float = 2.0, write_seconds: float = 60.0, lock_seconds: float = 10.0,
    ) -> None:  # fmt: skip
        self._connection = RedisConnection(
            name, url, password=password, read_seconds=read_seconds, write_seconds=write_seconds
        )
        self._now = now
        self._lock_seconds = lock_seconds

    @property
    def name(self) -> str:
        return self._connection.store

    def tables(self) -> list[str]:
        return sorted(name.decode() for name in self._connection.ask("SMEMBERS", TABLES))

    def table(self, online_table: str) -> RedisTable | None:
        table = RedisTable(self._connection, online_table, self._now)
        return table if table.is_there() else None

    def begin(self, online_table: str, schema: OnlineSchema, *, keep: bool, wait_seconds: float = 0) -> RedisWriter:
        layout, codec = layout_of(schema), KeyCodec(schema.keys)
        lock = RedisLock(self._connection, online_table, self._lock_seconds)
        lock.take(wait_seconds)
        with ExitStack() as undo:
            undo.callback(lock.release)
            writer = RedisWriter(self._connection, online_table, lock, layout, codec, keep=keep)
            undo.pop_all()  # the writer gives the lock back when it ends
            return writer

    def drop(self, online_table: str) -> None:
        names, client = Names(online_table), self._connection.client
        lock = RedisLock(self._connection, online_table, self._lock_seconds)
        lock.take(self._lock_seconds + 1)
        try:
            with self._connection.refusals():
                with client.pipeline(transaction=True) as pipeline:
                    pipeline.delete(names.current, names.state)
                    pipeline.srem(TABLES, online_table)
                    pipeline.execute()
                generations: Any = client.smembers(names.generations)
                for generation in generations:
                    remove_generation(client, names, generation)
        finally:
            lock.release()

    def close(self) -> None:
        self._connection.close()
