"""Single columns of a payload, whatever its shape."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from boathouse.serving.scoring.nouns import Payload, Shape

_TABLES = (Shape.ARROW, Shape.CSV, Shape.PARQUET)


def column(payload: Payload, name: str) -> Sequence[Any] | None:
    """The values of a column, row by row; None when the payload has no such column."""
    data = payload.data
    if payload.shape in _TABLES:
        return data.column(name).to_pylist() if name in data.column_names else None
    if payload.shape is Shape.SPLIT:
        if payload.columns is None or name not in payload.columns:
            return None
        at = payload.columns.index(name)
        return [row[at] for row in data]
    if payload.shape is Shape.INPUTS:
        return cast(Mapping[str, Any], data).get(name) if isinstance(data, Mapping) else None
    rows = _mappings(data)
    return [row.get(name) for row in rows] if any(name in row for row in rows) else None


def column_names(payload: Payload) -> list[str]:
    """The columns that have a name."""
    if payload.columns is not None:
        return list(payload.columns)
    if payload.shape in _TABLES:
        return list(payload.data.column_names)
    if payload.shape is Shape.INPUTS:
        return list(cast(Mapping[str, Any], payload.data)) if isinstance(payload.data, Mapping) else []
    return list(dict.fromkeys(name for row in _mappings(payload.data) for name in row))


def _mappings(data: Any) -> Sequence[Mapping[str, Any]]:
    rows = cast(Sequence[Any], data)
    return rows if rows and isinstance(rows[0], Mapping) else ()
