# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Rows as text, the way Databricks writes them: every value a string, null as null."""

import base64
import csv
import io
import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from boathouse.session.readable import readable_values


def text_rows(table: pa.Table) -> list[list[str | None]]:
    """The rows as lists of strings."""
    columns = [_texts(table.column(position)) for position in range(table.num_columns)]
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(table.num_rows)]


def csv_bytes(table: pa.Table) -> bytes:
    """The rows as CSV with a header; null is an empty field."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows([["" if cell is None else cell for cell in row] for row in text_rows(table)])
    return out.getvalue().encode()


def _texts(column: Any) -> list[str | None]:
    write = _writer(column.type)
    return [value if value is None or isinstance(value, str) else write(value) for value in readable_values(column)]


def _writer(kind: Any) -> Callable[[Any], str]:
    if pa.types.is_boolean(kind):
        return lambda value: "true" if value else "false"
    if pa.types.is_floating(kind):
        return _float_text
    if pa.types.is_timestamp(kind):
        return _instant_text
    if pa.types.is_nested(kind):
        return lambda value: json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return lambda value: base64.b64encode(value).decode()
    return _scalar_text


def _scalar_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def _float_text(value: float) -> str:
    """As Java writes a double: 1.0E10 beyond ten million and below a thousandth."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e7:
        return repr(value)
    digits, _, exponent = format(Decimal(repr(value)).normalize(), "E").partition("E")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def _instant_text(value: datetime) -> str:
    """With milliseconds, with microseconds where there are any; Z marks an instant, a wall clock has none."""
    precision = "milliseconds" if value.microsecond % 1000 == 0 else "microseconds"
    text = value.replace(tzinfo=None).isoformat(timespec=precision)
    return text + ("Z" if value.tzinfo is not None else "")


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() if value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return {_key(key): _plain(item) for key, item in value}  # a map, as Arrow gives it
        case list() | tuple():
            return [_plain(item) for item in value]
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return _instant_text(value)
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case float() if not math.isfinite(value):
            return _float_text(value)
        case _:
            return value


def _key(key: Any) -> str:
    plain = _plain(key)
    return plain if isinstance(plain, str) else json.dumps(plain)
