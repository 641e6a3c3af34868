# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The first reading of a table: keys and clocks, to find out which of its rows somebody gets.

The parts with the latest events come first. A key whose labels have all got later events than a part holds is closed
for it, as is one whose labels are all before it: rows of closed keys are left out as soon as their keys are read.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from boathouse.features.clocks import microseconds
from boathouse.features.feature_spec import Lookup
from boathouse.features.point_in_time.instants import NEVER, as_instant, instants_of, present_in
from boathouse.features.point_in_time.keys import FindOpen
from boathouse.features.point_in_time.labels import Labels, Search
from boathouse.features.point_in_time.nouns import Integers, Mask, Span
from boathouse.features.point_in_time.slots import Slots, Values
from boathouse.features.tables.reading import RowGroup, RowGroups

BLOCK_ROWS = 1 << 17
"""Rows that are worked on at a time: what they need fits into a core's cache."""

FEW = 16
"""A spine with fewer rows than one in so many of a row group's reads the keys first, and mostly nothing else."""

SMALL = 8
"""A row group with fewer rows than one for so many keys is not worth finding out which keys still need any."""

ALL_TIME = Span(int(NEVER), int(np.iinfo(np.int64).max))


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
        self._is_asked = np.bincount(labels.key, minlength=labels.keys.count) > 0

    def open_keys(self, span: Span) -> Mask:
        """By key, whether it may need rows of a part; one more at the end, for rows that have no key."""
        is_open, events = self._is_asked, self.slots.event
        if events is not None:
            is_open = is_open & (events <= span.last if self._search is None else self._search.open_keys(events, span))
        return np.append(is_open, np.zeros(1, np.bool_))

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
    event = views[0].clocks.event
    parts = [
        _Part(group, place, _span(group, event)) for group, place in zip(groups.parts, groups.places, strict=False)
    ]
    parts.sort(key=lambda part: part.span.last, reverse=True)
    work = _Scan(key_columns, views)
    tasks = [executor.submit(work.scan, part) for part in parts]
    for task in tasks:
        task.result()


@dataclass(frozen=True, slots=True)
class _Part:
    group: RowGroup
    place: int
    """Where its rows begin in the table."""
    span: Span
    """The instants of its events, as far as its file tells."""


def _span(group: RowGroup, event: str | None) -> Span:
    bounds = None if event is None else group.bounds_of(event)
    return ALL_TIME if bounds is None else Span(as_instant(bounds[0]), as_instant(bounds[1]))


class _Scan:
    """How the parts of one table are read."""

    def __init__(self, key_columns: Sequence[str], views: Sequence[View]) -> None:
        self._key_columns, self._views = key_columns, views
        self._clock_columns = list(dict.fromkeys(name for view in views for name in view.clocks.columns))
        self._labels, self._keys = views[0].labels, views[0].labels.keys

    def scan(self, part: _Part) -> None:
        """Let the rows of a part compete."""
        if self._clock_columns and FEW * len(self._labels) < part.group.rows:
            self._scan_few(part)
            return
        find: FindOpen | None = None
        for first, batch in part.group.batches(list(dict.fromkeys([*self._key_columns, *self._clock_columns]))):
            find = find or self._finder(part)
            for start in range(0, batch.num_rows, BLOCK_ROWS):
                block = batch.slice(start, BLOCK_ROWS)
                rows, key = find(self._keys_in(block))
                self._put(key, block, rows, part.place + first + start)

    def _scan_few(self, part: _Part) -> None:
        """Read the keys first, and mostly nothing else."""
        find = self._finder(part)
        found = [(first, *find(self._keys_in(batch))) for first, batch in part.group.batches(self._key_columns)]
        rows = np.concatenate([first + rows for first, rows, _ in found])
        if len(rows) == 0:
            return
        key = np.concatenate([key for _, _, key in found])
        for first, batch in part.group.batches(self._clock_columns):
            start, end = np.searchsorted(rows, [first, first + batch.num_rows])
            self._put(key[start:end], batch, rows[start:end] - first, part.place + first)

    def _finder(self, part: _Part) -> FindOpen:
        """What finds the rows of a part that may be for somebody."""
        if SMALL * part.group.rows < self._keys.count:
            return self._find_any
        return self._keys.among(self._open_keys(part.span))

    @cached_property
    def _find_any(self) -> FindOpen:
        return self._keys.among(self._open_keys(ALL_TIME))

    def _open_keys(self, span: Span) -> Mask:
        return np.logical_or.reduce([view.open_keys(span) for view in self._views])

    def _keys_in(self, block: pa.RecordBatch) -> list[pa.Array]:
        return [block.column(name) for name in self._key_columns]

    def _put(self, key: Integers, block: pa.RecordBatch, rows: Integers, place: int) -> None:
        """Some rows of a block, the numbers of their keys, and the place of the block's first row."""
        columns = {name: block.column(name) for name in self._clock_columns}
        for column in columns.values():
            if (present := present_in(column)) is not None:
                kept = np.flatnonzero(present.take(rows))
                rows, key = rows.take(kept), key.take(kept)
        if len(rows) == 0:
            return
        clocks = {name: instants_of(column).take(rows) for name, column in columns.items()}
        for view in self._views:
            view.put(key, clocks, rows + place)
