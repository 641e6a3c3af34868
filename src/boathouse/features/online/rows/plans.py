# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""A compiled read of an online table, and what happens when the table changes under it: it is compiled anew."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import pyarrow as pa

from boathouse.features.online.contract import Key, OnlineSchema
from boathouse.features.online.rows.decoding import Moment, OtherLayout, Row, RowDecoder
from boathouse.features.online.rows.keys import KeyCodec, require_same_keys
from boathouse.features.online.rows.layout import Layout, layout_of
from boathouse.foundation.errors import InvalidInput, Unavailable

TRIES = 5
"""How often a reader starts anew because a table is being replaced at that very moment."""


class Compiled(Protocol):
    """What a read needs to know of a table as it is now."""

    @property
    def codec(self) -> KeyCodec: ...

    @property
    def decoder(self) -> RowDecoder: ...


class Readable(Protocol):
    """A table, as far as a plan has to know it."""

    @property
    def name(self) -> str: ...

    @property
    def schema(self) -> OnlineSchema: ...


C = TypeVar("C", bound=Compiled)
T = TypeVar("T", bound=Readable)
Raws = list[bytes | None]


class CompiledPlan(ABC, Generic[T, C]):
    """Reads by key. What it holds is swapped as a whole, so threads may share it."""

    def __init__(self, table: T, features: Sequence[str] | None, store: str, now: Moment, *, instants: bool) -> None:
        self._table = table
        self._features = None if features is None else tuple(features)
        self._store = store
        self._now = now
        self._instants = instants
        self._keys: tuple[str, ...] = tuple(table.schema.keys.names)
        self._compiled = self._compile()

    @property
    def names(self) -> tuple[str, ...]:
        return self._compiled.decoder.names

    def row(self, key: Key) -> Row:
        return self.rows((key,))[0]

    def rows(self, keys: Sequence[Key]) -> list[Row]:
        return self._read(lambda codec: codec.encode_all(keys), lambda decoder, values: decoder.all(values))

    def columns(self, keys: pa.Table) -> pa.Table:
        return self._read(
            lambda codec: codec.encode_columns(keys)[0], lambda decoder, values: decoder.columns(values)
        )  # fmt: skip

    @abstractmethod
    def _compile(self) -> C: ...

    @abstractmethod
    def _values(self, compiled: C, raws: Raws) -> Raws | None:
        """The stored rows; None when the table is not the one that was compiled for."""

    @abstractmethod
    def _has_moved(self, compiled: C) -> bool:
        """Whether the table is another than the one that was compiled for: what was wrong may be right."""

    def _read(self, encode: Callable[[KeyCodec], Raws], decode: Callable[[RowDecoder, Raws], Any]) -> Any:
        for _ in range(TRIES):
            compiled = self._compiled
            try:
                values = self._values(compiled, encode(compiled.codec))
                if values is not None:
                    return decode(compiled.decoder, values)
            except OtherLayout:
                pass
            except InvalidInput:
                if not self._has_moved(compiled):
                    raise
            self._compiled = self._compile()
        raise self._restless()

    def _decoding(self, schema: OnlineSchema) -> tuple[Layout, KeyCodec, RowDecoder]:
        """How rows of this schema are read.

        Raises:
            Conflict: Its keys are not those that the plan was made for.
        """
        require_same_keys(self._table.name, self._keys, schema.keys.names)
        layout = layout_of(schema)
        return layout, KeyCodec(schema.keys), RowDecoder(layout, self._features, self._now, instants=self._instants)

    def _restless(self) -> Unavailable:
        return Unavailable(
            f"{self._table.name} in the online store {self._store} does not come to rest.",
            hint="Is it being published over and over?",
        )
