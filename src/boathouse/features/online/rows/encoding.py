# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""Arrow columns to stored rows, a column at a time."""

import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from boathouse.features.online.contract import Instants
from boathouse.features.online.rows.keys import slices_of
from boathouse.features.online.rows.layout import (
    NO_INSTANT,
    Layout,
    Slot,
    element_dtype,
    is_list,
    is_text,
)
from boathouse.foundation.errors import InvalidInput


def encode_rows(layout: Layout, values: pa.Table, *, event: Instants = None, known: Instants = None) -> list[bytes]:
    """A stored row for each row.

    Raises:
        InvalidInput: A feature is missing, or of a type that does not become the declared one.
    """
    rows = values.num_rows
    packed = np.zeros(rows, dtype=layout.dtype)
    packed["layout"] = layout.number
    packed["event"], packed["known"] = _instants(event, rows), _instants(known, rows)
    tails: list[pa.Array] = []
    end = np.zeros(rows, dtype=np.uint64)
    for at, slot in enumerate(layout.slots):
        column = _column(values, slot)
        if column.null_count:
            packed[f"n{at // 8}"] |= np.asarray(column.is_null()).astype(np.uint8) << np.uint8(at % 8)
        if not slot.in_tail:
            packed[f"f{at}"] = _numbers(slot, column)
            continue
        tail = column.fill_null(b"")
        start, end = end, end + np.asarray(pc.binary_length(tail)).astype(np.uint64)
        packed[f"f{at}"] = start | end << np.uint64(32)
        tails.append(tail)
    heads = [head for (head,) in struct.iter_unpack(f"{layout.width}s", packed.tobytes())]
    if not tails:
        return heads
    joined = tails[0]
    if len(tails) > 1:
        joined = pc.binary_join_element_wise(*tails, pa.scalar(b"", pa.large_binary()))
    return [head + tail for head, tail in zip(heads, slices_of(joined, rows), strict=True)]


def _instants(given: Instants, rows: int) -> Any:
    if given is None:
        return NO_INSTANT
    array = whole(given)
    if len(array) != rows:
        raise InvalidInput(f"There are {rows} rows and {len(array)} instants.")
    if pt.is_date(array.type):
        array = array.cast(pa.timestamp("us"))
    if pt.is_timestamp(array.type):
        array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
    return np.asarray(array.cast(pa.int64()).fill_null(NO_INSTANT))


def _column(values: pa.Table, slot: Slot) -> pa.Array:
    if slot.name not in values.column_names:
        raise InvalidInput(
            f"The feature {slot.name} is missing from the rows to be published.",
            hint=f"They have {', '.join(values.column_names) or 'no columns'}.",
        )
    column = whole(values.column(slot.name))
    try:
        if pt.is_dictionary(column.type):
            column = column.dictionary_decode()
        if is_list(slot.type):
            return _lists(slot, column.cast(pa.large_list(slot.type.value_type)))
        if is_text(slot.type):
            return column.cast(pa.large_string()).cast(pa.large_binary())
        return column.cast(slot.stored, safe=not pt.is_timestamp(slot.stored))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InvalidInput(
            f"Feature {slot.name} is {column.type} in the rows to be published, and {slot.type} in the online table: "
            f"{error}"
        ) from error


def _numbers(slot: Slot, column: pa.Array) -> np.ndarray[Any, Any]:
    if slot.dtype == "V16":
        _, data = column.buffers()
        if data is None:
            return np.zeros(len(column), dtype="V16")
        return np.frombuffer(data, dtype="V16")[column.offset : column.offset + len(column)]
    if pt.is_boolean(slot.stored):
        return np.asarray(column.cast(pa.uint8()).fill_null(0))
    if pt.is_date(slot.stored):
        column = column.cast(pa.int32())
    elif pt.is_timestamp(slot.stored):
        column = column.cast(pa.int64())
    return np.asarray(column.fill_null(0) if column.null_count else column)


def _lists(slot: Slot, column: pa.Array) -> pa.Array:
    """Each list as bytes: 0 and the elements, or 1 and each element after a byte that says whether it is there."""
    offsets = np.asarray(column.offsets).astype(np.int64)
    elements = column.values[offsets[0] : offsets[-1]]
    offsets = offsets - offsets[0]
    dtype = np.dtype(str(element_dtype(slot.type.value_type)))
    numbers = _numbers(_element(slot.type.value_type), elements).astype(dtype)
    has_nulls = elements.null_count > 0
    if has_nulls:
        paired = np.zeros(len(numbers), dtype=[("there", "u1"), ("value", dtype)])
        paired["there"], paired["value"] = np.asarray(elements.is_valid()), numbers
        numbers = paired
    data = pa.py_buffer(numbers.tobytes())
    body = pa.Array.from_buffers(
        pa.large_binary(), len(column), [None, pa.py_buffer(offsets * numbers.dtype.itemsize), data]
    )
    lead = pa.scalar(b"\x01" if has_nulls else b"\x00", pa.large_binary())
    led = pc.binary_join_element_wise(lead, body, pa.scalar(b"", pa.large_binary()))
    return pc.if_else(column.is_null(), pa.scalar(None, pa.large_binary()), led) if column.null_count else led


def _element(kind: pa.DataType) -> Slot:
    stored = pa.date32() if pt.is_date(kind) else pa.timestamp("us", kind.tz) if pt.is_timestamp(kind) else kind
    return Slot("element", kind, "", "", stored)


def whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The column as one array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        return whole.chunk(0) if whole.num_chunks == 1 else pa.array([], column.type)
    return whole
