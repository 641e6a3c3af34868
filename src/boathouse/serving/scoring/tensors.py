"""Payloads as arrays of any number of dimensions, for models whose signature asks for tensors."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from boathouse.foundation.errors import did_you_mean
from boathouse.serving.scoring.converting import shown
from boathouse.serving.scoring.errors import WrongInput
from boathouse.serving.scoring.nouns import Payload, Shape
from boathouse.serving.scoring.signature import Signature, Tensor

Array = np.ndarray[Any, Any]


class TensorReader:
    """Reads payloads for one model: one array, or a mapping of them where the signature has names."""

    def __init__(self, signature: Signature) -> None:
        self._tensors = signature.tensors
        self._is_named = signature.has_names

    def read(self, payload: Payload) -> Array | dict[str, Array]:
        """The arrays of a payload.

        Raises:
            WrongInput: A type or a shape is another one, or an input is missing.
        """
        if not self._is_named:
            return _array(self._tensors[0], _unnamed(payload, self._tensors[0]))
        named = _named(payload, self._tensors)
        missing = [each.name for each in self._tensors if each.name not in named]
        if missing:
            raise WrongInput(f"Input {missing[0]} is missing.", hint=did_you_mean(str(missing[0]), named))
        return {str(each.name): _array(each, named[str(each.name)]) for each in self._tensors}


def _unnamed(payload: Payload, tensor: Tensor) -> Any:
    data: Any = payload.data
    if isinstance(data, list):
        values = cast("list[Any]", data)
        if values and isinstance(values[0], dict):
            names = list(payload.columns or values[0])
            return _only(payload, [[row.get(name) for name in names] for row in values], len(names), tensor)
        return _only(payload, values, len(payload.columns or ()), tensor) if payload.shape is Shape.SPLIT else values
    if isinstance(data, dict):
        columns = cast("dict[str, list[Any]]", data)
        return _only(payload, [list(row) for row in zip(*columns.values(), strict=False)], len(columns), tensor)
    return _only(payload, [list(row.values()) for row in data.to_pylist()], len(data.column_names), tensor)


def _only(payload: Payload, rows: list[Any], width: int, tensor: Tensor) -> Any:
    """A frame for a single tensor: its columns are the last dimension, and one column of lists is the array."""
    if (width == 1 and rows and len(tensor.shape) != 2) or (width == 1 and rows and isinstance(rows[0][0], list)):
        return _reshaped([row[0] for row in rows], tensor)
    return rows


def _reshaped(values: list[Any], tensor: Tensor) -> Any:
    """Lists of one length per row, as the shape has them."""
    try:
        array = np.array(values)
        return array.reshape(-1, *tensor.shape[1:]) if -1 not in tensor.shape[1:] else array
    except ValueError:
        return values


def _named(payload: Payload, tensors: tuple[Tensor, ...]) -> Mapping[str, Any]:
    data: Any = payload.data
    if isinstance(data, dict):
        return cast("dict[str, Any]", data)
    if isinstance(data, list):
        rows = cast("list[Any]", data)
        if rows and isinstance(rows[0], dict):
            names = payload.columns or ()
            columns = {name: [row.get(name) for row in rows] for name in names}
        elif payload.columns is not None:
            columns = {name: [row[place] for row in rows] for place, name in enumerate(payload.columns)}
        elif len(tensors) == 1:
            return {str(tensors[0].name): rows}
        else:
            raise WrongInput(
                f"The values have no names, and the model wants {', '.join(str(t.name) for t in tensors)}."
            )
    else:
        columns = {name: data.column(name).to_pylist() for name in data.column_names}
    if payload.shape is Shape.INSTANCES or payload.shape is Shape.INPUTS:
        return columns
    shaped = {str(each.name): each for each in tensors}
    return {name: _reshaped(values, shaped[name]) if name in shaped else values for name, values in columns.items()}


def _array(tensor: Tensor, values: Any) -> Array:
    called = "The input" if tensor.name is None else f"Input {tensor.name}"
    wanted = np.dtype(tensor.dtype)
    try:
        array = np.array(values)
        if array.dtype != wanted:
            array = _cast(array, wanted, values)
    except (TypeError, ValueError, OverflowError) as error:
        raise WrongInput(_why(called, tensor, values)) from error
    if len(array.shape) != len(tensor.shape) or any(
        size not in (-1, found) for size, found in zip(tensor.shape, array.shape, strict=True)
    ):
        raise WrongInput(f"{called} has the shape {_shape(array.shape)}; the model wants {_shape(tensor.shape)}.")
    return array


def _cast(array: Array, wanted: np.dtype[Any], values: Any) -> Array:
    if wanted.kind in "iu" and array.dtype.kind == "f":
        if not np.array_equal(array, np.rint(array)):
            raise ValueError("not whole")
        return array.astype(wanted)
    if wanted.kind in "iu" and array.dtype.kind in "iu" and array.size:
        limits = np.iinfo(wanted)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise ValueError("too large")
    with np.errstate(over="ignore"):
        return np.array(values, dtype=wanted) if array.dtype.kind in "OU" else array.astype(wanted)


def _why(called: str, tensor: Tensor, values: Any, place: tuple[int, ...] = ()) -> str:
    """The first value that is none of the type, or lists of different length."""
    if isinstance(values, list):
        found = cast("list[Any]", values)
        sizes = {len(each) if isinstance(each, list) else -1 for each in found}
        if len(sizes) > 1:
            return f"{called}{_at(place)} holds lists of different length; the model wants {_shape(tensor.shape)}."
        for number, each in enumerate(found):
            if why := _why(called, tensor, each, (*place, number)):
                return why
        return "" if place else f"{called} is no array of {tensor.dtype}."
    try:
        _cast(np.array([values]), np.dtype(tensor.dtype), [values])
    except (TypeError, ValueError, OverflowError):
        return f"{called}{_at(place)}: {shown(values)} is no {tensor.dtype}."
    return "" if place else f"{called} is no array of {tensor.dtype}."


def _at(place: tuple[int, ...]) -> str:
    return "".join(f"[{each}]" for each in place)


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join('any' if size == -1 else str(size) for size in shape)})"
