# pyright: reportUnknownParameterType=false
"""Where each feature lies in a stored row.

A row is a head (layout, event and known time, a bit per feature that is null), a slot of fixed width per feature, and a
tail with what has no fixed width; its slot says from where to where.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from boathouse.features.online.contract import OnlineSchema
from boathouse.foundation.errors import InvalidInput

NO_INSTANT = -(2**63)
"""Stands for an event or known time that a table does not have."""
EVENT, KNOWN, FOUND = "__event", "__known", "__found"


@dataclass(frozen=True, slots=True)
class Slot:
    """A feature's place. ``code`` is that of ``struct``, ``dtype`` that of NumPy."""

    name: str
    type: pa.DataType
    code: str
    dtype: str
    stored: pa.DataType
    """The Arrow type whose values are written; a binary for what goes into the tail."""
    in_tail: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows of one schema."""

    schema: OnlineSchema
    number: int
    """Leads every row: a reader with another layout notices."""
    slots: tuple[Slot, ...]
    null_bytes: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the part of fixed width."""
        fields: list[tuple[str, str]] = [("layout", "<u4"), ("event", "<i8"), ("known", "<i8")]
        fields += [(f"n{at}", "u1") for at in range(self.null_bytes)]
        return np.dtype(fields + [(f"f{at}", slot.dtype) for at, slot in enumerate(self.slots)])

    @property
    def width(self) -> int:
        return self.dtype.itemsize

    def place(self, feature: str) -> int:
        return self.schema.features.names.index(feature)


def layout_of(schema: OnlineSchema) -> Layout:
    """Where the values of a schema lie.

    Raises:
        InvalidInput: A feature's type cannot be stored online, or a name is there twice.
    """
    names = [*schema.keys.names, *schema.features.names]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InvalidInput(f"The column {twice} is there twice.", hint="Rename one of them.")
    slots = tuple(_slot(field.name, field.type) for field in schema.features)
    digest = hashlib.sha256(json.dumps(schema_to_json(schema)).encode()).digest()
    return Layout(schema, int.from_bytes(digest[:4], "little"), slots, max(1, (len(slots) + 7) // 8))


def schema_to_json(schema: OnlineSchema) -> dict[str, Any]:
    lifetime = schema.time_to_live
    return {
        "keys": _bare(schema.keys).serialize().to_pybytes().hex(),
        "features": _bare(schema.features).serialize().to_pybytes().hex(),
        "time_to_live_seconds": None if lifetime is None else lifetime.total_seconds(),
    }


def schema_from_json(data: dict[str, Any]) -> OnlineSchema:
    lifetime = data["time_to_live_seconds"]
    return OnlineSchema(
        pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(data["keys"]))),
        pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(data["features"]))),
        None if lifetime is None else timedelta(seconds=lifetime),
    )


def _bare(schema: pa.Schema) -> pa.Schema:
    """Names and types alone: comments do not make another layout, nor does a promise of no nulls."""
    return pa.schema([pa.field(field.name, field.type) for field in schema])


_NUMBERS = {
    pa.int8(): ("b", "i1"), pa.int16(): ("h", "<i2"), pa.int32(): ("i", "<i4"), pa.int64(): ("q", "<i8"),
    pa.uint8(): ("B", "u1"), pa.uint16(): ("H", "<u2"), pa.uint32(): ("I", "<u4"), pa.uint64(): ("Q", "<u8"),
    pa.float16(): ("e", "<f2"), pa.float32(): ("f", "<f4"), pa.float64(): ("d", "<f8"), pa.bool_(): ("?", "u1"),
}  # fmt: skip


def _slot(name: str, kind: pa.DataType) -> Slot:
    if kind in _NUMBERS:
        return Slot(name, kind, *_NUMBERS[kind], kind)
    if pt.is_date(kind):
        return Slot(name, kind, "i", "<i4", pa.date32())
    if pt.is_timestamp(kind):
        return Slot(name, kind, "q", "<i8", pa.timestamp("us", kind.tz))
    if pt.is_decimal128(kind):
        return Slot(name, kind, "16s", "V16", kind)
    if is_text(kind) or is_bytes(kind) or (is_list(kind) and element_dtype(kind.value_type) is not None):
        return Slot(name, kind, "Q", "<u8", pa.large_binary(), in_tail=True)
    raise InvalidInput(
        f"Feature {name} of type {kind} cannot be stored online.",
        hint="Numbers, booleans, strings, binaries, dates, timestamps, decimals, and lists of numbers or times can.",
    )


def is_text(kind: pa.DataType) -> bool:
    return pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind)


def is_bytes(kind: pa.DataType) -> bool:
    return pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_fixed_size_binary(kind) or pt.is_binary_view(kind)


def is_list(kind: pa.DataType) -> bool:
    return pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind)


def element_dtype(kind: pa.DataType) -> str | None:
    """NumPy's type for the elements of a list; None for those that cannot be stored."""
    if kind in _NUMBERS:
        return _NUMBERS[kind][1]
    if pt.is_date(kind):
        return "<i4"
    return "<i8" if pt.is_timestamp(kind) else None
