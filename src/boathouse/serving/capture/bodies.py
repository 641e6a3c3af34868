"""What stands in requests and answers, row by row: columns by name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

from boathouse.foundation.errors import BoathouseError
from boathouse.serving.capture.layout import FEATURE, FEATURE_TIME, IN, OUT, PREDICTION, column_name
from boathouse.serving.capture.nouns import Exchange

_MOST_ROWS = 1 << 40
"""Bounds were held when the request came."""
_MOST_COLUMNS = 1_000
"""A request with more values per row than this is kept as one list."""

Values = dict[str, Sequence[Any]]


@dataclass(slots=True)
class Rows:
    """The rows of one request. Each column has one value per row."""

    count: int
    columns: Values = field(default_factory=dict[str, Sequence[Any]])
    """By the names of the columns of the inference table."""
    names: dict[str, str] = field(default_factory=dict[str, str])
    """What each column was called by the caller, the model or the feature spec."""

    def put(self, prefix: str, name: str, values: Sequence[Any]) -> None:
        column = column_name(prefix, name)
        self.columns[column] = values
        self.names[column] = name


def rows_of(exchange: Exchange, input_names: Sequence[str] = ()) -> Rows | None:
    """Inputs, features and answers of a request; None when its answer has no rows.

    Args:
        input_names: What the model calls its inputs, for requests that do not say names.

    Raises:
        BoathouseError, ValueError: Request or answer cannot be taken apart.
    """
    outputs = outputs_of(exchange.response)
    if outputs is None:
        return None
    rows = Rows(outputs.count)
    count, inputs = inputs_of(exchange.request, exchange.content_type, input_names)
    if count == rows.count:
        for name, values in inputs.items():
            rows.put(IN, name, values)
    read = features_of(exchange.features)
    if len(read) == rows.count:
        for name in dict.fromkeys(name for each in read for name in each[0]):
            rows.put(FEATURE, name, [values.get(name) for values, _ in read])
        for name in dict.fromkeys(name for each in read for name in each[1]):
            if any(times.get(name) is not None for _, times in read):
                rows.put(FEATURE_TIME, name, [times.get(name) for _, times in read])
    rows.columns |= outputs.columns
    rows.names |= outputs.names
    return rows


def inputs_of(request: bytes, content_type: str, input_names: Sequence[str] = ()) -> tuple[int, Values]:
    """How many rows were sent, and their columns."""
    from boathouse.serving.scoring.columns import column_of
    from boathouse.serving.scoring.payloads import read_payload

    payload = read_payload(request, content_type, most_rows=_MOST_ROWS)
    if payload.columns is not None:
        columns: Values = {name: column_of(payload, name) or [] for name in payload.columns}
        if len(columns) > _MOST_COLUMNS or any(len(values) != payload.rows for values in columns.values()):
            return payload.rows, {"values": _together(columns, payload.rows)}
        return payload.rows, columns
    rows = cast("list[Any]", payload.data)
    width = max((len(cast("list[Any]", row)) for row in rows if isinstance(row, list)), default=1)
    if width > _MOST_COLUMNS or any(isinstance(row, list) and len(cast("list[Any]", row)) != width for row in rows):
        return payload.rows, {"values": rows}
    table = [cast("list[Any]", row) if isinstance(row, list) else [row] for row in rows]
    if any(len(row) != width for row in table):
        return payload.rows, {"values": rows}
    names = input_names if len(input_names) == width else [str(place) for place in range(width)]
    return payload.rows, {name: [row[place] for row in table] for place, name in enumerate(names)}


def outputs_of(response: bytes) -> Rows | None:
    """The rows of an answer; None when it is none with predictions.

    Raises:
        ValueError: It is no JSON.
    """
    found = _json(response)
    if not isinstance(found, dict):
        return None
    parts = cast("dict[str, Any]", found)
    answers: Any = parts.get("predictions", parts.get("outputs"))
    if answers is None:
        return None
    if isinstance(answers, dict):
        columns = cast("dict[str, Any]", answers)
        sizes = {len(cast("list[Any]", each)) if isinstance(each, list) else -1 for each in columns.values()}
        if len(sizes) == 1 and (size := sizes.pop()) >= 0:
            rows = Rows(size)
            for name, values in columns.items():
                rows.put(OUT, name, values)
            return rows
        answers = [columns]
    values = cast("list[Any]", answers) if isinstance(answers, list) else [answers]
    rows = Rows(len(values))
    if values and all(isinstance(each, dict) for each in values):
        records = cast("list[dict[str, Any]]", values)
        for name in dict.fromkeys(name for record in records for name in record):
            rows.put(OUT, name, [record.get(name) for record in records])
    else:
        rows.put(OUT, PREDICTION, values)
    return rows


def features_of(features: bytes | str | None) -> list[tuple[Mapping[str, Any], Mapping[str, int | None]]]:
    """The feature values of each row, and the event time of each in microseconds."""
    if not features:
        return []
    return [(each.get("values") or {}, each.get("event") or {}) for each in _json(features)]


def _together(columns: Mapping[str, Sequence[Any]], rows: int) -> list[Any]:
    """Columns that are too many, or of different lengths, as one value per row."""
    if any(len(values) != rows for values in columns.values()):
        return [{name: list(values) for name, values in columns.items()}, *([None] * (rows - 1))]
    return [{name: values[at] for name, values in columns.items()} for at in range(rows)]


def _json(text: bytes | str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)  # which knows NaN and Infinity


READING_ERRORS = (BoathouseError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What taking a body apart may raise; each means that it is none that we know."""
