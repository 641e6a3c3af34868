"""Payloads as one array of floating numbers, for models that ask for numbers and nothing else.

What arrives in the signature's order goes straight into one array, and is checked as a whole. Whatever that does not
settle is read column by column, slower, with an error that names the place.
"""

from operator import itemgetter
from typing import Any, cast

import numpy as np

from boathouse.serving.scoring.converting import as_floats, convert, refuse_nulls
from boathouse.serving.scoring.errors import WrongInput
from boathouse.serving.scoring.extracting import extract
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.scoring.signature import NUMERIC, Kind, Signature

Matrix = np.ndarray[Any, np.dtype[np.float64]]


class MatrixReader:
    """Reads payloads for one model. Nulls are NaN."""

    def __init__(self, signature: Signature, *, takes_nulls: bool) -> None:
        """Args:
        takes_nulls: Whether the model takes NaN, in any column.
        """
        if not fits_matrix(signature):
            raise WrongInput("The signature asks for more than numbers.")
        self._signature = signature
        self._takes_nulls = takes_nulls
        columns = signature.columns
        self._names = [each.name for each in columns]
        self._of_record = itemgetter(*self._names)
        self._width = len(columns)
        self._is_named = signature.has_names
        self._singles = _places(signature, Kind.FLOAT)
        self._wholes = _places(signature, Kind.LONG, Kind.INTEGER)
        self._booleans = _places(signature, Kind.BOOLEAN)
        bounds = {Kind.INTEGER: 2.0**31, Kind.LONG: 2.0**53}
        self._bounds = np.array([bounds[columns[place].kind] for place in self._wholes])
        self._is_plain = len(self._singles) + len(self._wholes) + len(self._booleans) == 0

    def read(self, payload: Payload) -> Matrix:
        """The rows of a payload, in the signature's order.

        Raises:
            WrongInput: They do not fit.
        """
        matrix = self._at_once(payload)
        if matrix is None:
            matrix = self._by_column(payload)
        if not self._takes_nulls:
            self._refuse_nulls(matrix)
        return matrix

    def _at_once(self, payload: Payload) -> Matrix | None:
        """None when it has to be looked at more closely."""
        data: Any = payload.data
        try:
            if type(data) is list:
                rows = self._rows(cast("list[Any]", data), payload)
                matrix = None if rows is None else np.array(rows, dtype=np.float64)
            elif type(data) is dict and self._is_named:
                columns = cast("dict[str, Any]", data)
                matrix = np.array([columns[name] for name in self._names], dtype=np.float64)
                matrix = np.ascontiguousarray(matrix.T)
            else:
                return None
        except (TypeError, ValueError, KeyError, IndexError, OverflowError):
            return None
        if matrix is None or matrix.shape != (payload.rows, self._width):
            return None
        return matrix if self._is_plain else self._checked(matrix)

    def _rows(self, data: list[Any], payload: Payload) -> list[Any] | None:
        if not data:
            return None
        if type(data[0]) is dict:
            if not self._is_named:
                return None
            rows: list[Any] = list(map(self._of_record, data))
            return rows if self._width > 1 else [[value] for value in rows]
        if not self._is_named:
            return data
        columns = payload.columns
        if columns is None:
            return None
        if columns == self._names:
            return data
        places = {name: place for place, name in enumerate(columns)}
        wanted = [places[name] for name in self._names]
        if self._width == 1:
            return [[row[wanted[0]]] for row in data]
        return list(map(itemgetter(*wanted), data))

    def _checked(self, matrix: Matrix) -> Matrix | None:
        if self._wholes:
            found = matrix[:, self._wholes]
            if not ((np.abs(found) < self._bounds) & (np.rint(found) == found)).all():
                return None
        if self._booleans:
            found = matrix[:, self._booleans]
            if not ((found == 0) | (found == 1)).all():
                return None
        if self._singles:
            with np.errstate(over="ignore"):
                matrix[:, self._singles] = matrix[:, self._singles].astype(np.float32)
        return matrix

    def _by_column(self, payload: Payload) -> Matrix:
        found = extract(payload, self._signature)
        arrays: list[np.ndarray[Any, Any]] = []
        for column in self._signature.columns:
            if column.name not in found:
                arrays.append(np.full(payload.rows, np.nan))
                continue
            array = convert(column, found[column.name])
            if not self._takes_nulls and column.kind not in (Kind.DOUBLE, Kind.FLOAT):
                refuse_nulls(column, array)
            arrays.append(array)
        return as_floats(arrays, payload.rows)

    def _refuse_nulls(self, matrix: Matrix) -> None:
        if np.isfinite(matrix.sum()):  # cheap, and right unless the sum overflows
            return
        wrong = ~np.isfinite(matrix)
        if wrong.any():
            row, place = (int(found[0]) for found in np.nonzero(wrong))
            value = matrix[row, place]
            raise WrongInput(
                f"Column {self._names[place]}, row {row}: {'null' if np.isnan(value) else 'infinity'}, "
                "and the model takes no missing or infinite values."
            )


def fits_matrix(signature: Signature) -> bool:
    """Whether a signature asks for columns of numbers only."""
    return bool(signature.columns) and all(each.kind in NUMERIC for each in signature.columns)


def _places(signature: Signature, *kinds: Kind) -> list[int]:
    return [place for place, each in enumerate(signature.columns) if each.kind in kinds]
