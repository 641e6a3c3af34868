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
    codes = values.rank("dense").fill_null(0).to_numpy().astype(np.int64)  # 0: null
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.concatenate(([True], codes[order][1:] != codes[order][:-1]))) if len(codes) else []
    parts = np.split(order, starts[1:]) if len(codes) else []
    parts = sorted(parts, key=lambda each: (-len(each), each[0]))[:maximum]
    return {Slice(column, text_of(values[int(part[0])])): np.sort(part) for part in parts}


def text_of(value: Any) -> str:
    """A value as people write it in a slice or as a class: ``1`` for 1.0, ``true``, ``null``."""
    if value is None:
        return NOTHING
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
