# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The first reading of a table: keys and clocks, to find out which of its rows somebody gets."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from boathouse.features.clocks import microseconds
from boathouse.features.feature_spec import Lookup
from boathouse.features.point_in_time.gathering import ROW_BITS
from boathouse.features.point_in_time.instants import instants_of, present_in
from boathouse.features.point_in_time.labels import Labels, Search
from boathouse.features.point_in_time.nouns import Integers, Mask
from boathouse.features.point_in_time.slots import Slots, Values
from boathouse.features.tables.reading import RowGroup, RowGroups

BLOCK_ROWS = 1 << 17
"""Rows that are worked on at a time: what they need fits into a core's cache."""

FEW = 16
"""A spine with fewer rows than one in so many of a row group's reads the keys first, and mostly nothing else."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Which columns tell the time in one view of a table."""

    event: str | None
    """What decides among values; None where the last of the table does."""
    known: str | None
    """What decides among values of one event time; None where it goes with the event time."""
    is_awaited: bool
    """Whether a value counts only from its known time on."""
    lag: int
    """How long after its event a value is known, in microseconds."""

    @property
    def columns(self) -> list[str]:
        return [name for name in (self.event, self.known) if name is not None]


def clocks_of(lookup: Lookup, *, latest: bool) -> Clocks:
    """The clocks of a lookup, for what was known or for the latest values."""
    if lookup.event is None:
        # Without an event time all values are of one, and the latest known is the best.
        known = lookup.known.column if lookup.at is not None else None
        if latest and known is not None:
            return Clocks(None, known, is_awaited=False, lag=0)
        return Clocks(known, None, is_awaited=False, lag=0)
    lag = 0 if latest else microseconds(lookup.known.lag)
    return Clocks(lookup.event, lookup.known.column, is_awaited=not latest, lag=lag)


class View:
    """The slots of one view of a table: what was known, or the latest values."""

    def __init__(self, labels: Labels, clocks: Clocks) -> None:
        self.labels, self.clocks = labels, clocks
        in_time = labels.at is not None and clocks.event is not None
        self._search = Search(labels, clocks.lag) if in_time else None
        self.slots = Slots(
            len(labels) if in_time else labels.keys.count,
            has_event=clocks.event is not None,
            has_known=clocks.known is not None,
        )

    def put(self, key: Integers, clocks: dict[str, Integers], place: Integers) -> None:
        """Let rows of the table compete, given the numbers of their keys."""
        event = None if self.clocks.event is None else clocks[self.clocks.event]
        known = None if self.clocks.known is None else clocks[self.clocks.known]
        slot = key
        if self._search is not None and event is not None:
            since = np.maximum(event, known) if known is not None and self.clocks.is_awaited else event
            slot = self._search.slots(key, since)
        values = Values(slot, event, known, place)
        rows = np.flatnonzero(slot >= 0)
        if len(rows):
            self.slots.put(values.at(rows) if len(rows) < len(slot) else values)


def scan(groups: RowGroups, key_columns: Sequence[str], views: Sequence[View], executor: Executor) -> None:
    """Let all rows compete in all views."""
    tasks = [
        executor.submit(_scan_part, part, number << ROW_BITS, key_columns, views)
        for number, part in enumerate(groups.parts)
    ]
    for task in tasks:
        task.result()


def _scan_part(part: RowGroup, place: int, key_columns: Sequence[str], views: Sequence[View]) -> None:
    columns = list(dict.fromkeys(name for view in views for name in view.clocks.columns))
    labels = views[0].labels
    if columns and FEW * len(labels) < part.rows:
        _scan_few(part, place, key_columns, columns, views)
        return
    for first, batch in part.batches(list(dict.fromkeys([*key_columns, *columns]))):
        for start in range(0, batch.num_rows, BLOCK_ROWS):
            block = batch.slice(start, BLOCK_ROWS)
            key = labels.keys.find([block.column(name) for name in key_columns])
            _put(views, key, block, place + first + start)


def _scan_few(
    part: RowGroup, place: int, key_columns: Sequence[str], columns: list[str], views: Sequence[View]
) -> None:
    keys = views[0].labels.keys
    found = [
        (first, keys.find([batch.column(name) for name in key_columns])) for first, batch in part.batches(key_columns)
    ]
    rows = np.concatenate([first + np.flatnonzero(key >= 0) for first, key in found])
    if len(rows) == 0:
        return
    key = np.concatenate([key[key >= 0] for _, key in found])
    for first, batch in part.batches(columns):
        start, end = np.searchsorted(rows, [first, first + batch.num_rows])
        few = rows[start:end]
        _put(views, key[start:end], batch.take(pa.array(few - first)), few + place)


def _put(views: Sequence[View], key: Integers, block: pa.RecordBatch, place: Any) -> None:
    """Rows with their keys' numbers; their places, or that of the first of them."""
    columns = {name: block.column(name) for view in views for name in view.clocks.columns}
    wanted: Mask = key >= 0
    for column in columns.values():
        if (present := present_in(column)) is not None:
            wanted = wanted & present
    clocks = {name: instants_of(column) for name, column in columns.items()}
    rows = np.flatnonzero(wanted)
    if len(rows) < len(key):
        key = key.take(rows)
        clocks = {name: values.take(rows) for name, values in clocks.items()}
    places = rows + place if np.ndim(place) == 0 else place.take(rows)
    for view in views:
        view.put(key, clocks, places)
