"""Payloads as pandas frames, for models that go by column names and types."""

from typing import Any

import numpy as np

from boathouse.serving.scoring.converting import convert, refuse_nulls
from boathouse.serving.scoring.extracting import extract
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.scoring.signature import WHOLE, Column, Kind, Signature

Arrays = dict[str, np.ndarray[Any, Any]]


def read_columns(payload: Payload, signature: Signature, *, takes_nulls: bool) -> Arrays:
    """Each column of the signature that is there, as an array of its type.

    Raises:
        WrongInput: A required column is missing, or a value is of another type.
    """
    found: Arrays = {}
    values = extract(payload, signature)
    for column in signature.columns:
        if column.name in values:
            found[column.name] = convert(column, values[column.name])
            if not takes_nulls and column.kind in _NO_NULLS:
                refuse_nulls(column, found[column.name])
    return found


class FrameReader:
    """Reads payloads for one model. What is optional and not there is a column of nulls."""

    def __init__(self, signature: Signature, *, takes_nulls: bool) -> None:
        import pandas as pd

        self._frame = pd.DataFrame
        self._series = pd.Series
        self._signature = signature
        self._takes_nulls = takes_nulls

    def read(self, payload: Payload) -> Any:
        """The rows of a payload.

        Raises:
            WrongInput: They do not fit.
        """
        arrays = read_columns(payload, self._signature, takes_nulls=self._takes_nulls)
        columns: dict[Any, Any] = {}
        for place, column in enumerate(self._signature.columns):
            array = arrays.get(column.name)
            if array is None:
                array = _absent(column, payload.rows)
            # Texts as pandas has them when it reads JSON: what the model was asked with in MLflow.
            name = column.name if self._signature.has_names else place
            columns[name] = self._series(array.tolist(), dtype="str") if column.kind is Kind.STRING else array
        return self._frame(columns, copy=False)


def _absent(column: Column, rows: int) -> np.ndarray[Any, Any]:
    if column.kind is Kind.DATETIME:
        return np.full(rows, np.datetime64("NaT"), dtype="datetime64[ns]")
    if column.kind in (Kind.STRING, Kind.BINARY, Kind.ANY, Kind.ARRAY, Kind.OBJECT, Kind.MAP):
        return np.full(rows, None, dtype=object)
    return np.full(rows, np.nan)


_NO_NULLS = WHOLE | {Kind.BOOLEAN}
