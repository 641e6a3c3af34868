# pyright: reportUnknownParameterType=false
"""A publication to Redis.

A new generation is written beside the one that readers see, and the pointer moves in one transaction. Few changes of a
generation go into one transaction themselves; many would stop Redis for everybody, so they go into a copy of it.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

import pyarrow as pa
import redis
from redis.exceptions import WatchError

from boathouse.features.online.contract import Instants
from boathouse.features.online.redis.connection import RedisConnection
from boathouse.features.online.redis.lock import RedisLock
from boathouse.features.online.redis.names import TABLES, Names, State
from boathouse.features.online.rows.batches import encode_batch, encode_keys
from boathouse.features.online.rows.keys import KeyCodec
from boathouse.features.online.rows.layout import Layout, layout_of
from boathouse.foundation.errors import Conflict, Unavailable

FEW = 50_000
"""Changes that one transaction may have: it takes Redis about 50 ms."""
_AT_ONCE = 1000
T = TypeVar("T")


class RedisWriter:
    """Changes of one table; holds its lock until it ends."""

    def __init__(
        self, connection: RedisConnection, table: str, lock: RedisLock, layout: Layout, codec: KeyCodec, *, keep: bool
    ) -> None:
        self._connection = connection
        self._client: redis.Redis = connection.client
        self._names = Names(table)
        self._lock = lock
        self._layout = layout
        self._codec = codec
        self._changes: dict[bytes, bytes | None] = {}
        """What a transaction shall do to the generation that is there; None removes."""
        self._count = 0
        self._is_over = False
        with connection.refusals():
            self._there = self._cleaned()
            if keep:
                self._generation = self._required().generation
                self._count = self._required().count
            else:
                self._generation = self._new_generation()
        self._is_few = keep

    def put(self, keys: pa.Table, values: pa.Table, *, event: Instants = None, known: Instants = None) -> None:
        self._require_open()
        pairs = encode_batch(self._layout, self._codec, keys, values, event=event, known=known)
        self._change(dict(pairs))

    def delete(self, keys: pa.Table) -> None:
        self._require_open()
        self._change(dict.fromkeys(encode_keys(self._codec, keys)[0]))

    def commit(self, meta: Mapping[str, Any]) -> int:
        self._require_open()
        plain = json.loads(json.dumps(dict(meta)))
        with self._connection.refusals():
            self._count += self._growth(self._changes)
            state = State(self._generation, self._layout.schema, plain, self._count, uuid.uuid4().hex)
            try:
                with self._client.pipeline(transaction=True) as pipeline:
                    pipeline.watch(self._lock.key)
                    if pipeline.get(self._lock.key) != self._lock.token:
                        raise self._lock.lost()
                    pipeline.multi()
                    self._send(pipeline, self._changes)
                    pipeline.set(self._names.state, state.to_json())
                    pipeline.set(self._names.current, self._generation)
                    pipeline.sadd(TABLES, self._names.table)
                    pipeline.execute()
            except WatchError as error:
                raise self._lock.lost() from error
        replaced = self._there
        self._there = state
        if replaced is not None and replaced.generation != self._generation:
            self._remove(replaced.generation)
        self._end()
        return self._count

    def abort(self) -> None:
        if self._is_over:
            return
        if self._there is None or self._generation != self._there.generation:
            self._remove(self._generation)
        self._end()

    def __enter__(self) -> "RedisWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def _change(self, changes: dict[bytes, bytes | None]) -> None:
        if self._is_few:
            self._changes |= changes
            if len(self._changes) <= FEW:
                return
            changes, self._changes = self._changes, {}
            self._is_few = False
            with self._connection.refusals():
                self._generation = self._copied()
        with self._connection.refusals():
            self._count += self._growth(changes)
            with self._client.pipeline(transaction=False) as pipeline:
                self._send(pipeline, changes)
                # Whoever cleans up after a publisher that stood still for long must know of what it wrote since.
                pipeline.sadd(self._names.generations, self._generation)
                pipeline.execute()

    def _send(self, pipeline: Any, changes: Mapping[bytes, bytes | None]) -> None:
        prefix = self._names.rows(self._generation)
        for some in _parts(changes.items()):
            values = {prefix + key: value for key, value in some if value is not None}
            if values:
                pipeline.mset(values)
            gone = [prefix + key for key, value in some if value is None]
            if gone:
                pipeline.unlink(*gone)

    def _growth(self, changes: Mapping[bytes, bytes | None]) -> int:
        """By how many keys the generation grows."""
        prefix, growth = self._names.rows(self._generation), 0
        with self._client.pipeline(transaction=False) as pipeline:
            for some in _parts(changes.items()):
                added = [prefix + key for key, value in some if value is not None]
                gone = [prefix + key for key, value in some if value is None]
                growth += len(added)
                for keys in (added, gone):
                    if keys:
                        pipeline.exists(*keys)
            return growth - sum(pipeline.execute())

    def _copied(self) -> bytes:
        """A new generation with the rows of the one that is there."""
        new, old = self._new_generation(), self._names.rows(self._generation)
        prefix = self._names.rows(new)
        found = self._client.scan_iter(match=self._names.pattern(self._generation), count=5000)
        for some in _parts(found):
            with self._client.pipeline(transaction=False) as pipeline:
                for key in some:
                    pipeline.copy(key, prefix + key[len(old) :], replace=True)
                pipeline.execute()
        return new

    def _new_generation(self) -> bytes:
        generation = uuid.uuid4().hex[:12].encode()
        self._client.sadd(self._names.generations, generation)
        return generation

    def _cleaned(self) -> State | None:
        """What readers see now, after removing what publishers that died have left.

        Lock, state and generations are read at one instant: what is listed then is nobody's but the readers'.
        """
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.get(self._lock.key)
            pipeline.get(self._names.state)
            pipeline.smembers(self._names.generations)
            holder, text, generations = pipeline.execute()
        if holder != self._lock.token:
            raise self._lock.lost()
        there = None if text is None else State.from_json(text)
        for generation in generations:
            if there is None or generation != there.generation:
                remove_generation(self._client, self._names, generation)
        return there

    def _remove(self, generation: bytes) -> None:
        """Free a generation that nobody can see; never one that another publisher may have made."""
        try:
            with self._connection.refusals():
                remove_generation(self._client, self._names, generation)
        except Unavailable:
            return  # the next publication does it

    def _required(self) -> State:
        if self._there is None:
            raise Conflict(
                f"Nothing of {self._names.table} is published that could be changed.", hint="Publish all of it."
            )
        if layout_of(self._there.schema).number != self._layout.number:
            raise Conflict(
                f"{self._names.table} is published with other keys, features or another time to live.",
                hint="Publish all of it.",
            )
        return self._there

    def _require_open(self) -> None:
        if self._is_over:
            raise Conflict(f"This publication of {self._names.table} has ended.", hint="Begin another.")

    def _end(self) -> None:
        self._is_over = True
        self._changes = {}
        self._lock.release()


def remove_generation(client: redis.Redis, names: Names, generation: bytes) -> None:
    """Free what a generation takes, a little at a time."""
    for some in _parts(client.scan_iter(match=names.pattern(generation), count=5000)):
        client.unlink(*some)
    client.srem(names.generations, generation)


def _parts(items: Iterable[T]) -> Iterable[list[T]]:
    source = iter(items)
    while some := list(islice(source, _AT_ONCE)):
        yield some
