"""A model in a process of its own, between the body of a request and the body of an answer.

Columns of plain types are read and checked here, with our messages, and travel as an Arrow table: several requests
also as one. Everything else travels as it was sent, and MLflow reads it over there.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from boathouse.serving.isolated import IsolatedModel, ProcessAway, ProcessFailed
from boathouse.serving.scoring.errors import MalformedBody, WrongInput
from boathouse.serving.scoring.frames import read_columns
from boathouse.serving.scoring.messages import Message, stream_of
from boathouse.serving.scoring.mlmodel import ModelFolder
from boathouse.serving.scoring.nouns import ModelAway, Payload, ScoringFailed, Shape
from boathouse.serving.scoring.signature import NESTED, Column, Kind
from boathouse.serving.scoring.tensors import TensorReader

_NOT_IN_TABLES = NESTED | {Kind.ANY}
_LIBRARIES = ("catboost", "keras", "lightgbm", "onnx", "pytorch", "sklearn", "tensorflow", "xgboost")
_ROW_BY_ROW = frozenset(f"mlflow.{name}" for name in _LIBRARIES)
"""Libraries whose models answer a row without looking at the others."""


class IsolatedScorer:
    """Implements :class:`boathouse.serving.scoring.nouns.Scorer`. Predictions are the JSON value they become."""

    is_fast = False

    def __init__(self, model: IsolatedModel, folder: ModelFolder, *, stack: bool = False) -> None:
        """Args:
        stack: Whether requests for a model with code of its own may travel as one.
        """
        self._model = model
        self._stack = stack or (folder.loader in _ROW_BY_ROW and not folder.has_code)
        self._is_plain = folder.is_from_type_hint
        self._signature = None if folder.is_from_type_hint else folder.signature
        self.required = self._signature.required if self._signature is not None else ()
        columns = self._signature.columns if self._signature is not None else ()
        self._is_table = bool(columns) and not any(each.kind in _NOT_IN_TABLES for each in columns)
        self._tensors = TensorReader(self._signature) if self._signature and self._signature.tensors else None

    @property
    def pid(self) -> int | None:
        """Of the process that answers at the moment."""
        return self._model.pid

    def read(self, payload: Payload) -> Message:
        if payload.rows == 0:
            raise WrongInput("The request has no rows.")
        if self._is_plain:
            return self._as_it_is(payload)
        if self._is_table:
            return self._as_table(payload)
        if not isinstance(payload.data, (list, dict)):
            return Message("table", stream_of(payload.data))
        if self._tensors is not None:
            self._tensors.read(payload)
        elif self._signature is not None:
            self._check_nested(payload)
        return Message(_format(payload), orjson.dumps(_sent(payload)))

    def predict(self, arrays: Message, params: Mapping[str, Any] | None) -> bytes:
        header = {
            "shape": arrays.shape,
            "nulls": arrays.nulls,
            "has_names": arrays.has_names,
            "is_plain": arrays.is_plain,
            "params": dict(params) if params is not None else None,
        }
        try:
            answered = self._model.ask(header, arrays.body())
        except ProcessAway as error:
            raise ModelAway(str(error)) from error
        except ProcessFailed as error:
            raise ScoringFailed(str(error)) from error
        if answered.refused is not None:
            raise WrongInput(f"The model refuses its inputs: {answered.refused}")
        return answered.content

    def answer(self, predictions: bytes) -> bytes:
        return predictions

    def close(self) -> None:
        self._model.close()

    def _as_it_is(self, payload: Payload) -> Message:
        if payload.shape is not Shape.INPUTS:
            raise MalformedBody("The model's signature comes from type hints, so it is asked with inputs.")
        return Message("inputs", orjson.dumps(_sent(payload)), is_plain=True)

    def _as_table(self, payload: Payload) -> Message:
        import pyarrow as pa

        assert self._signature is not None
        arrays = read_columns(payload, self._signature, takes_nulls=True)
        kinds = {each.name: each for each in self._signature.columns}
        nulls = [name for name, array in arrays.items() if array.dtype.kind == "f" and _is_whole(kinds[name])]
        types = {Kind.STRING: pa.string(), Kind.BINARY: pa.binary()}
        columns = {name: pa.array(array, type=types.get(kinds[name].kind)) for name, array in arrays.items()}
        has_names = self._signature.has_names
        table: Any = pa.table(columns)
        content = table if self._stack else stream_of(table)
        return Message("table", content, tuple(nulls) if has_names else (), has_names)

    def _check_nested(self, payload: Payload) -> None:
        """What is wrong is said by us; what is right goes on as it was sent."""
        assert self._signature is not None
        if payload.shape is Shape.INPUTS and isinstance(payload.sent, dict):
            # A mapping is one row for a model with arrays or objects among its columns.
            row: dict[str, Any] = payload.sent
            payload = Payload(Shape.INPUTS, 1, list(row), {name: [value] for name, value in row.items()})
        read_columns(payload, self._signature, takes_nulls=True)


def _is_whole(column: Column) -> bool:
    return column.kind in (Kind.LONG, Kind.INTEGER, Kind.BOOLEAN)


def _format(payload: Payload) -> str:
    return payload.shape.value


def _sent(payload: Payload) -> Any:
    if payload.shape is Shape.SPLIT:
        return {"data": payload.data} | ({} if payload.columns is None else {"columns": list(payload.columns)})
    return payload.data if payload.sent is None else payload.sent
