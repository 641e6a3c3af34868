# pyright: reportUnknownParameterType=false
"""Aggregates of one's own, computed from the rows of some windows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from boathouse.foundation.errors import BoathouseError
from boathouse.lake import EngineQuery
from boathouse.lake.engine import Engine
from boathouse.lake.schema import identifier
from boathouse.monitoring.metrics.custom import Aggregate
from boathouse.monitoring.metrics.profile_rows import PlaceKey
from boathouse.monitoring.refreshing.labels import Answers, known_labels
from boathouse.monitoring.refreshing.stretches import Stretch
from boathouse.quality.profiles.nouns import ALL_MODELS
from boathouse.quality.profiles.rows_sql import MODEL, WINDOW, RowsAsked
from boathouse.quality.profiles.windows import granularity

Found = dict[PlaceKey, dict[str, dict[str, Any]]]
"""By window, slice and model: by column, the value of each metric."""
_GROUPS = "__groups"


def aggregate(
    engine: Engine, answers: Answers, asked: RowsAsked, wanted: Sequence[Aggregate], stretch: Stretch | None,
    instant: datetime | None, notes: list[str],
) -> Found:  # fmt: skip
    """The aggregates of a stretch's windows, or of a whole table at an instant. One that cannot be computed is noted,
    and the others are computed all the same."""
    if not wanted:
        return {}
    try:
        return _aggregate(engine, answers, asked, wanted, stretch, instant)
    except BoathouseError as error:
        if len(wanted) == 1:
            note = f"The metric {wanted[0].name} of {wanted[0].column} could not be computed: {error.message}"
            if note not in notes:
                notes.append(note)
            return {}
    found: Found = {}
    for each in wanted:
        for key, columns in aggregate(engine, answers, asked, [each], stretch, instant, notes).items():
            for column, values in columns.items():
                found.setdefault(key, {}).setdefault(column, {}).update(values)
    return found


def _aggregate(
    engine: Engine, answers: Answers, asked: RowsAsked, wanted: Sequence[Aggregate], stretch: Stretch | None,
    instant: datetime | None,
) -> Found:  # fmt: skip
    if stretch is not None:
        asked = replace(asked, between=(stretch.start, stretch.end))
    windows = _windows(asked, stretch)
    keys = ["__start", *([MODEL] if asked.model else []), *asked.slice_keys]
    snapshots = {"scanned": answers.table}
    if answers.labels is not None and _joins(answers):
        snapshots["labels"] = answers.labels
    query = EngineQuery(_text(answers, asked, wanted, keys), snapshots=snapshots, arrow={"windows": windows})
    found: Found = {}
    for row in engine.run(query).arrow().to_pylist():
        place = _place(row, asked, keys, stretch, instant)
        if place is None:
            continue
        columns = found.setdefault(place, {})
        for number, each in enumerate(wanted):
            columns.setdefault(each.column, {})[each.name] = row[f"a{number}"]
    return found


def _text(answers: Answers, asked: RowsAsked, wanted: Sequence[Aggregate], keys: Sequence[str]) -> str:
    first = list(keys[:1])
    models = [[], [MODEL]] if asked.model else [[]]
    slices = [[], *([each] for each in asked.slice_keys)]
    sets = ", ".join(f"({', '.join([*first, *model, *each])})" for model in models for each in slices)
    shown = [*keys, f"grouping_id({', '.join(keys)}) AS {_GROUPS}"]
    shown += [f"({each.sql}) AS a{number}" for number, each in enumerate(wanted)]
    computed = {**asked.keys, **asked.slice_keys} or {"__one": "1"}
    inner = f"SELECT *, {', '.join(f'{sql} AS {name}' for name, sql in computed.items())} FROM {_source(answers)}"
    rows = f"SELECT * FROM ({inner}{asked.where}) AS rows"
    joined = f"JOIN windows ON rows.{WINDOW} = windows.__number" if asked.time is not None else "CROSS JOIN windows"
    return f"SELECT {', '.join(shown)} FROM ({rows}) AS rows {joined} GROUP BY GROUPING SETS ({sets})"


def _joins(answers: Answers) -> bool:
    late = answers.settings.extras.late_labels
    if late is None or answers.labels is None:
        return False
    return late.label_col.lower() not in {name.lower() for name in answers.table.fields}


def _source(answers: Answers) -> str:
    late = answers.settings.extras.late_labels
    if late is None or answers.labels is None or not _joins(answers):
        return "scanned"
    known, condition = known_labels(answers.table, answers.labels, late)
    labelled = f"SELECT __key, __label AS {identifier(late.label_col)} FROM {known}"
    return f"scanned LEFT JOIN ({labelled}) AS __known ON {condition}"


def _windows(asked: RowsAsked, stretch: Stretch | None) -> pa.Table:
    """Which shortest stretch belongs to which window, by the number of either."""
    numbers: list[int] = []
    starts: list[int] = []
    if stretch is None:
        numbers, starts = [0], [0]
    else:
        length = granularity(stretch.granularity)
        for place, start in enumerate(stretch.windows()):
            end = length.end_of(start)
            first = _number(start, asked.seconds)
            last = _number(end, asked.seconds)
            numbers += range(first, last)
            starts += [place] * (last - first)
    return pa.table({"__number": pa.array(numbers, pa.int64()), "__start": pa.array(starts, pa.int64())})


def _number(instant: datetime, seconds: int) -> int:
    """The number of the shortest stretch that begins at an instant (:func:`window_start` turned round)."""
    origin = datetime(1, 1, 1, tzinfo=instant.tzinfo)
    return int((instant - origin).total_seconds()) // seconds


def _place(
    row: Mapping[str, Any], asked: RowsAsked, keys: Sequence[str], stretch: Stretch | None, instant: datetime | None
) -> PlaceKey | None:
    present = ((1 << len(keys)) - 1) ^ int(row[_GROUPS])
    bits = {key for place, key in enumerate(keys) if present & (1 << (len(keys) - 1 - place))}
    model = None
    if asked.model is not None:
        model = row[MODEL] if MODEL in bits else ALL_MODELS
        if model is None:
            return None
    key = value = None
    for number, name in enumerate(asked.slice_keys):
        if name in bits:
            key, value = asked.slices[number].key, row[name]
            if value is None:
                return None
    if stretch is None:
        return None, instant, key, value, model
    return stretch.granularity, list(stretch.windows())[row["__start"]], key, value, model
