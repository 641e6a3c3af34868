# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""The third step of a refresh: each window that has changed, and the one after it, beside the window before and beside
the baseline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.monitoring.metrics.custom import metrics_of, output_type, with_drift
from boathouse.monitoring.metrics.drift_rows import (
    BASELINE as OF_BASELINE,
)
from boathouse.monitoring.metrics.drift_rows import (
    CONSECUTIVE,
    Pairs,
    drift_rows,
    drift_schema,
)
from boathouse.monitoring.metrics.profile_rows import PlaceKey, model_column, place_numbers, places_of
from boathouse.monitoring.monitors.settings import MetricType, MonitorSettings
from boathouse.monitoring.monitors.work import Work
from boathouse.monitoring.refreshing.stretches import Stretch, stretches_of
from boathouse.monitoring.refreshing.tables import BASELINE, INPUT, QUALITY_COLUMN, READ, stored_rows
from boathouse.quality.profiles.windows import granularity
from boathouse.session import Session

WINDOWS_AT_ONCE = 50
_MOMENT = timedelta(microseconds=1)
_PLAIN = (pa.float64(), pa.int64(), pa.string(), pa.bool_())
_SLICE = ("slice_key", "slice_value")
SliceKey = tuple[str | None, str | None]
Metrics = Mapping[tuple[PlaceKey, str], Mapping[str, Any]]


@dataclass(slots=True)
class Drifts:
    """Computes rows of the drift table."""

    session: Session
    work: Work
    profile_schema: pa.Schema
    baseline: pa.Table = field(init=False)
    baseline_metrics: dict[tuple[SliceKey, str], Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        condition = f"log_type = '{BASELINE}'"
        self.baseline = self._rows(condition)
        self.baseline_metrics = {
            ((place[2], place[3]), column): metrics for (place, column), metrics in self._metrics(condition).items()
        }

    @property
    def schema(self) -> pa.Schema:
        settings = self.work.monitor.settings
        return drift_schema(settings, {each.name: output_type(each) for each in metrics_of(settings, MetricType.DRIFT)})

    def of_windows(self, stretches: list[Stretch]) -> Iterator[pa.Table]:
        """The rows of these windows; the one before each stretch is read along."""
        for each in stretches:
            length = granularity(each.granularity)
            for part in stretches_of(each.granularity, each.windows(), most_windows=WINDOWS_AT_ONCE):
                before = length.start_of(part.start - _MOMENT)
                condition = f"log_type = '{INPUT}' AND {Stretch(part.granularity, before, part.end).sql}"
                previous = {length.end_of(start): start for start in [before, *part.windows()]}
                yield self._table(self._rows(condition), part.start, previous, self._metrics(condition))

    def of_table(self, instant: datetime) -> Iterator[pa.Table]:
        """The rows of a snapshot, beside the one before it."""
        name = self.work.monitor.summary_table.quoted()
        of_snapshots = f"log_type = '{INPUT}' AND granularity IS NULL"
        text = instant.isoformat()
        query = f"SELECT max(window_start) AS m FROM {name} WHERE {of_snapshots} AND window_start < TIMESTAMP '{text}'"
        last = self.session.sql(query).arrow().column("m")[0].as_py()
        wanted = [text] if last is None else [text, last.isoformat()]
        times = ", ".join(f"TIMESTAMP '{each}'" for each in wanted)
        condition = f"{of_snapshots} AND window_start IN ({times})"
        previous = {} if last is None else {instant: last}
        yield self._table(self._rows(condition), instant, previous, self._metrics(condition))

    # --- within

    def _table(
        self, rows: pa.Table, first: datetime, previous: Mapping[datetime, datetime], metrics: Metrics
    ) -> pa.Table:
        settings, schema = self.work.monitor.settings, self.schema
        if not rows.num_rows:
            return schema.empty_table()
        summaries = pa.concat_tables([rows, self.baseline]).combine_chunks()
        pairs = [_with_previous(summaries, rows.num_rows, first, previous)]
        pairs += [_with_baseline(summaries, rows.num_rows, first)]
        table = pa.concat_tables([drift_rows(summaries, each, settings, schema) for each in pairs]).combine_chunks()
        if not metrics_of(settings, MetricType.DRIFT):
            return table
        places, names = places_of(summaries), summaries.column("column_name").to_pylist()
        ours = [metrics.get((places[row], names[row]), {}) for each in pairs for row in each.rows]
        theirs = [metrics.get((places[row], names[row]), {}) for row in pairs[0].references]
        theirs += [self.baseline_metrics.get((places[row][2:4], names[row]), {}) for row in pairs[1].references]
        return with_drift(self.session.engine, table, ours, theirs, self._kinds(), settings)

    def _rows(self, condition: str) -> pa.Table:
        wanted = f"{condition} AND column_name <> '{QUALITY_COLUMN}'"
        return stored_rows(self.session, self.work.monitor, wanted, READ)

    def _kinds(self) -> dict[str, pa.DataType]:
        """The metrics that can be compared: plain columns of the profile."""
        return {each.name: each.type for each in self.profile_schema if each.type in _PLAIN}

    def _metrics(self, condition: str) -> dict[tuple[PlaceKey, str], Mapping[str, Any]]:
        """Rows of the profile, for metrics that compare them."""
        settings: MonitorSettings = self.work.monitor.settings
        if not metrics_of(settings, MetricType.DRIFT):
            return {}
        model = model_column(settings)
        found: dict[tuple[PlaceKey, str], Mapping[str, Any]] = {}
        text = f"SELECT * FROM {self.work.monitor.profile_table.quoted()} WHERE {condition}"
        for row in self.session.sql(text).arrow().to_pylist():
            name = None if model is None else row[model]
            place = (row["granularity"], row["window_start"], row["slice_key"], row["slice_value"], name)
            found[place, row["column_name"]] = row
        return found


def _with_previous(summaries: pa.Table, count: int, first: datetime, previous: Mapping[datetime, datetime]) -> Pairs:
    """Of the first rows those from an instant on, each beside the same column of the window before."""
    rows = summaries.slice(0, count)
    encoded = rows.column("window_start").combine_chunks().dictionary_encode()
    starts, windows = encoded.dictionary.to_pylist(), np.asarray(encoded.indices)
    columns = place_numbers(rows, (*_SLICE, "model_id", "column_name"))
    # One line per window, and one more for windows that are not there.
    known = np.full((len(starts) + 1, columns.max() + 1), -1)
    known[windows, columns] = np.arange(count)
    numbers = {start: number for number, start in enumerate(starts)}
    before = np.array([numbers.get(previous[start], -1) if start in previous else -1 for start in starts])
    references = known[before[windows], columns]
    own = np.flatnonzero(_are_from(rows, first) & (references >= 0))
    return Pairs(CONSECUTIVE, own, references[own])


def _with_baseline(summaries: pa.Table, count: int, first: datetime) -> Pairs:
    """The same rows, each beside the same column of the baseline, which comes after them."""
    columns = place_numbers(summaries, (*_SLICE, "column_name"))
    known = np.full(columns.max() + 1, -1)
    known[columns[count:]] = np.arange(count, summaries.num_rows)
    references = known[columns[:count]]
    own = np.flatnonzero(_are_from(summaries.slice(0, count), first) & (references >= 0))
    return Pairs(OF_BASELINE, own, references[own])


def _are_from(rows: pa.Table, first: datetime) -> np.ndarray:
    starts = rows.column("window_start")
    return pc.greater_equal(starts, pa.scalar(first, starts.type)).to_numpy()
