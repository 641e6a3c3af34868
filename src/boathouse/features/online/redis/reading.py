# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Reading an online table in Redis.

One command gets the pointer and the rows, so an answer is from one commit; where the pointer is another than the one
that was known, the same is asked of the new generation.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from boathouse.features.online.contract import OnlineSchema
from boathouse.features.online.redis.connection import RedisConnection
from boathouse.features.online.redis.names import Names, State
from boathouse.features.online.rows.batches import decode_batch
from boathouse.features.online.rows.decoding import Moment, RowDecoder
from boathouse.features.online.rows.keys import KeyCodec
from boathouse.features.online.rows.layout import layout_of
from boathouse.features.online.rows.plans import CompiledPlan, Raws
from boathouse.foundation.errors import Conflict, NotFound

_AT_ONCE = 2000
"""Rows per command; more would keep Redis from answering others."""


class RedisTable:
    """A table, as readers see it; safe to share between threads."""

    def __init__(self, connection: RedisConnection, name: str, now: Moment) -> None:
        self.connection = connection
        self._name = name
        self._now = now

    @property
    def name(self) -> str:
        return self._name

    @property
    def schema(self) -> OnlineSchema:
        return self.state().schema

    @property
    def meta(self) -> Mapping[str, Any]:
        return self.state().meta

    def is_there(self) -> bool:
        return self.connection.ask("GET", Names(self._name).state) is not None

    def count(self) -> int:
        return self.state().count

    def plan(self, features: Sequence[str] | None = None, *, instants: bool = False) -> "RedisPlan":
        return RedisPlan(self, features, self.connection.store, self._now, instants=instants)

    def scan(self, batch_rows: int = 65_536) -> Iterator[pa.Table]:
        """All rows.

        Raises:
            Conflict: The table was published meanwhile.
        """
        names, begun = Names(self._name), self.state()
        layout, codec = layout_of(begun.schema), KeyCodec(begun.schema.keys)
        prefix = names.rows(begun.generation)
        seen: set[bytes] = set()  # SCAN may give a key twice
        batch: list[tuple[bytes, bytes]] = []
        cursor = b"0"
        while True:
            cursor, keys = self.connection.ask("SCAN", cursor, "MATCH", names.pattern(begun.generation), "COUNT", 5000)
            new = [key for key in dict.fromkeys(keys) if key not in seen]
            seen.update(new)
            for start in range(0, len(new), _AT_ONCE):
                some = new[start : start + _AT_ONCE]
                state, *values = self.connection.ask("MGET", names.state, *some)
                if state is None or State.from_json(state).commit != begun.commit:
                    raise Conflict(f"{self._name} was published while it was read.", hint="Read it again.")
                batch += [(key[len(prefix) :], value) for key, value in zip(some, values, strict=True) if value]
            if len(batch) >= batch_rows or (cursor == b"0" and batch):
                yield decode_batch(layout, codec, batch)
                batch = []
            if cursor == b"0":
                return

    def state(self) -> State:
        """
        Raises:
            NotFound: The table is gone, or has never been published.
        """
        text = self.connection.ask("GET", Names(self._name).state)
        if text is None:
            raise NotFound(
                f"There is no online table {self._name} in the store {self.connection.store}.",
                hint="Publish it (again).",
            )
        return State.from_json(text)


class _Compiled(NamedTuple):
    generation: bytes
    current: bytes
    prefix: bytes
    codec: KeyCodec
    decoder: RowDecoder


class RedisPlan(CompiledPlan[RedisTable, _Compiled]):
    """A compiled read of one generation."""

    def _values(self, compiled: _Compiled, raws: Raws) -> Raws | None:
        ask, prefix = self._table.connection.ask, compiled.prefix
        if None not in raws:
            generation, *values = ask("MGET", compiled.current, *[prefix + raw for raw in raws])  # type: ignore[operator]
            return values if generation == compiled.generation else None
        wanted = [prefix + raw for raw in raws if raw is not None]
        generation, *values = ask("MGET", compiled.current, *wanted)
        found = iter(values)
        every = [None if raw is None else next(found) for raw in raws]
        return every if generation == compiled.generation else None

    def _compile(self) -> _Compiled:
        state, names = self._table.state(), Names(self._table.name)
        _, codec, decoder = self._decoding(state.schema)
        return _Compiled(state.generation, names.current, names.rows(state.generation), codec, decoder)

    def _has_moved(self, compiled: _Compiled) -> bool:
        return self._table.state().generation != compiled.generation
