"""Requests to begin with: what a model was logged with, or rows made up from what it asks for."""

import random
from collections.abc import Sequence
from typing import Any

import orjson

from boathouse.serving.scoring.columns import column_of
from boathouse.serving.scoring.mlmodel import ModelFolder
from boathouse.serving.scoring.payloads import JSON, read_payload
from boathouse.serving.scoring.signature import REAL, WHOLE, Column, Kind

_MADE_UP_ROWS = 8
_ANY_SIZE = 3
_MOST_ROWS = 1_000_000
_SHOWN_ROWS = 3


def example_request(folder: ModelFolder | None, columns: Sequence[Column] | None = None) -> dict[str, Any]:
    """A body that can be sent as it is.

    Args:
        columns: What a caller sends, where that is not what the model takes because features fill the rest.
    """
    body = folder.example if folder is not None else None
    if columns is not None:
        return {"dataframe_records": _records(columns, body)}
    if body is None and folder is not None:
        body = made_up(folder, _SHOWN_ROWS)
    return orjson.loads(body) if body is not None else {"inputs": [[0]]}


def _records(columns: Sequence[Column], body: bytes | None) -> list[dict[str, Any]]:
    """One row; values of the model's own example where it has the column."""
    chance = random.Random(0)
    row = {each.name: _value(each.kind, chance) for each in columns}
    if body is not None:
        payload = read_payload(body, JSON, most_rows=_MOST_ROWS)
        row |= {name: values[0] for name in row if (values := column_of(payload, name))}
    return [row]


def made_up(folder: ModelFolder, rows: int = _MADE_UP_ROWS) -> bytes | None:
    """A body of rows that a signature allows: the same ones each time."""
    signature = folder.signature
    if signature is None:
        return None
    chance = random.Random(0)
    if signature.tensors:
        arrays = [_array(each.shape, each.dtype, chance) for each in signature.tensors]
        names = [each.name for each in signature.tensors]
        return orjson.dumps({"inputs": dict(zip(names, arrays, strict=True)) if signature.has_names else arrays[0]})
    data = [[_value(each.kind, chance) for each in signature.columns] for _ in range(rows)]
    names = {"columns": [each.name for each in signature.columns]} if signature.has_names else {}
    return orjson.dumps({"dataframe_split": names | {"data": data}})


def _value(kind: Kind, chance: random.Random) -> Any:
    if kind in REAL:
        return round(chance.gauss(0, 2), 6)
    if kind in WHOLE:
        return chance.randint(0, 20)
    if kind is Kind.BOOLEAN:
        return chance.random() < 0.5
    if kind is Kind.DATETIME:
        return f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T08:30:00"
    return "" if kind is Kind.BINARY else [] if kind is Kind.ARRAY else {} if kind in (Kind.OBJECT, Kind.MAP) else "a"


def _array(shape: tuple[int, ...], dtype: str, chance: random.Random) -> Any:
    if not shape:
        if dtype.startswith(("int", "uint")):
            return chance.randint(0, 20)
        return chance.random() < 0.5 if dtype.startswith("bool") else round(chance.gauss(0, 2), 6)
    return [_array(shape[1:], dtype, chance) for _ in range(_ANY_SIZE if shape[0] == -1 else shape[0])]
