# pyright: reportUnknownParameterType=false
"""Reading an online table in LMDB.

Each read is a transaction of its own and has the newest commit, so there is nothing to notice, except another schema
and the end of the table: a row's layout number and a missing row give them away.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lmdb
import pyarrow as pa

from boathouse.features.online.contract import Key, OnlineSchema
from boathouse.features.online.lmdb.environments import Environment, environment_of, refusals
from boathouse.features.online.rows.batches import decode_batch
from boathouse.features.online.rows.decoding import Moment, OtherLayout, Row, RowDecoder
from boathouse.features.online.rows.keys import KeyCodec
from boathouse.features.online.rows.layout import Layout, layout_of, schema_from_json
from boathouse.features.online.rows.plans import TRIES, CompiledPlan, Raws
from boathouse.foundation.errors import InvalidInput, NotFound, Unavailable

LAYOUT, SCHEMA, META, NAME = b"layout", b"schema", b"meta", b"name"


def layout_mark(layout: Layout) -> bytes:
    return layout.number.to_bytes(4, "little")


class LmdbTable:
    """A table, as readers see it; safe to share between threads."""

    def __init__(self, store: str, name: str, folder: Path, now: Moment) -> None:
        self._store = store
        self._name = name
        self._folder = folder
        self._now = now

    @property
    def name(self) -> str:
        return self._name

    @property
    def schema(self) -> OnlineSchema:
        return schema_from_json(self._read(SCHEMA))

    @property
    def meta(self) -> Mapping[str, Any]:
        return self._read(META)

    def is_there(self) -> bool:
        try:
            self.schema  # noqa: B018
        except NotFound:
            return False
        return True

    def count(self) -> int:
        with refusals(self._store):
            environment = self.environment()
            with environment.begin(environment.data) as txn:
                return txn.stat(environment.data)["entries"]

    def plan(self, features: Sequence[str] | None = None, *, instants: bool = False) -> "LmdbPlan":
        return LmdbPlan(self, features, self._store, self._now, instants=instants)

    def scan(self, batch_rows: int = 65_536) -> Iterator[pa.Table]:
        with refusals(self._store):
            environment = self.environment()
            with environment.begin(environment.data) as txn:
                schema = schema_from_json(json.loads(self._found(txn.get(SCHEMA, None, environment.state))))
                layout, codec = layout_of(schema), KeyCodec(schema.keys)
                batch: list[tuple[bytes, bytes]] = []
                with txn.cursor() as cursor:
                    for pair in cursor:
                        batch.append(pair)
                        if len(batch) >= batch_rows:
                            yield decode_batch(layout, codec, batch)
                            batch = []
                if batch:
                    yield decode_batch(layout, codec, batch)

    def environment(self) -> Environment:
        """
        Raises:
            NotFound: The table is gone, or has never been published.
        """
        if not (self._folder / "data.mdb").exists():
            raise self._not_found()
        return environment_of(self._folder)

    def _read(self, what: bytes) -> dict[str, Any]:
        with refusals(self._store):
            environment = self.environment()
            with environment.begin(environment.state) as txn:
                return json.loads(self._found(txn.get(what)))

    def _found(self, value: bytes | None) -> bytes:
        if value is None:
            raise self._not_found()
        return value

    def _not_found(self) -> NotFound:
        return NotFound(
            f"There is no online table {self._name} in the store {self._store}.", hint="Publish it (again)."
        )


class _Compiled(NamedTuple):
    environment: Environment
    mark: bytes
    codec: KeyCodec
    decoder: RowDecoder


_MANY = 2_000
"""Keys that are better read in their order: neighbours share pages."""


def _one_by_one(get: Any, raws: Raws) -> Raws:
    return [raw and get(raw) for raw in raws] if None in raws else list(map(get, raws))


def _in_order(get: Any, raws: Raws) -> Raws:
    ordered = sorted({raw for raw in raws if raw})
    found = dict(zip(ordered, map(get, ordered), strict=True))
    return [raw and found[raw] for raw in raws]


class LmdbPlan(CompiledPlan[LmdbTable, _Compiled]):
    """A compiled read of one environment."""

    def row(self, key: Key) -> Row:
        # As :meth:`_read`, without the lists: this is what an answer waits for.
        for _ in range(TRIES):
            environment, mark, codec, decoder = compiled = self._compiled
            try:
                raw = codec.encode(key)
                if raw is None:
                    return None
                with environment.begin(environment.data) as txn:
                    value = txn.get(raw)
                    if value is not None:
                        return decoder.one(value)
                    if txn.get(LAYOUT, None, environment.state) == mark:
                        return None
            except OtherLayout:
                pass
            except InvalidInput:
                if not self._has_moved(compiled):
                    raise
            except lmdb.Error as error:
                self._refuse(error)
            self._compiled = self._compile()
        raise self._restless()

    def _values(self, compiled: _Compiled, raws: Raws) -> Raws | None:
        environment = compiled.environment
        try:
            with environment.begin(environment.data) as txn:
                values = _in_order(txn.get, raws) if len(raws) >= _MANY else _one_by_one(txn.get, raws)
                if None in values and txn.get(LAYOUT, None, environment.state) != compiled.mark:
                    return None
                return values
        except lmdb.Error as error:
            return self._refuse(error)

    def _compile(self) -> _Compiled:
        with refusals(self._store):
            environment = self._table.environment()
            layout, codec, decoder = self._decoding(self._table.schema)
            return _Compiled(environment, layout_mark(layout), codec, decoder)

    def _has_moved(self, compiled: _Compiled) -> bool:
        return layout_mark(layout_of(self._table.schema)) != compiled.mark

    def _refuse(self, error: lmdb.Error) -> None:
        """Nothing where opening anew helps.

        Raises:
            Unavailable: It does not.
        """
        if not isinstance(error, lmdb.BadRslotError):
            raise Unavailable(f"The online store {self._store} cannot be read: {error}.") from error
