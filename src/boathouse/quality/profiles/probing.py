# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""A look at some rows before all are read: which edges numbers get, and which texts have too many values to count."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from boathouse.lake.engine import Engine, EngineQuery
from boathouse.lake.schema import identifier
from boathouse.lake.snapshots import Snapshot
from boathouse.quality.profiles.columns import LARGEST, MOST_ITEMS, Family, ScannedColumn
from boathouse.quality.profiles.edges import edges_of
from boathouse.quality.profiles.rows_sql import RowsAsked

SAMPLED_ROWS = 60_000
_FILES = 12
"""From the heads of so many files, if there are."""
_MANY = 0.3
"""Texts of which so large a share of a sample differ are not grouped by value: there may be as many as rows."""
_COMMON = 0.005
"""Of those texts, values with so large a share of the sample are counted all the same."""
_ENOUGH = 1000
"""Rows of a sample that say something about the share."""


def probed(
    engine: Engine, snapshot: Snapshot, asked: RowsAsked, columns: Sequence[ScannedColumn],
    known: Mapping[str, Sequence[float]],
) -> list[ScannedColumn]:  # fmt: skip
    """The columns with their edges and candidates: the edges that are known, or those of a sample."""
    given = [_with_edges(column, known.get(column.name)) for column in columns]
    unknown = [column for column in given if _needs_look(column)]
    if not unknown:
        return given
    found = pa.concat_tables(_samples(engine, snapshot, asked, unknown))
    seen = {column.name: _seen(column, found.column(place)) for place, column in enumerate(unknown)}
    return [seen.get(column.name, column) for column in given]


def spread_edges(
    engine: Engine, snapshot: Snapshot, asked: RowsAsked, columns: Sequence[ScannedColumn]
) -> list[ScannedColumn]:
    """The columns with edges of rows from all over the table, which takes a reading of these columns."""
    shown = ", ".join(f"{column.raw} AS c{place}" for place, column in enumerate(columns))
    rows = f"SELECT {shown} FROM scanned{asked.where}"
    text = f"SELECT * FROM ({rows}) USING SAMPLE reservoir({SAMPLED_ROWS} ROWS) REPEATABLE (7)"
    found = engine.run(EngineQuery(text, snapshots={"scanned": snapshot})).arrow()
    return [_seen(column, found.column(place)) for place, column in enumerate(columns)]


def _with_edges(column: ScannedColumn, edges: Sequence[float] | None) -> ScannedColumn:
    if column.family is not Family.NUMBER or not edges:
        return column
    return replace(column, edges=tuple(sorted({float(edge) + 0.0 for edge in edges})))


def _needs_look(column: ScannedColumn) -> bool:
    return (column.family is Family.NUMBER and column.edges is None) or column.family is Family.TEXT


def _samples(engine: Engine, snapshot: Snapshot, asked: RowsAsked, columns: Sequence[ScannedColumn]) -> list[pa.Table]:
    shown = ", ".join(f"{column.raw} AS {identifier(column.name)}" for column in columns)
    files = () if snapshot.needs_delta_reader or asked.between is not None else snapshot.files
    if len(files) < 2:
        return [_head(engine, snapshot, f"SELECT {shown} FROM scanned{asked.where} LIMIT {SAMPLED_ROWS}")]
    step = max(1, len(files) // _FILES)
    chosen = [files[place] for place in range(0, len(files), step)][:_FILES]
    text = f"SELECT {shown} FROM scanned{asked.where} LIMIT {SAMPLED_ROWS // len(chosen)}"
    return [_head(engine, snapshot.of_files([file]), text) for file in chosen]


def _head(engine: Engine, snapshot: Snapshot, text: str) -> pa.Table:
    return engine.run(EngineQuery(text, snapshots={"scanned": snapshot})).arrow()


def _seen(column: ScannedColumn, values: Any) -> ScannedColumn:
    present = values.drop_null()
    if column.family is Family.NUMBER:
        numbers = present.to_numpy()
        numbers = numbers[np.abs(numbers) < LARGEST]
        edges = edges_of(numbers)
        return column if edges is None else replace(column, edges=tuple(edges))
    if column.family is not Family.TEXT:
        return column
    counted = Counter[str](present.to_pylist())
    if len(present) < _ENOUGH or len(counted) < _MANY * len(present):
        return column
    common = [text for text, count in counted.most_common(MOST_ITEMS) if count >= _COMMON * len(present) and text]
    return replace(column, candidates=tuple(common))
