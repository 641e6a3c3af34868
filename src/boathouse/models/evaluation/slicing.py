"""The slices that a project declares, as positions of rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.lake.engine import Engine
from boathouse.models.evaluation.predicates import rows_where
from boathouse.models.evidence.nouns import Slice
from boathouse.models.requirements.requirements import SliceSource

if TYPE_CHECKING:
    import polars as pl

Array = np.ndarray[Any, Any]

TRUE, NOTHING = "true", "null"
_FEW = 2**16


class UnknownSlice(InvalidInput):
    """A slice over something that the rows do not have."""


def slices_of(engine: Engine, frame: "pl.DataFrame", sources: Sequence[SliceSource]) -> dict[Slice, Array]:
    """The rows of each declared slice; a slice may be empty, and rows may be in several.

    Raises:
        UnknownSlice: A column is not there, or a slice is declared by nothing, or by both column and predicate.
        BadPredicate: A predicate cannot be asked of the rows.
    """
    found: dict[Slice, Array] = {}
    for source in sources:
        if (source.column is None) == (source.predicate is None):
            raise UnknownSlice("A slice is declared by a column or by a predicate.", hint="Give exactly one of them.")
        if source.column is not None:
            found |= _values_of(frame, source.column, source.maximum)
        elif source.predicate is not None:
            found[Slice(source.predicate, TRUE)] = rows_where(engine, frame, source.predicate)
    return found


def _values_of(frame: "pl.DataFrame", name: str, maximum: int) -> dict[Slice, Array]:
    """One slice per value of a column, of many values the most frequent ones."""
    column = {each.casefold(): each for each in frame.columns}.get(name.casefold())
    if column is None:
        hint = did_you_mean(name, frame.columns) or f"There are {', '.join(frame.columns[:20])}."
        raise UnknownSlice(f"The slice {name} is no column of the evaluation rows.", hint=hint)
    values = frame[column]
    if values.dtype.is_nested():
        raise UnknownSlice(f"The slice {name} is a column of {values.dtype}, which has no plain values.")
    codes, distinct = codes_of(values)
    if len(distinct) < _FEW:
        codes = codes.astype(np.uint16)  # NumPy sorts these by their digits, several times faster
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(codes, minlength=len(distinct)))[:-1]) if len(distinct) else []
    numbered = sorted(enumerate(parts), key=lambda each: (-len(each[1]), each[0]))[:maximum]
    return {Slice(column, text_of(distinct[code])): part for code, part in numbered}


def codes_of(values: "pl.Series") -> "tuple[Array, pl.Series]":
    """A number for each value, and the values by their numbers, null among them, in the order of their first row."""
    import polars as pl

    distinct = values.unique(maintain_order=True)
    numbered = pl.DataFrame({"value": distinct}).with_row_index("code")
    named = pl.DataFrame({"value": values})
    codes = named.join(numbered, on="value", how="left", nulls_equal=True, maintain_order="left")["code"]
    return codes.to_numpy().astype(np.int64), distinct


def text_of(value: Any) -> str:
    """A value as people write it in a slice or as a class: ``1`` for 1.0, ``true``, ``null``."""
    if value is None:
        return NOTHING
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
