# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""Entity keys as bytes: equal keys have equal bytes, different keys different ones.

Numbers are of a fixed width whatever their declared one, so that a key of 32 bits finds one of 64. A text is followed
by nothing or led by its length. What is longer than a store takes for a key is stood for by its SHA-256, and travels
with the value.
"""

import hashlib
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from boathouse.features.online.contract import Key
from boathouse.foundation.errors import Conflict, InvalidInput

LONGEST = 500
"""Bytes; LMDB takes 511."""
_PLAIN, _HASHED = b"\x00", b"\x01"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (compared with times that have no zone)
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EXACT = Context(prec=80)
_LONG = struct.Struct(">q")
_UNSIGNED = struct.Struct(">Q")
_DAY = struct.Struct(">i")
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class _Part:
    """One key column. ``width`` is None for texts."""

    name: str
    type: pa.DataType
    family: str
    width: int | None
    encode: Callable[[Any], bytes | None]


class KeyCodec:
    """Keys of one schema.

    Raises:
        InvalidInput: A column cannot be a key: floats are not equal to themselves, and nested values have no order.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._parts = [_part(field.name, field.type) for field in schema]
        self.is_text = any(part.width is None for part in self._parts)
        self._names = [part.name for part in self._parts]
        self._is_one_integer = [part.family for part in self._parts] == ["integer"]
        self.encode = self._encoder()
        """One key as bytes; None for a key that nothing can have."""

    def encode_all(self, keys: Sequence[Key]) -> list[bytes | None]:
        if self._is_one_integer:  # as most keys are
            pack = _LONG.pack
            try:
                return [pack(*key) for key in keys]
            except struct.error:  # some are null, out of range, or wrong
                pass
        encode = self.encode
        return [encode(key) for key in keys]

    def encode_columns(self, keys: pa.Table, verb: str = "looked up") -> tuple[list[bytes | None], dict[int, bytes]]:
        """Keys row by row, None where nothing can match; and of those that are stood for, by row, the whole.

        Raises:
            InvalidInput: A key column is missing or of another type.
        """
        rows = keys.num_rows
        columns: list[Any] = []
        nothing = np.zeros(rows, dtype=bool)
        for part in self._parts:
            column, invalid = _comparable(part, _column(keys, part, verb))
            nothing |= invalid
            columns.append(column)
        if self.is_text:
            encoded, whole = self._texts(columns, rows)
        else:
            encoded, whole = self._numbers(columns, rows), {}
        for row in np.flatnonzero(nothing).tolist():
            encoded[row] = None
            whole.pop(row, None)
        return encoded, whole

    def decode_columns(self, keys: Sequence[bytes], whole: Callable[[int], bytes]) -> pa.Table:
        """What was encoded. ``whole`` gives the bytes of a key that is stood for, by its row."""
        if not self.is_text:
            packed = np.frombuffer(b"".join(keys), dtype=self._dtype())
            arrays = [_from_numbers(part, packed[f"f{at}"]) for at, part in enumerate(self._parts)]
        else:
            cells: list[list[bytes]] = [[] for _ in self._parts]
            for row, key in enumerate(keys):
                body = key[1:] if key[:1] == _PLAIN else whole(row)
                for cell, value in zip(cells, self._split(body), strict=True):
                    cell.append(value)
            arrays = [_from_bytes(part, cell) for part, cell in zip(self._parts, cells, strict=True)]
        return pa.table(arrays, schema=self.schema)

    def _encoder(self) -> Callable[[Key], bytes | None]:
        parts, count = self._parts, len(self._parts)
        if count == 1 and parts[0].family == "integer":
            return _one_integer(parts[0])
        if count == 1 and parts[0].family == "string":
            return _one_string(parts[0])
        is_text = self.is_text

        def encode(key: Key) -> bytes | None:
            if len(key) != count:
                raise _wrong_number(self._names, key)
            pieces: list[bytes] = []
            for at, part in enumerate(parts):
                piece = None if key[at] is None else part.encode(key[at])
                if piece is None:
                    return None
                if part.width is None and at < count - 1:
                    pieces.append(_LENGTH.pack(len(piece)))
                pieces.append(piece)
            joined = b"".join(pieces)
            return _marked(joined) if is_text else joined

        return encode

    def _dtype(self) -> np.dtype[Any]:
        return np.dtype([(f"f{at}", _NUMPY[part.family]) for at, part in enumerate(self._parts)])

    def _numbers(self, columns: list[Any], rows: int) -> list[bytes | None]:
        packed = np.zeros(rows, dtype=self._dtype())
        for at, column in enumerate(columns):
            packed[f"f{at}"] = column
        return [key for (key,) in struct.iter_unpack(f"{packed.dtype.itemsize}s", packed.tobytes())]

    def _texts(self, columns: list[Any], rows: int) -> tuple[list[bytes | None], dict[int, bytes]]:
        pieces: list[Any] = [pa.scalar(_PLAIN, pa.large_binary())]
        for at, (part, column) in enumerate(zip(self._parts, columns, strict=True)):
            if part.width is not None:
                pieces.append(_as_binary(np.asarray(column, dtype=_NUMPY[part.family])))
                continue
            if at < len(columns) - 1:
                pieces.append(_as_binary(np.asarray(pc.binary_length(column), dtype=">u4")))
            pieces.append(column)
        encoded = slices_of(pc.binary_join_element_wise(*pieces, pa.scalar(b"", pa.large_binary())), rows)
        keys: list[bytes | None] = list(encoded)
        whole = {row: key[1:] for row, key in enumerate(encoded) if len(key) > LONGEST}
        for row, body in whole.items():
            keys[row] = _marked(body)
        return keys, whole

    def _split(self, body: bytes) -> list[bytes]:
        pieces: list[bytes] = []
        start = 0
        for at, part in enumerate(self._parts):
            width = part.width
            if width is None:
                width = len(body) - start
                if at < len(self._parts) - 1:
                    (width,) = _LENGTH.unpack_from(body, start)
                    start += 4
            pieces.append(body[start : start + width])
            start += width
        return pieces


def slices_of(array: pa.Array, rows: int) -> list[bytes]:
    """The values of a ``large_binary`` array without nulls."""
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + rows + 1].tolist()
    whole = b"" if data is None else data.to_pybytes()
    return [whole[start:end] for start, end in pairwise(ends)]


def require_same_keys(table: str, before: Sequence[str], now: Sequence[str]) -> None:
    """
    Raises:
        Conflict: A reader gives keys in an order that is no longer the table's.
    """
    if list(before) != list(now):
        raise Conflict(
            f"The online table {table} had the key {', '.join(before)}, and now has {', '.join(now)}.",
            hint="Make a new plan of it.",
        )


_NUMPY = {"integer": ">i8", "unsigned": ">u8", "boolean": "u1", "date": ">i4", "timestamp": ">i8", "decimal": "V16"}


def _part(name: str, kind: pa.DataType) -> _Part:
    if pt.is_uint64(kind):
        return _Part(name, kind, "unsigned", 8, _integer(name, _UNSIGNED))
    if pt.is_integer(kind):
        return _Part(name, kind, "integer", 8, _integer(name, _LONG))
    if pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind):
        return _Part(name, kind, "string", None, _string(name))
    if pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_fixed_size_binary(kind) or pt.is_binary_view(kind):
        return _Part(name, kind, "binary", None, _binary(name))
    if pt.is_boolean(kind):
        return _Part(name, kind, "boolean", 1, _boolean(name))
    if pt.is_date(kind):
        return _Part(name, kind, "date", 4, _date(name))
    if pt.is_timestamp(kind):
        return _Part(name, kind, "timestamp", 8, _timestamp(name, is_zoned=kind.tz is not None))
    if pt.is_decimal(kind):
        return _Part(name, kind, "decimal", 16, _decimal(name, kind.scale))
    raise InvalidInput(
        f"Column {name} of type {kind} cannot be a key of an online table.",
        hint="Keys are integers, strings, binaries, booleans, dates, timestamps and decimals.",
    )


def _one_integer(part: _Part) -> Callable[[Key], bytes | None]:
    pack, general, names = _LONG.pack, part.encode, [part.name]

    def encode(key: Key) -> bytes | None:
        try:
            return pack(*key)
        except struct.error:
            if len(key) != 1:
                raise _wrong_number(names, key) from None
            return None if key[0] is None else general(key[0])

    return encode


def _one_string(part: _Part) -> Callable[[Key], bytes | None]:
    names = [part.name]

    def encode(key: Key) -> bytes | None:
        if len(key) != 1:
            raise _wrong_number(names, key)
        value = key[0]
        if value.__class__ is not str:
            if value is None:
                return None
            value = part.encode(value)
            return None if value is None else _marked(value)
        return _marked(value.encode())

    return encode


def _marked(body: bytes) -> bytes:
    return _PLAIN + body if len(body) < LONGEST else _HASHED + hashlib.sha256(body).digest()


def _integer(name: str, form: struct.Struct) -> Callable[[Any], bytes | None]:
    def encode(value: Any) -> bytes | None:
        if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
            raise _wrong_kind(name, "an integer", value)
        try:
            return form.pack(value)
        except struct.error:
            return None  # out of range: no row has it

    return encode


def _string(name: str) -> Callable[[Any], bytes | None]:
    def encode(value: Any) -> bytes | None:
        if not isinstance(value, str):
            raise _wrong_kind(name, "a string", value)
        return value.encode()

    return encode


def _binary(name: str) -> Callable[[Any], bytes | None]:
    def encode(value: Any) -> bytes | None:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise _wrong_kind(name, "bytes", value)
        return bytes(value)

    return encode


def _boolean(name: str) -> Callable[[Any], bytes | None]:
    def encode(value: Any) -> bytes | None:
        if not isinstance(value, bool | np.bool_):
            raise _wrong_kind(name, "a boolean", value)
        return b"\x01" if value else b"\x00"

    return encode


def _date(name: str) -> Callable[[Any], bytes | None]:
    def encode(value: Any) -> bytes | None:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise _wrong_kind(name, "a date", value)
        return _DAY.pack(value.toordinal() - _EPOCH.toordinal())

    return encode


def _timestamp(name: str, *, is_zoned: bool) -> Callable[[Any], bytes | None]:
    expected = "a time with a zone" if is_zoned else "a time without a zone"

    def encode(value: Any) -> bytes | None:
        if not isinstance(value, datetime) or (value.tzinfo is not None) is not is_zoned:
            raise _wrong_kind(name, expected, value)
        if value != value or getattr(value, "nanosecond", 0):
            return None
        return _LONG.pack((value - (_EPOCH_UTC if is_zoned else _EPOCH)) // _MICROSECOND)

    return encode


def _decimal(name: str, scale: int) -> Callable[[Any], bytes | None]:
    def encode(value: Any) -> bytes | None:
        if not isinstance(value, Decimal):
            raise _wrong_kind(name, "a decimal", value)
        try:
            scaled = value.scaleb(scale, _EXACT)
            whole = int(scaled)
        except (InvalidOperation, ValueError, OverflowError):
            return None
        return whole.to_bytes(16, "big", signed=True) if whole == scaled and abs(whole) < 10**38 else None

    return encode


def _column(keys: pa.Table, part: _Part, verb: str) -> pa.Array:
    if part.name not in keys.column_names:
        raise InvalidInput(
            f"The key column {part.name} is missing from the rows to be {verb}.",
            hint=f"They have {', '.join(keys.column_names) or 'no columns'}.",
        )
    column = keys.column(part.name).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    if pt.is_dictionary(column.type):
        column = column.dictionary_decode()
    given = column.type
    if pt.is_null(given):
        return pa.nulls(len(column), part.type)
    family = _part(part.name, given).family
    zones = family == part.family == "timestamp" and (given.tz is None) != (part.type.tz is None)
    if family.replace("unsigned", "integer") != part.family.replace("unsigned", "integer") or zones:
        raise InvalidInput(
            f"Key column {part.name} is {given} in the rows to be {verb}, and {part.type} in the online table.",
            hint="Cast one of them; a text is never equal to a number, nor a time with a zone to one without.",
        )
    return column


def _comparable(part: _Part, column: pa.Array) -> tuple[Any, np.ndarray[Any, Any]]:
    """A column of keys as NumPy, or as binary for texts; and where nothing can match."""
    nothing = np.asarray(column.is_null())
    given = column.type
    if part.width is None:
        if not (pt.is_large_binary(given) or pt.is_large_string(given)):
            column = column.cast(pa.large_binary() if part.family == "binary" else pa.large_string())
        return column.cast(pa.large_binary()).fill_null(b""), nothing
    if part.family == "decimal":
        rows = [None if value is None else part.encode(value) for value in column.to_pylist()]
        nothing = np.array([row is None for row in rows], dtype=bool)
        return np.frombuffer(b"".join(row or bytes(16) for row in rows), dtype="V16"), nothing
    if part.family == "date":
        return np.asarray(column.cast(pa.date32()).cast(pa.int32()).fill_null(0)), nothing
    if part.family == "boolean":
        return np.asarray(column.cast(pa.uint8()).fill_null(0)), nothing
    if part.family == "timestamp":
        exact = column.cast(pa.timestamp("us", given.tz), safe=False)
        if given.unit == "ns":
            nothing |= np.asarray(pc.not_equal(exact.cast(given), column).fill_null(True))
        return np.asarray(exact.cast(pa.int64()).fill_null(0)), nothing
    values = np.asarray(column.fill_null(0))
    if part.family == "unsigned" and values.dtype.kind == "i":
        nothing |= values < 0
    if part.family == "integer" and values.dtype == np.uint64:
        nothing |= values > np.uint64(np.iinfo(np.int64).max)
    return values.astype(np.uint64 if part.family == "unsigned" else np.int64), nothing


def _as_binary(values: np.ndarray[Any, Any]) -> pa.Array:
    width = values.dtype.itemsize
    offsets = np.arange(len(values) + 1, dtype=np.int64) * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(values).tobytes())]
    return pa.Array.from_buffers(pa.large_binary(), len(values), buffers)


def _from_bytes(part: _Part, cells: list[bytes]) -> pa.Array:
    if part.width is None:
        array = pa.array(cells, pa.large_binary())
        return array.cast(pa.large_string()).cast(part.type) if part.family == "string" else array.cast(part.type)
    return _from_numbers(part, np.frombuffer(b"".join(cells), dtype=_NUMPY[part.family]))


def _from_numbers(part: _Part, values: np.ndarray[Any, Any]) -> pa.Array:
    if part.family == "decimal":
        whole = [int.from_bytes(value, "big", signed=True) for value in values.tolist()]
        return pa.array([Decimal(each).scaleb(-part.type.scale, _EXACT) for each in whole], part.type)
    native = pa.array(np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("=")))
    if part.family == "timestamp":
        return native.cast(pa.timestamp("us", part.type.tz)).cast(part.type)
    return native.cast(pa.date32()).cast(part.type) if part.family == "date" else native.cast(part.type)


def _wrong_kind(name: str, expected: str, value: Any) -> InvalidInput:
    return InvalidInput(f"Key {name} is {expected}, and {type(value).__name__} was given.", hint="Convert it.")


def _wrong_number(names: Sequence[str], key: Key) -> InvalidInput:
    return InvalidInput(
        f"A key has {len(names)} parts ({', '.join(names)}), and {len(key)} were given.",
        hint="Give all, in this order.",
    )
