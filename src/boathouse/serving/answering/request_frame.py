# pyright: reportUnknownParameterType=false
"""The columns of a request that an on-demand function takes, with the types that it was trained with."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from boathouse.features.feature_spec import FeatureSpec
from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.arrow_types import arrow_type_of


def request_frame(
    rows: Sequence[Mapping[str, Any]], values: Mapping[str, Sequence[Any]], spec: FeatureSpec, names: Sequence[str]
) -> pa.Table:
    """The columns of these names: features before columns of the request. What is not there is left out.

    Raises:
        InvalidInput: A value cannot be of the type that its column has.
    """
    types = _types(spec)
    columns: dict[str, pa.Array] = {}
    for name in dict.fromkeys(names):
        if name in values:
            columns[name] = _array(name, values[name], types.get(name))
        elif any(name in row for row in rows):
            columns[name] = _array(name, [row.get(name) for row in rows], types.get(name))
    if not columns:  # a function without arguments has as many values as there are rows
        return pa.table({"given_row": pa.array(range(len(rows)), pa.int64())})
    return pa.table(columns)


def typed_table(table: pa.Table, spec: FeatureSpec, keys: Mapping[str, pa.DataType]) -> pa.Table:
    """Columns of text as what they stand for: of the types that are known, else numbers where all of them are.

    Raises:
        InvalidInput: A value cannot be of the type that its column has.
    """
    types = _types(spec)
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table.column(name)
        if name in keys or name in types:
            wanted = keys[name] if name in keys else arrow_type_of(types[name])
            try:
                columns[name] = _cast(column, wanted)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise InvalidInput(f"The values of column {name} cannot be {wanted}: {error}.") from error
        else:
            columns[name] = _numbers(column)
    return pa.table(columns)


def _numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    for kind in (pa.int64(), pa.float64()):
        try:
            return column.cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    return column


def _types(spec: FeatureSpec) -> dict[str, str]:
    types = dict(spec.frame)
    types |= {output.name: output.type_text for lookup in spec.lookups for output in lookup.outputs}
    types |= {step.name: step.type_text for step in spec.computations}
    return types


def _array(name: str, values: Sequence[Any], type_text: str | None) -> pa.Array:
    try:
        if type_text is None:
            return pa.array(values)
        wanted = arrow_type_of(type_text)
        try:
            return pa.array(values, wanted)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return _cast(pa.array(values), wanted)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        shown = f" {type_text.upper()}" if type_text else " of one type"
        raise InvalidInput(f"The values of column {name} cannot be{shown}: {error}.") from error


def _cast(given: Any, wanted: pa.DataType) -> Any:
    """Text becomes instants and days as an endpoint's document lets one write them: an instant without a zone is one of
    UTC, and that of a day may have a time."""
    try:
        return given.cast(wanted)
    except pa.ArrowInvalid as error:
        if not (pa.types.is_string(given.type) and (pa.types.is_timestamp(wanted) or pa.types.is_date(wanted))):
            raise
        try:
            return pa.array([None if each is None else _instant(each, wanted) for each in given.to_pylist()], wanted)
        except ValueError:
            raise error from None


def _instant(text: str, wanted: pa.DataType) -> Any:
    told = datetime.fromisoformat(text)
    if pa.types.is_date(wanted):
        return told.date()
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    return told if wanted.tz else told.astimezone(UTC).replace(tzinfo=None)
