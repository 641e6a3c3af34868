# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""Values on their way into the columns of a table that somebody may have changed: everything finds a place.

A column takes what it can hold. What it cannot hold goes to a column beside it, with ``_2`` behind its name, of the
type that the values have by themselves. A text column takes everything, as text.
"""

from collections.abc import Container, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.serving.capture.runs import Repeated
from boathouse.serving.capture.texts import text_of

_EXACT = 1 << 53
"""Whole numbers up to here are exact as floating-point numbers."""
_INT64 = 1 << 63
_MOST_NAMES = 100

Declared = Mapping[str, pa.DataType]


def fitted(columns: Mapping[str, Any], schema: pa.Schema, declared: Declared) -> pa.Table:
    """The columns as they go into a table with this schema.

    Args:
        declared: Types of columns that the table may not have yet; the others get the type of their values.
    """
    known = {name.lower(): schema.field(name) for name in schema.names}
    fields: dict[str, pa.Field] = {}
    arrays: dict[str, pa.Array] = {}
    for name, values in columns.items():
        found = _place(name, values, known, declared)
        if found is not None and (before := arrays.get(found[0].name)) is not None:  # names that differ in case only
            if not _have_both(before, found[1]):
                arrays[found[0].name] = pc.coalesce(before, found[1])
                continue
            found = _place(name, values, known, declared, taken=arrays)
        if found is not None:
            field, array = found
            known[field.name.lower()] = field
            fields[field.name], arrays[field.name] = field, array
    return pa.table(list(arrays.values()), schema=pa.schema(list(fields.values())))


def _place(
    name: str, values: Any, known: Mapping[str, pa.Field], declared: Declared, taken: Container[str] = ()
) -> tuple[pa.Field, pa.Array] | None:
    """The column that can hold the values; None when there are no values and no column."""
    wanted = declared.get(name)
    for number in range(1, _MOST_NAMES):
        candidate = name if number == 1 else f"{name}_{number}"
        field = known.get(candidate.lower())
        if field is not None and field.name in taken:
            continue
        if field is None:
            array = (_converted(values, wanted) if wanted is not None else None) or _natural(values)
            return None if array is None else (pa.field(candidate, array.type), array)
        array = _converted(values, field.type)
        if array is not None:
            return pa.field(field.name, field.type), array
    return None


def _converted(values: Any, kind: pa.DataType) -> pa.Array | None:
    """The values as an array of a type; None when it cannot hold one of them."""
    if isinstance(values, Repeated):
        once = _converted(values.values, kind)
        return None if once is None else once.take(pa.array(values.places))
    if isinstance(values, np.ndarray):
        if pa.types.is_float64(kind):
            return pa.array(values)
        values = values.tolist()
    try:
        return _array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, ValueError, TypeError):
        return None


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    kinds = set(map(type, values)) - {type(None)}
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _texts(values, kind, is_plain=kinds <= {str})
    if pa.types.is_timestamp(kind) and not kinds <= {int}:
        return pa.array([_instant(value, kind) for value in values], kind)
    if pa.types.is_integer(kind) and float in kinds:
        return pa.array([_whole(value) for value in values], kind)
    return pa.array(values, kind)


def _texts(values: Sequence[Any], kind: pa.DataType, *, is_plain: bool) -> pa.Array:
    if is_plain:
        try:
            return pa.array(values, kind)
        except UnicodeEncodeError:
            pass
    return pa.array([text_of(value) for value in values], kind)


def _natural(values: Any) -> pa.Array | None:
    """The values as an array of the type that they have by themselves."""
    if isinstance(values, np.ndarray):
        return pa.array(values)
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return None
    array = _converted(values, _natural_type(kinds, values))
    return array if array is not None else pa.array([text_of(value) for value in values], pa.string())


def _natural_type(kinds: set[type], values: Sequence[Any]) -> pa.DataType:
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        largest = max(abs(value) for value in values if value is not None)
        if largest < _EXACT:
            return pa.float64()
        return pa.int64() if largest < _INT64 else pa.string()
    if kinds <= {int, float}:
        return pa.float64()
    if kinds == {datetime}:
        return pa.timestamp("us", "UTC")
    if kinds == {date}:
        return pa.date32()
    if kinds == {bytes}:
        return pa.binary()
    if kinds == {list}:
        inner = {type(each) for value in values if value is not None for each in value} - {type(None)}
        if inner and inner <= {int, float}:
            return pa.list_(pa.float64())
        if inner == {str}:
            return pa.list_(pa.string())
    return pa.string()


def _whole(value: Any) -> Any:
    if type(value) is not float:
        return value
    if value != value:
        return None
    if not value.is_integer():
        raise ValueError(value)
    return int(value)


def _instant(value: Any, kind: pa.DataType) -> Any:
    """An instant for a column of instants; texts in ISO 8601 and microseconds since 1970 are instants too."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        if kind.tz is None:
            return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, bool) or not (value is None or isinstance(value, int)):
        raise ValueError(value)
    return value


def _have_both(one: pa.Array, other: pa.Array) -> bool:
    """Whether some row has a value in either."""
    return pc.any(pc.and_(one.is_valid(), other.is_valid())).as_py() is True
