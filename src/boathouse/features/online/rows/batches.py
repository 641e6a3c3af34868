# pyright: reportUnknownParameterType=false
"""A batch of rows as a store keeps it, and a part of a store as its rows."""

import struct
from collections.abc import Mapping, Sequence

import pyarrow as pa

from boathouse.features.online.contract import Instants
from boathouse.features.online.rows.decoding import RowDecoder
from boathouse.features.online.rows.encoding import encode_rows
from boathouse.features.online.rows.keys import KeyCodec
from boathouse.features.online.rows.layout import FOUND, Layout
from boathouse.foundation.errors import InvalidInput

LARGEST = 10 * 1024 * 1024
"""Bytes of one stored row. A larger one is a mistake more often than a feature, and would stall other readers."""
_LENGTH = struct.Struct("<I")


def encode_keys(codec: KeyCodec, keys: pa.Table) -> tuple[list[bytes], dict[int, bytes]]:
    """Keys to be written or removed.

    Raises:
        InvalidInput: One of them is null, or cannot be one of the table's.
    """
    encoded, whole = codec.encode_columns(keys, "published")
    if None in encoded:
        row = encoded.index(None)
        raise InvalidInput(
            f"Row {row} has the key {key_text(keys, row)}, which nothing can be stored under.",
            hint="Leave rows with null keys out.",
        )
    return [key for key in encoded if key is not None], whole


def encode_batch(
    layout: Layout, codec: KeyCodec, keys: pa.Table, values: pa.Table, *, event: Instants, known: Instants
) -> list[tuple[bytes, bytes]]:
    """Pairs to store; the last of a key stands.

    Raises:
        InvalidInput: A key is null, a type does not fit, or a row is too large.
    """
    if keys.num_rows != values.num_rows:
        raise InvalidInput(f"There are {keys.num_rows} keys and {values.num_rows} rows of values.")
    encoded, whole = encode_keys(codec, keys)
    rows = encode_rows(layout, values, event=event, known=known)
    if rows and len(max(rows, key=len)) > LARGEST:
        _refuse(layout, keys, values, rows)
    for row, body in whole.items():
        rows[row] += body + _LENGTH.pack(len(body))
    return list(zip(encoded, rows, strict=True))


def decode_batch(layout: Layout, codec: KeyCodec, pairs: Sequence[tuple[bytes, bytes]]) -> pa.Table:
    """The rows of pairs: keys, ``__event``, ``__known``, features; expired ones too."""
    decoder = RowDecoder(layout, None, _no_clock, instants=True, expires=False)
    values = decoder.columns([value for _, value in pairs]).drop_columns([FOUND])

    def whole(row: int) -> bytes:
        value = pairs[row][1]
        return value[-4 - _LENGTH.unpack(value[-4:])[0] : -4]

    keys = codec.decode_columns([key for key, _ in pairs], whole)
    columns: Mapping[str, pa.ChunkedArray] = {
        **{name: keys.column(name) for name in keys.column_names},
        **{name: values.column(name) for name in values.column_names},
    }
    return pa.table(columns)


def key_text(keys: pa.Table, row: int) -> str:
    """A key as people read it."""
    return ", ".join(f"{name}={keys.column(name)[row].as_py()!r:.80}" for name in keys.column_names)


def _refuse(layout: Layout, keys: pa.Table, values: pa.Table, rows: Sequence[bytes]) -> None:
    row = next(at for at, each in enumerate(rows) if len(each) > LARGEST)
    tails = [slot.name for slot in layout.slots if slot.in_tail]
    sizes = {name: values.column(name).slice(row, 1).nbytes for name in tails}
    largest = max(sizes, key=sizes.__getitem__, default="")
    raise InvalidInput(
        f"The values of {key_text(keys, row)} take {len(rows[row]):,} bytes, most of them in feature {largest}; "
        f"an online row may have {LARGEST:,}.",
        hint="Publish the other features (features=[...]), or shorten it. Nothing of this publication is seen.",
    )


def _no_clock() -> int:
    return 0
