# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""One row per prediction, with typed columns: what went in, the features, what came out."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from boathouse.serving.capture.bodies import Rows, Table
from boathouse.serving.capture.contexts import KnownEndpoint
from boathouse.serving.capture.layout import FEATURE, FEATURE_TIME, IN, OUT, column_name
from boathouse.serving.capture.masking import Masks
from boathouse.serving.capture.model_facts import ModelFacts
from boathouse.serving.capture.runs import Repeated, columns_of_numbers, plain
from boathouse.serving.capture.taken_apart import Columns, Read, common_columns


def add_predictions(made: Columns, endpoint: KnownEndpoint, read: Sequence[Read], masks: Masks) -> None:
    """Add the rows of answered requests; those that look alike together."""
    alike: dict[object, list[tuple[Read, Rows]]] = defaultdict(list)
    for each in read:
        if each.rows is not None and each.rows.count:
            alike[id(each.facts), each.rows.form].append((each, each.rows))
    for group in alike.values():
        _add(made, endpoint, group, masks)


def _add(made: Columns, endpoint: KnownEndpoint, group: Sequence[tuple[Read, Rows]], masks: Masks) -> None:
    counts = [rows.count for _, rows in group]
    total = sum(counts)
    values: dict[str, Sequence[Any] | np.ndarray] = {}
    for name, column in common_columns(endpoint, [each for each, _ in group]).items():
        values[name] = column if total == len(group) else Repeated(column, counts)
    values["row_number"] = list(chain.from_iterable(map(range, counts)))
    facts = group[0][0].facts
    parts = (
        (IN, [rows.inputs for _, rows in group]),
        (FEATURE, [rows.features for _, rows in group]),
        (FEATURE_TIME, [rows.times for _, rows in group]),
        (OUT, [rows.outputs for _, rows in group]),
    )
    for prefix, tables in parts:
        for name, column in _columns(tables).items():
            given = column if prefix == FEATURE_TIME else _masked(name, column, endpoint.masked_columns, masks)
            full = column_name(prefix, name)
            values[full] = given
            if full not in made.declared and (kind := _declared(prefix, name, given, facts)) is not None:
                made.declared[full] = kind
    made.add(values, total)


def _masked(
    name: str, column: Sequence[Any] | np.ndarray, masked: Collection[str], masks: Masks
) -> Sequence[Any] | np.ndarray:
    """A column without what nobody shall see, which may lie within its values too."""
    if name in masked:
        return [masks.of(value) for value in plain(column)]
    if not masked or isinstance(column, np.ndarray) or not any(isinstance(value, dict | list) for value in column):
        return column
    return [masks.within(value, masked) for value in column]


def _columns(tables: Sequence[Table]) -> dict[str, Sequence[Any] | np.ndarray]:
    """The rows of many requests with the same names, column by column."""
    names = tables[0][0]
    if not names:
        return {}
    numbers = columns_of_numbers([rows for _, rows in tables])
    if numbers is not None:
        return dict(zip(names, numbers, strict=True))
    rows = chain.from_iterable(plain(rows) for _, rows in tables)
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _declared(prefix: str, name: str, values: Any, facts: ModelFacts) -> pa.DataType | None:
    """The type that the model declares; whole numbers beside its inputs are keys."""
    if prefix == FEATURE_TIME:
        return pa.timestamp("us", "UTC")
    if prefix == OUT:
        return None
    if name in facts.types:
        return facts.types[name]
    is_key = facts.has_signature and set(map(type, plain(values))) <= {int, type(None)}
    return pa.int64() if is_key else None
