"""The body of a request, read: JSON in MLflow's four formats, CSV, Arrow, Parquet.

What is accepted is what MLflow's scoring server accepts; nothing is held against a model yet.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import orjson

from boathouse.serving.scoring.errors import MalformedBody, UnsupportedType, require_rows
from boathouse.serving.scoring.nouns import LONGEST_CLIENT_ID, Payload, Shape
from boathouse.serving.scoring.tabular import read_arrow, read_csv, read_parquet

JSON = "application/json"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
TYPES = (JSON, CSV, ARROW, PARQUET)

_FORMATS = {shape.value: shape for shape in (Shape.SPLIT, Shape.RECORDS, Shape.INSTANCES, Shape.INPUTS)}
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip", b"BZh": "bzip2"}
"""How bodies begin that were packed on their way."""
_ONE_FORMAT = f"A JSON body has exactly one of {', '.join(_FORMATS)}."
_SPLIT_KEYS = {"columns", "data", "index"}
_LONGEST_SHOWN = 200
_MOST_REPEATED = 1 << 22
"""Values that single ones may be laid out as: a short body must not become gigabytes."""


def read_payload(body: bytes, content_type: str, *, most_rows: int) -> Payload:
    """What a caller has sent.

    Raises:
        UnsupportedType: It is of a type that cannot be read.
        MalformedBody: It is not what its type says, or in no known format.
        BodyTooLarge: It has more rows than allowed.
    """
    media = JSON if content_type == JSON else _media_type(content_type)
    payload = _from_json(body) if media == JSON else _from_table(media, body, most_rows)
    require_rows(payload.rows, most_rows)
    return payload


@lru_cache(maxsize=128)
def _media_type(content_type: str) -> str:
    media, *parameters = (part.strip().lower() for part in content_type.split(";"))
    shown = repr(content_type[:_LONGEST_SHOWN])
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in ("utf-8", "utf8"):
            raise UnsupportedType(f"The content type {shown} is not UTF-8, and nothing else is read.")
    if media not in TYPES:
        what = f"The content type {shown} cannot be read." if media else "The request has no content type."
        raise UnsupportedType(what, hint=f"Send one of {', '.join(TYPES)}.")
    return media


def _from_json(body: bytes) -> Payload:
    found = _parsed(body)
    if type(found) is not dict:
        raise MalformedBody(f"{_ONE_FORMAT} This one is {_kind(found)}.")
    parts = cast("dict[str, Any]", found)
    formats = [name for name in _FORMATS if name in parts]
    if len(formats) != 1:
        raise MalformedBody(f"{_ONE_FORMAT} Received: {', '.join(map(str, parts)) or 'none'}.")
    payload = _READERS[formats[0]](parts[formats[0]])
    if len(parts) > 1:
        params = parts.get("params")
        if params is not None and not isinstance(params, dict):
            raise MalformedBody(f"params is an object; this one is {_kind(params)}.")
        payload.params = cast("Mapping[str, Any] | None", params)
        theirs = parts.get("client_request_id")
        payload.client_request_id = None if theirs is None else str(theirs)[:LONGEST_CLIENT_ID]
    return payload


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # Python's own writer, and so many a client, says NaN and Infinity, which JSON does not know.
        if b"NaN" in body or b"Infinity" in body:
            try:
                return json.loads(body)
            except (ValueError, RecursionError):
                pass
        packed = next((name for mark, name in _PACKED.items() if body.startswith(mark)), None)
        if packed is not None:
            what = f"The body is packed with {packed}, and is not unpacked."
            raise UnsupportedType(what, hint="Send it as it is.") from error
        raise MalformedBody(f"The body is no valid JSON: {error}.") from error


def _split(value: Any) -> Payload:
    if type(value) is not dict:
        raise MalformedBody(f"dataframe_split is an object with columns and data; this one is {_kind(value)}.")
    parts = cast("dict[str, Any]", value)
    if "data" not in parts or not parts.keys() <= _SPLIT_KEYS:
        raise MalformedBody(
            f"dataframe_split has data, and perhaps columns and index; this one has {', '.join(parts) or 'nothing'}."
        )
    data, columns = parts["data"], parts.get("columns")
    if type(data) is not list:
        raise MalformedBody(f"data of dataframe_split is a list of rows; this one is {_kind(data)}.")
    rows = cast("list[Any]", data)
    if columns is not None:
        columns = _names(columns)
        if len(columns) == 1 and rows and not isinstance(rows[0], list):
            rows = [[row] for row in rows]  # one column may stand as a plain list, as pandas takes it
        _check_widths(rows, len(columns))
    elif any(type(row) is not list for row in rows):
        rows = [[row] for row in rows]
    return Payload(Shape.SPLIT, len(rows), columns, rows)


def _names(columns: Any) -> list[str]:
    if type(columns) is not list:
        raise MalformedBody(f"columns is a list of names; this one is {_kind(columns)}.")
    names = cast("list[Any]", columns)
    if not all(type(name) is str for name in names):
        names = [str(name) for name in names]
    if len(set(names)) != len(names):
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise MalformedBody(f"Column {twice} is there twice.")
    return cast("list[str]", names)


def _check_widths(rows: list[Any], width: int) -> None:
    for number, row in enumerate(rows):
        if type(row) is not list:
            raise MalformedBody(f"Row {number} of data is {_kind(row)}, not a list of values.")
        found = len(cast("list[Any]", row))
        if found != width:
            raise MalformedBody(f"Row {number} has {found} values; there are {width} columns.")


def _records(value: Any) -> Payload:
    if type(value) is not list:
        raise MalformedBody(f"dataframe_records is a list of objects; this one is {_kind(value)}.")
    records = cast("list[Any]", value)
    for number, record in enumerate(records):
        if type(record) is not dict:
            raise MalformedBody(f"Record {number} of dataframe_records is {_kind(record)}, not an object.")
    return Payload(Shape.RECORDS, len(records), names_of(records), records)


def names_of(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of some records: those of the first, or of all where others have others."""
    if not records:
        return []
    first = records[0].keys()
    if len(records) == 1 or all(record.keys() == first for record in records):
        return list(first)
    return list(dict.fromkeys(name for record in records for name in record))


def _instances(value: Any) -> Payload:
    if type(value) is list:
        return _of_entries(Shape.INSTANCES, cast("list[Any]", value))
    raise MalformedBody(f"instances is a list with one entry per row; this one is {_kind(value)}.")


def _inputs(value: Any) -> Payload:
    if type(value) is dict:
        return _of_columns(cast("dict[str, Any]", value))
    if type(value) is list:
        return _of_entries(Shape.INPUTS, cast("list[Any]", value))
    if value is None:
        raise MalformedBody("inputs is null.")
    return Payload(Shape.INPUTS, 1, None, [value], sent=value)


def _of_entries(shape: Shape, values: list[Any]) -> Payload:
    """One entry per row: all of them objects, or none."""
    others = [number for number, each in enumerate(values) if type(each) is not dict]
    if len(others) == len(values):
        return Payload(shape, len(values), None, values)
    if others:
        odd = _kind(values[others[0]])
        raise MalformedBody(f"The entries of {shape} are objects, or none of them is; number {others[0]} is {odd}.")
    return Payload(shape, len(values), names_of(values), values)


def _of_columns(columns: dict[str, Any]) -> Payload:
    sizes = {name: len(values) for name, values in columns.items() if type(values) is list}
    if not sizes:  # one row, its values as they are
        rows = {name: [value] for name, value in columns.items()}
        return Payload(Shape.INPUTS, 1, list(columns), rows, sent=columns)
    # Named tensors may be of any size each; whether columns have to agree is known to the signature alone.
    rows = next(iter(sizes.values()))
    if rows * (len(columns) - len(sizes)) > _MOST_REPEATED:
        raise MalformedBody(
            f"inputs has {len(columns) - len(sizes):,} single values beside lists of {rows:,}.",
            hint="Send dataframe_records, or a list for each column.",
        )
    filled = {name: values if name in sizes else [values] * rows for name, values in columns.items()}
    return Payload(Shape.INPUTS, rows, list(columns), filled, sent=columns)


def _from_table(media: str, body: bytes, most_rows: int) -> Payload:
    shape, read = _TABLES[media]
    table = read(body, most_rows)
    return Payload(shape, table.num_rows, table.column_names, table)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


_READERS: dict[str, Callable[[Any], Payload]] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _instances,
    "inputs": _inputs,
}
_TABLES: dict[str, tuple[Shape, Callable[[bytes, int], Any]]] = {
    CSV: (Shape.CSV, read_csv),
    ARROW: (Shape.ARROW, read_arrow),
    PARQUET: (Shape.PARQUET, read_parquet),
}
