# pyright: reportUnknownParameterType=false
"""Stored rows to values: one row as Python has it, many as columns."""

import struct
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from boathouse.features.online.rows.layout import (
    EVENT,
    FOUND,
    KNOWN,
    NO_INSTANT,
    Layout,
    Slot,
    element_dtype,
    is_list,
    is_text,
)
from boathouse.foundation.errors import NotFound, did_you_mean

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (times without a zone)
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_DAY_ZERO = _EPOCH.toordinal()
_EXACT = Context(prec=80)
_MICROSECOND = timedelta(microseconds=1)

Row = tuple[Any, ...] | None
Convert = Callable[[Any, bytes], Any]
Moment = Callable[[], int]
"""Microseconds since 1970-01-01 UTC."""


def microseconds_now() -> int:
    return time.time_ns() // 1000


class OtherLayout(Exception):
    """The row is of another layout than the reader's: the table was published anew."""


class RowDecoder:
    """Some features of one layout.

    Raises:
        NotFound: The table has no such feature.
    """

    def __init__(
        self,
        layout: Layout,
        features: Sequence[str] | None,
        now: Moment,
        *,
        instants: bool = False,
        expires: bool = True,
    ) -> None:
        names = list(layout.schema.features.names)
        chosen = names if features is None else list(features)
        for name in chosen:
            if name not in names:
                raise NotFound(f"There is no feature {name} online.", hint=did_you_mean(name, names))
        self.features = tuple(chosen)
        self.names = ("event", "known", *chosen) if instants else self.features
        self.layout = layout
        self._instants = instants
        self._places = [layout.place(name) for name in chosen]
        self._now = now
        lifetime = layout.schema.time_to_live if expires else None
        self._lifetime = None if lifetime is None else lifetime // _MICROSECOND
        self.one, self.all = self._compiled()

    def _compiled(self) -> tuple[Callable[[bytes | None], Row], Callable[[list[bytes | None]], list[Row]]]:
        """The two readers, with all that can be known beforehand bound to them."""
        with_clocks = self._instants or self._lifetime is not None
        unpack, order = self._struct(with_clocks)
        careful = self._careful(order)
        number, lifetime, now = self.layout.number, self._lifetime, self._now
        base = 4 if with_clocks else 2
        nulls = 3 if with_clocks else 1
        none = b"" if self.layout.null_bytes not in _WHOLE else 0
        if none == b"":
            none = bytes(self.layout.null_bytes)
        is_plain = careful is None and not with_clocks
        treat = careful or self._bare(order)
        instants = self._instants

        def one(value: bytes | None) -> Row:
            if value is None:
                return None
            try:
                row = unpack(value)
            except struct.error:  # shorter than ours
                raise OtherLayout from None
            if row[0] != number:
                raise OtherLayout
            if is_plain and row[nulls] == none:
                return row[base:]
            if lifetime is not None and row[1] != NO_INSTANT and row[1] + lifetime < now():
                return None
            values = treat(row[base:], value, row[nulls] != none)
            return (*map(_instant, row[1:3]), *values) if instants else values

        def plain(values: list[bytes | None]) -> list[Row]:
            if None in values:
                return [one(value) for value in values]
            try:
                return [
                    row[2:] if row[1] == none and row[0] == number else one(value)
                    for row, value in zip(map(unpack, values), values, strict=True)  # type: ignore[arg-type]
                ]
            except struct.error:
                raise OtherLayout from None

        def each(values: list[bytes | None]) -> list[Row]:
            return [one(value) for value in values]

        return one, plain if is_plain else each

    def _struct(self, with_clocks: bool) -> tuple[Callable[[bytes], tuple[Any, ...]], list[int]]:
        """The unpacker of the chosen slots, and in which order it gives their places."""
        chosen = set(self._places)
        clocks = "qq" if with_clocks else "16x"
        nulls = _WHOLE.get(self.layout.null_bytes, f"{self.layout.null_bytes}s")
        slots = "".join(
            slot.code if at in chosen else f"{struct.calcsize('<' + slot.code)}x"
            for at, slot in enumerate(self.layout.slots)
        )
        return struct.Struct(f"<I{clocks}{nulls}{slots}").unpack_from, sorted(chosen)

    def _careful(self, order: list[int]) -> Callable[[tuple[Any, ...], bytes, bool], tuple[Any, ...]] | None:
        """What makes values of slots where that is more than unpacking; None where it is not."""
        converted = any(_converter(self.layout.slots[at], self.layout.width) for at in order)
        return self._bare(order) if converted or order != self._places else None

    def _bare(self, order: list[int]) -> Callable[[tuple[Any, ...], bytes, bool], tuple[Any, ...]]:
        width, first_null = self.layout.width, 20
        found = {at: place for place, at in enumerate(order)}
        steps = [(found[at], at // 8 + first_null, 1 << at % 8, _converter(self.layout.slots[at], width))
                 for at in self._places]  # fmt: skip

        def treat(row: tuple[Any, ...], value: bytes, some_null: bool) -> tuple[Any, ...]:
            return tuple(
                None if some_null and value[byte] & bit else row[at] if convert is None else convert(row[at], value)
                for at, byte, bit, convert in steps
            )

        return treat

    def columns(self, values: Sequence[bytes | None]) -> pa.Table:
        """Many rows as columns, with ``__found`` before them."""
        width = self.layout.width
        missing = bytes(width)
        heads = b"".join([missing if value is None else value[:width] for value in values])
        if len(heads) != width * len(values):
            raise OtherLayout
        packed = np.frombuffer(heads, dtype=self.layout.dtype)
        found = np.array([value is not None for value in values], dtype=bool)
        if (packed["layout"][found] != self.layout.number).any():
            raise OtherLayout
        if self._lifetime is not None:
            event = packed["event"]
            found &= (event == NO_INSTANT) | (event >= self._now() - self._lifetime)
        columns: dict[str, Any] = {FOUND: pa.array(found)}
        if self._instants:
            for name, clock in ((EVENT, "event"), (KNOWN, "known")):
                columns[name] = pa.array(packed[clock], mask=~found | (packed[clock] == NO_INSTANT))
        for at in self._places:
            slot = self.layout.slots[at]
            nothing = ~found | (packed[f"n{at // 8}"] & np.uint8(1 << at % 8)).astype(bool)
            if slot.in_tail:
                columns[slot.name] = _from_tail(slot, packed[f"f{at}"], nothing, values, width)
            else:
                columns[slot.name] = _from_numbers(slot, packed[f"f{at}"], nothing)
        return pa.table(columns)


_WHOLE = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""Codes of the null bits, where they are of a width that is read as one number."""


def _instant(value: int) -> int | None:
    return None if value == NO_INSTANT else value


def _converter(slot: Slot, width: int) -> Convert | None:
    """From a slot to its value, where they differ."""
    kind = slot.type
    if pt.is_date(kind):
        return lambda raw, _: date.fromordinal(raw + _DAY_ZERO)
    if pt.is_timestamp(kind):
        epoch = _EPOCH_UTC if kind.tz is not None else _EPOCH
        return lambda raw, _: epoch + timedelta(microseconds=raw)
    if pt.is_decimal(kind):
        scale = -kind.scale
        return lambda raw, _: Decimal(int.from_bytes(raw, "little", signed=True)).scaleb(scale, _EXACT)
    if is_text(kind):
        return lambda raw, value: value[width + (raw & 0xFFFFFFFF) : width + (raw >> 32)].decode()
    if is_list(kind):
        return lambda raw, value: _list(kind, value[width + (raw & 0xFFFFFFFF) : width + (raw >> 32)])
    if slot.in_tail:
        return lambda raw, value: value[width + (raw & 0xFFFFFFFF) : width + (raw >> 32)]
    return None


def _list(kind: pa.DataType, body: bytes) -> list[Any]:
    element = kind.value_type
    dtype = np.dtype(str(element_dtype(element)))
    if body[:1] == b"\x00":
        numbers = np.frombuffer(body, dtype=dtype, offset=1)
        if pt.is_integer(element) or pt.is_floating(element):
            return numbers.tolist()
        return _from_numbers(
            Slot("", element, "", "", element), numbers, np.zeros(len(numbers), dtype=bool)
        ).to_pylist()
    paired = np.frombuffer(body, dtype=[("there", "u1"), ("value", dtype)], offset=1)
    return _from_numbers(Slot("", element, "", "", element), paired["value"], paired["there"] == 0).to_pylist()


def _from_numbers(slot: Slot, numbers: np.ndarray[Any, Any], nothing: np.ndarray[Any, Any]) -> pa.Array:
    kind = slot.type
    if pt.is_decimal(kind):
        bits = pa.array(~nothing).buffers()[1]
        data = pa.py_buffer(np.ascontiguousarray(numbers).tobytes())
        return pa.Array.from_buffers(kind, len(numbers), [bits, data])
    if pt.is_boolean(kind):
        return pa.array(numbers.astype(bool), mask=nothing)
    plain = pa.array(np.ascontiguousarray(numbers), mask=nothing)
    if pt.is_date(kind):
        return plain.cast(pa.date32()).cast(kind)
    return plain.cast(pa.timestamp("us", kind.tz)).cast(kind) if pt.is_timestamp(kind) else plain


def _from_tail(
    slot: Slot,
    ends: np.ndarray[Any, Any],
    nothing: np.ndarray[Any, Any],
    values: Sequence[bytes | None],
    width: int,
) -> pa.Array:
    starts = ((ends & np.uint64(0xFFFFFFFF)).astype(np.int64) + width).tolist()
    stops = ((ends >> np.uint64(32)).astype(np.int64) + width).tolist()
    pieces = [
        None if is_nothing or value is None else value[start:stop]
        for value, start, stop, is_nothing in zip(values, starts, stops, nothing.tolist(), strict=True)
    ]
    if is_list(slot.type):
        return pa.array([None if piece is None else _list(slot.type, piece) for piece in pieces], slot.type)
    array = pa.array(pieces, pa.large_binary())
    return array.cast(pa.large_string()).cast(slot.type) if is_text(slot.type) else array.cast(slot.type)
