# pyright: reportUnknownParameterType=false
"""The rows of a request, whatever their shape, and values between JSON and the online store."""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, cast

from boathouse.foundation.errors import InvalidInput
from boathouse.serving.scoring.nouns import Payload, Shape

if TYPE_CHECKING:
    import pyarrow as pa


def rows_of(payload: Payload) -> list[dict[str, Any]]:
    """One mapping for each row; they are ours to change.

    Raises:
        InvalidInput: The values have no names.
    """
    data = payload.data
    match payload.shape:
        case Shape.ARROW | Shape.CSV | Shape.PARQUET:
            return data.to_pylist()
        case Shape.SPLIT if payload.columns is not None:
            columns = payload.columns
            return [dict(zip(columns, row, strict=True)) for row in data]
        case Shape.INPUTS if isinstance(data, Mapping):
            columns = list(cast(Mapping[str, list[Any]], data).items())
            _require_equal_lengths(columns)
            return [{name: values[at] for name, values in columns} for at in range(payload.rows)]
        case _:
            rows = cast(list[Any], data)
            if all(isinstance(row, Mapping) for row in rows):
                return [dict(cast(Mapping[str, Any], row)) for row in rows]
    raise InvalidInput(
        "Features are looked up by keys, and the values of this request have no names.",
        hint='Send {"dataframe_records": [{"key": value, ...}]}.',
    )


def _require_equal_lengths(columns: list[tuple[str, list[Any]]]) -> None:
    if len({len(values) for _, values in columns}) > 1:
        sizes = ", ".join(f"{name} has {len(values)}" for name, values in columns)
        raise InvalidInput(f"The columns of inputs are not of one length: {sizes}.")


def plain_value(value: Any) -> Any:
    """A value as JSON has it: what a caller could have sent in its place."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value


def key_reader(kind: "pa.DataType") -> Callable[[Any], Any] | None:
    """What makes a key of what JSON has; None for a type that JSON has itself."""
    import pyarrow.types as types

    if types.is_timestamp(kind):
        return _instant if kind.tz is not None else _local_instant
    if types.is_date(kind):
        return _day
    if types.is_decimal(kind):
        return _decimal
    if types.is_binary(kind) or types.is_large_binary(kind):
        return _bytes
    return _whole if types.is_integer(kind) else None


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _instant(value: Any) -> Any:
    found = _local_instant(value)
    return found.replace(tzinfo=UTC) if isinstance(found, datetime) and found.tzinfo is None else found


def _local_instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidInput(f"The key {value!r} is no instant.", hint="Write it as 2026-01-31T10:00:00.") from error


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise InvalidInput(f"The key {value!r} is no date.", hint="Write it as 2026-01-31.") from error


def _decimal(value: Any) -> Any:
    try:
        return Decimal(str(value)) if isinstance(value, str | int | float) else value
    except InvalidOperation as error:
        raise InvalidInput(f"The key {value!r} is no decimal number.") from error


def _bytes(value: Any) -> Any:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else value
    except ValueError as error:
        raise InvalidInput(f"The key {value!r} is not in base64.") from error
