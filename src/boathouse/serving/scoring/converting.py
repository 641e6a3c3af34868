"""The values of one column as the signature's type. Whatever does not fit is named: column, row, value, type.

Numbers may stand as texts, as MLflow's server takes them. Where that would change a value in silence (1.5 in a whole
number, ``"false"`` as true, 3,000,000,000 in 32 bits) it is refused here.
"""

import base64
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from boathouse.serving.scoring.errors import WrongInput
from boathouse.serving.scoring.signature import NESTED, Column, Kind, Type

_RANGES = {Kind.INTEGER: (-(2**31), 2**31 - 1), Kind.LONG: (-(2**63), 2**63 - 1)}
_EXACT = 2**53
"""Up to here a floating number holds every whole one."""
_SHOWN = 40
_TRUTHS = {"true": True, "false": False, "1": True, "0": False}


def convert(column: Column, values: Any) -> np.ndarray[Any, Any]:
    """A column as an array: of the signature's type, or of floating numbers where whole numbers or booleans have nulls.

    Args:
        values: A list, or an Arrow column.

    Raises:
        WrongInput: A value is of another type.
    """
    if not isinstance(values, list):
        fast = _from_arrow(column, values)
        if fast is not None:
            return fast
        values = values.to_pylist()
    return _CONVERTERS[column.kind](column, values)


def refuse_nulls(column: Column, array: np.ndarray[Any, Any]) -> None:
    """Raises when whole numbers or booleans have nulls: for models that take none."""
    if array.dtype.kind == "f" and np.isnan(array).any():
        row = int(np.isnan(array).argmax())
        raise WrongInput(
            f"Column {column.name}, row {row}: null is no {column.kind}, and the model takes no missing values there."
        )


def _from_arrow(column: Column, values: Any) -> np.ndarray[Any, Any] | None:
    """Without a look at single values, where Arrow's type is one of ours already."""
    import pyarrow as pa

    kind = values.type
    if values.null_count == 0 and column.kind in _RANGES and pa.types.is_integer(kind):
        array = values.to_numpy()
        low, high = _RANGES[column.kind]
        if array.size == 0 or (int(array.min()) >= low and int(array.max()) <= high):
            return array.astype(np.int64 if column.kind is Kind.LONG else np.int32)
    is_number = pa.types.is_floating(kind) or pa.types.is_integer(kind)
    if column.kind in (Kind.DOUBLE, Kind.FLOAT) and is_number:
        return values.to_numpy().astype(np.float64 if column.kind is Kind.DOUBLE else np.float32)
    if column.kind is Kind.BOOLEAN and values.null_count == 0 and pa.types.is_boolean(kind):
        return values.to_numpy().astype(np.bool_)
    return None


def _reals(column: Column, values: list[Any]) -> np.ndarray[Any, Any]:
    dtype = np.float64 if column.kind is Kind.DOUBLE else np.float32
    try:
        with np.errstate(over="ignore"):
            array = np.array(values, dtype=dtype)
        if array.ndim == 1:
            return array
    except (TypeError, ValueError, OverflowError):
        pass
    return np.array([_each(column, row, value, _real) for row, value in enumerate(values)], dtype=dtype)


def _real(value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, (list, dict)):
        raise ValueError
    return float(value)


def _wholes(column: Column, values: list[Any]) -> np.ndarray[Any, Any]:
    low, high = _RANGES[column.kind]
    dtype = np.int64 if column.kind is Kind.LONG else np.int32
    if all(type(value) is int for value in values) and (not values or (min(values) >= low and max(values) <= high)):
        return np.array(values, dtype=dtype)

    def whole(value: Any) -> int | None:
        found = _whole(value)
        if found is not None and not low <= found <= high:
            raise ValueError
        return found

    found = [_each(column, row, value, whole) for row, value in enumerate(values)]
    if None not in found:
        return np.array(found, dtype=dtype)
    return np.array([math.nan if value is None else value for value in found], dtype=np.float64)


def _whole(value: Any) -> int | None:
    if value is None or (type(value) is float and math.isnan(value)):
        return None
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            value = float(value)
    if isinstance(value, (int, float)) and math.isfinite(value) and int(value) == value:
        return int(value)
    raise ValueError


def _booleans(column: Column, values: list[Any]) -> np.ndarray[Any, Any]:
    if all(type(value) is bool for value in values):
        return np.array(values, dtype=np.bool_)
    found = [_each(column, row, value, _truth) for row, value in enumerate(values)]
    if None not in found:
        return np.array(found, dtype=np.bool_)
    return np.array([math.nan if value is None else value for value in found], dtype=np.float64)


def _truth(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUTHS:
        return _TRUTHS[value.strip().lower()]
    if isinstance(value, (int, float)):
        if math.isnan(value):
            return None
        if value in (0, 1):
            return bool(value)
    raise ValueError


def _objects(check: Callable[[Any], Any]) -> Callable[[Column, list[Any]], np.ndarray[Any, Any]]:
    def converted(column: Column, values: list[Any]) -> np.ndarray[Any, Any]:
        array = np.empty(len(values), dtype=object)
        for row, value in enumerate(values):
            array[row] = _each(column, row, value, check)
        return array

    return converted


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and math.isnan(value):
        return None
    raise ValueError


def _bytes(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError
    return base64.b64decode("".join(value.split()), validate=True)


def _datetimes(column: Column, values: list[Any]) -> np.ndarray[Any, Any]:
    import pandas as pd

    def instant(value: Any) -> Any:
        if isinstance(value, (bool, list, dict)):
            raise ValueError
        found = pd.to_datetime(value)
        if isinstance(found, pd.Timestamp) and found.tzinfo is not None:
            found = found.tz_convert("UTC").tz_localize(None)
        return found

    found = [_each(column, row, value, instant) for row, value in enumerate(values)]
    instants = [np.datetime64("NaT") if value is None or value is pd.NaT else value.to_datetime64() for value in found]
    return np.array(instants, dtype="datetime64[ns]")


def _nested(column: Column, values: list[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        is_absent = value is None and not column.required
        array[row] = None if is_absent else _inside(column.type, value, f"Column {column.name}", row)
    return array


def _inside(kind: Type, value: Any, place: str, row: int) -> Any:
    """A value of a nested type; what is wrong in it is named with the way there."""
    if kind.kind is Kind.ANY:
        return value
    if kind.kind is Kind.ARRAY and kind.items is not None and isinstance(value, (list, np.ndarray)):
        items = kind.items
        return [_inside(items, each, f"{place}[{number}]", row) for number, each in enumerate(value)]
    if kind.kind is Kind.MAP and kind.items is not None and isinstance(value, dict):
        items = kind.items
        return {key: _inside(items, each, f"{place}.{key}", row) for key, each in value.items()}
    if kind.kind is Kind.OBJECT and isinstance(value, dict):
        return _of_object(kind, value, place, row)
    try:
        found = _SCALARS[kind.kind](value)
    except (KeyError, ValueError, TypeError, OverflowError):
        found = None
    if found is None:
        raise _wrong(place, row, value, kind.kind)
    return found


def _of_object(kind: Type, value: dict[str, Any], place: str, row: int) -> dict[str, Any]:
    if unknown := [key for key in value if key not in kind.properties]:
        raise WrongInput(f"{place}, row {row}: the model knows no {', '.join(unknown[:5])} in it.")
    found: dict[str, Any] = {}
    for key, each in kind.properties.items():
        if value.get(key) is not None:
            found[key] = _inside(each.type, value[key], f"{place}.{key}", row)
        elif each.required:
            raise WrongInput(f"{place}, row {row}: {key} is missing.")
        elif key in value:
            found[key] = None
    return found


def _anything(column: Column, values: list[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        array[row] = value
    return array


def _each(column: Column, row: int, value: Any, check: Callable[[Any], Any]) -> Any:
    try:
        return check(value)
    except (ValueError, TypeError, OverflowError):
        raise _wrong(f"Column {column.name}", row, value, column.kind) from None


def _wrong(place: str, row: int, value: Any, kind: Kind) -> WrongInput:
    return WrongInput(f"{place}, row {row}: {shown(value)} is no {kind}.")


def shown(value: Any) -> str:
    """A value in an error: short, and as it stood in the body."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_SCALARS: dict[Kind, Callable[[Any], Any]] = {
    Kind.DOUBLE: _real,
    Kind.FLOAT: _real,
    Kind.LONG: _whole,
    Kind.INTEGER: _whole,
    Kind.BOOLEAN: _truth,
    Kind.STRING: _text,
    Kind.BINARY: _bytes,
    Kind.DATETIME: lambda value: value if isinstance(value, str) else None,
}
_CONVERTERS: dict[Kind, Callable[[Column, list[Any]], np.ndarray[Any, Any]]] = {
    Kind.DOUBLE: _reals,
    Kind.FLOAT: _reals,
    Kind.LONG: _wholes,
    Kind.INTEGER: _wholes,
    Kind.BOOLEAN: _booleans,
    Kind.STRING: _objects(_text),
    Kind.BINARY: _objects(_bytes),
    Kind.DATETIME: _datetimes,
    Kind.ANY: _anything,
    **dict.fromkeys(NESTED, _nested),
}


def as_floats(arrays: Sequence[np.ndarray[Any, Any]], rows: int) -> np.ndarray[Any, Any]:
    """Columns side by side, as floating numbers of 64 bits."""
    matrix = np.empty((rows, len(arrays)), dtype=np.float64)
    for place, array in enumerate(arrays):
        matrix[:, place] = array
    return matrix
