"""What stands in requests and answers, row by row: columns by name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from boathouse.foundation.errors import BoathouseError
from boathouse.serving.capture.layout import PREDICTION
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.capture.runs import Block, block

_MOST_ROWS = 1 << 40
"""Bounds were held when the request came."""
_MOST_COLUMNS = 1_000
"""A request with more values per row than this is kept as one list."""
_MOST_GAPS = 1 << 20
"""And so are records of many names of which each has a few: side by side, most of their columns would be empty."""

TOGETHER = "values"
"""What the one column is called of rows that are not laid out in columns."""

Values = dict[str, Sequence[Any]]
Names = tuple[str, ...]
Table = tuple[Names, Block]
"""Names, and rows with a value for each of them."""

_NOTHING: Table = ((), ())


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one request, all parts with one row per prediction; a part without names has none."""

    count: int
    inputs: Table
    features: Table
    times: Table
    """The event times of features, in microseconds."""
    outputs: Table

    @property
    def form(self) -> tuple[Names, ...]:
        """Requests with the same form can be put together."""
        return self.inputs[0], self.features[0], self.times[0], self.outputs[0]


def rows_of(exchange: Exchange, input_names: Sequence[str] = ()) -> Rows | None:
    """Inputs, features and answers of a request; None when its answer has no rows.

    Args:
        input_names: What the model calls its inputs, for requests that do not say names.

    Raises:
        BoathouseError, ValueError: Request or answer cannot be taken apart.
    """
    found = outputs_of(exchange.response)
    if found is None:
        return None
    count, outputs = found
    inputs = _plain_rows(exchange.request) if exchange.content_type == "application/json" else None
    if inputs is None:
        sent, columns = inputs_of(exchange.request, exchange.content_type, input_names)
        inputs = (tuple(columns), list(zip(*columns.values(), strict=True))) if columns and sent == count else _NOTHING
    elif len(inputs[1]) != count:
        inputs = _NOTHING
    features, times = _NOTHING, _NOTHING
    if exchange.features:
        read = features_of(exchange.features)
        if len(read) == count:
            features, times = _features(read)
    return Rows(count, inputs, features, times, outputs)


def _plain_rows(request: bytes) -> Table | None:
    """Rows with names as most requests have them; None for everything else, which is no mistake."""
    try:
        body = orjson.loads(request)
        split = body.get("dataframe_split")
        if split is not None:
            names, rows = tuple(split["columns"]), split["data"]
            width = len(names)
            if len(set(names)) != width or width > _MOST_COLUMNS:
                return None
            is_whole = set(map(type, rows)) <= {list} and set(map(len, rows)) <= {width}
            return (names, block(rows)) if is_whole else None
        records = body.get("dataframe_records") or body.get("instances")
        names = tuple(records[0])
        if len(names) > _MOST_COLUMNS or any(tuple(record) != names for record in records):
            return None
        return names, [tuple(record.values()) for record in records]
    except (orjson.JSONDecodeError, AttributeError, KeyError, IndexError, TypeError):
        return None


def _features(read: "Sequence[Read]") -> tuple[Table, Table]:
    if len(read) == 1:
        ((values, events),) = read
        times: Table = (tuple(events), [tuple(events.values())]) if any(events.values()) else _NOTHING
        return (tuple(values), [tuple(values.values())]), times
    names = tuple(dict.fromkeys(name for values, _ in read for name in values))
    timed = tuple(dict.fromkeys(name for _, events in read for name in events))
    rows = [tuple(values.get(name) for name in names) for values, _ in read]
    instants = [tuple(events.get(name) for name in timed) for _, events in read]
    return (names, rows), (timed, instants) if any(map(any, instants)) else _NOTHING


def inputs_of(request: bytes, content_type: str, input_names: Sequence[str] = ()) -> tuple[int, Values]:
    """How many rows were sent, and their columns."""
    from boathouse.serving.scoring.columns import column_of
    from boathouse.serving.scoring.payloads import read_payload

    payload = read_payload(request, content_type, most_rows=_MOST_ROWS)
    if payload.columns is not None:
        if isinstance(payload.data, list) and _are_scattered(payload.columns, cast("list[Any]", payload.data)):
            return payload.rows, {TOGETHER: payload.data}
        columns: Values = {name: column_of(payload, name) or [] for name in payload.columns}
        if len(columns) > _MOST_COLUMNS or any(len(values) != payload.rows for values in columns.values()):
            return payload.rows, {TOGETHER: _together(columns, payload.rows)}
        return payload.rows, columns
    rows = cast("list[Any]", payload.data)
    width = max((len(cast("list[Any]", row)) for row in rows if isinstance(row, list)), default=1)
    if width > _MOST_COLUMNS or any(isinstance(row, list) and len(cast("list[Any]", row)) != width for row in rows):
        return payload.rows, {TOGETHER: rows}
    table = [cast("list[Any]", row) if isinstance(row, list) else [row] for row in rows]
    if any(len(row) != width for row in table):
        return payload.rows, {TOGETHER: rows}
    names = input_names if len(input_names) == width else [str(place) for place in range(width)]
    return payload.rows, {name: [row[place] for row in table] for place, name in enumerate(names)}


def outputs_of(response: bytes) -> tuple[int, Table] | None:
    """How many rows an answer has, and what they are; None when it is none with predictions.

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
            return size, (tuple(columns), list(zip(*columns.values(), strict=True)))
        answers = [columns]
    values = cast("list[Any]", answers) if isinstance(answers, list) else [answers]
    if values and all(isinstance(each, dict) for each in values):
        records = cast("list[dict[str, Any]]", values)
        names = tuple(dict.fromkeys(name for record in records for name in record))
        if _are_scattered(names, values):
            return len(values), ((PREDICTION,), [(value,) for value in values])
        return len(values), (names, [tuple(record.get(name) for name in names) for record in records])
    return len(values), ((PREDICTION,), block([(value,) for value in values]))


Read = tuple[Mapping[str, Any], Mapping[str, int | None]]


def features_of(features: bytes | str | None) -> list[Read]:
    """The feature values of each row, and the event time of each in microseconds."""
    if not features:
        return []
    return [(each.get("values") or {}, each.get("event") or {}) for each in _json(features)]


def _are_scattered(names: Sequence[str], rows: Sequence[Any]) -> bool:
    """Whether rows are records that have so many names, or so few each, that they cannot be laid out in columns."""
    if not rows or not isinstance(rows[0], dict):
        return False
    gaps = len(names) * len(rows) - sum(map(len, rows))
    return len(names) > _MOST_COLUMNS or gaps > _MOST_GAPS


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
