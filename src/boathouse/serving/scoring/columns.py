"""Single columns of a payload: to read keys from it, and to put features into it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from boathouse.serving.scoring.nouns import Payload


def column_of(payload: Payload, name: str) -> list[Any] | None:
    """The values of a column, one per row; None when there is no such column.

    A row of records without the column has None.
    """
    data = payload.data
    if payload.columns is None or name not in payload.columns:
        return None
    if isinstance(data, dict):
        return cast("dict[str, list[Any]]", data)[name]
    if isinstance(data, list):
        rows = cast("list[Any]", data)
        if rows and isinstance(rows[0], dict):
            return [row.get(name) for row in rows]
        place = list(payload.columns).index(name)
        return [row[place] for row in rows]
    return data.column(name).to_pylist()


def with_columns(payload: Payload, columns: Mapping[str, Sequence[Any]]) -> Payload:
    """The payload with further columns, one value per row each; it must have names. The old one stays as it is."""
    if not columns:
        return payload
    known = payload.columns or ()
    names = [*known, *(name for name in columns if name not in known)]
    return Payload(
        payload.shape, payload.rows, names, _joined(payload, columns), payload.params, payload.client_request_id
    )


def first_row(payload: Payload) -> Payload:
    """The payload with its first row only."""
    data = payload.data
    if isinstance(data, dict):
        found: Any = {name: values[:1] for name, values in cast("dict[str, list[Any]]", data).items()}
    else:
        found = data[:1]
    return Payload(payload.shape, min(1, payload.rows), payload.columns, found, payload.params)


def _joined(payload: Payload, columns: Mapping[str, Sequence[Any]]) -> Any:
    data = payload.data
    if isinstance(data, dict):
        return {**data, **{name: list(values) for name, values in columns.items()}}
    if isinstance(data, list):
        rows = cast("list[Any]", data)
        more = zip(*columns.values(), strict=True)
        if rows and isinstance(rows[0], dict):
            return [{**row, **dict(zip(columns, values, strict=True))} for row, values in zip(rows, more, strict=True)]
        return _appended(rows, list(payload.columns or ()), columns)
    import pyarrow as pa

    for name, values in columns.items():
        place = data.column_names.index(name) if name in data.column_names else None
        column = pa.array(values)
        data = data.append_column(name, column) if place is None else data.set_column(place, name, column)
    return data


def _appended(rows: list[list[Any]], known: list[str], columns: Mapping[str, Sequence[Any]]) -> list[list[Any]]:
    new = [name for name in columns if name not in known]
    kept = [name for name in columns if name in known]
    added = zip(*(columns[name] for name in new), strict=True) if new else [()] * len(rows)
    joined = [[*row, *values] for row, values in zip(rows, added, strict=True)]
    for name in kept:
        place = known.index(name)
        for row, value in zip(joined, columns[name], strict=True):
            row[place] = value
    return joined
