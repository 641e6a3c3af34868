# pyright: reportUnknownParameterType=false
"""The second step of a refresh: the rows of the profile table, from the summaries of the windows that have changed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from boathouse.lake.snapshots import Snapshot
from boathouse.monitoring.metrics.custom import aggregates_of, metrics_of, output_type, with_derived
from boathouse.monitoring.metrics.profile_rows import (
    PlaceKey,
    filled_columns,
    place_of,
    profile_row,
    profile_schema,
)
from boathouse.monitoring.metrics.quality import fairness_of, quality_of
from boathouse.monitoring.metrics.quality_counts import QualityCounts
from boathouse.monitoring.monitors.refreshes import Work
from boathouse.monitoring.monitors.settings import TABLE, MetricType, MonitorSettings, ProblemType
from boathouse.monitoring.refreshing.aggregating import Found, aggregate
from boathouse.monitoring.refreshing.changes import Sources, column_named, rows_asked
from boathouse.monitoring.refreshing.labels import Answers
from boathouse.monitoring.refreshing.stretches import Stretch, stretches_of
from boathouse.monitoring.refreshing.tables import BASELINE, INPUT, QUALITY_COLUMN, stored_rows
from boathouse.quality.profiles.nouns import Summary
from boathouse.quality.profiles.rows_sql import RowsAsked
from boathouse.quality.profiles.slicing import BadSlice, Slice, read_slice
from boathouse.session import Session

WINDOWS_AT_ONCE = 50
Columns = dict[str, Summary]
ByPlace = dict[PlaceKey, Columns]


def custom_columns(settings: MonitorSettings) -> dict[str, pa.DataType]:
    """The columns of the profile table that the monitor's own metrics have."""
    return {each.name: output_type(each) for each in metrics_of(settings, MetricType.AGGREGATE, MetricType.DERIVED)}


@dataclass(slots=True)
class Profiles:
    """Computes rows of the profile table."""

    session: Session
    work: Work
    sources: Sources
    notes: list[str] = field(default_factory=list[str])

    @property
    def schema(self) -> pa.Schema:
        settings = self.work.monitor.settings
        return profile_schema(settings, custom_columns(settings))

    def of_windows(self, stretches: list[Stretch]) -> Iterator[pa.Table]:
        """The rows of these windows, a part after the other."""
        for each in stretches:
            for part in stretches_of(each.granularity, each.windows(), most_windows=WINDOWS_AT_ONCE):
                rows = self._stored(f"log_type = '{INPUT}' AND {part.sql}")
                found = self._aggregated(self.sources.table, part, None)
                yield self._table(rows, found)

    def of_table(self, instant: datetime) -> Iterator[pa.Table]:
        """The rows of a snapshot."""
        text = instant.isoformat()
        rows = self._stored(f"log_type = '{INPUT}' AND granularity IS NULL AND window_start = TIMESTAMP '{text}'")
        yield self._table(rows, self._aggregated(self.sources.table, None, instant))

    def of_baseline(self, baseline: Snapshot, instant: datetime) -> Iterator[pa.Table]:
        """The rows of the baseline."""
        rows = self._stored(f"log_type = '{BASELINE}'")
        yield self._table(rows, self._aggregated(baseline, None, instant))

    # --- within

    def _stored(self, condition: str) -> ByPlace:
        found: ByPlace = {}
        for row in stored_rows(self.session, self.work.monitor, condition).to_pylist():
            found.setdefault(place_of(row), {})[row["column_name"]] = row
        return found

    def _table(self, places: ByPlace, custom: Found) -> pa.Table:
        settings = self.work.monitor.settings
        counts = {place: _counts(columns) for place, columns in places.items()}
        rows: list[dict[str, Any]] = []
        for place, columns in places.items():
            own = custom.get(place, {})
            lowered = {name.lower(): values for name, values in own.items()}
            for name, summary in columns.items():
                if name == QUALITY_COLUMN:
                    continue
                row = profile_row(summary, settings) | lowered.get(name.lower(), {})
                if name == TABLE:
                    kept = {each: columns[each] for each in columns if each != QUALITY_COLUMN}
                    row["non_null_columns"] = sorted(filled_columns(kept))
                    row |= _quality(settings, place, counts)
                rows.append(row)
        table = pa.Table.from_pylist(rows, schema=self.schema)
        return with_derived(self.session.engine, table, settings)

    def _aggregated(self, snapshot: Snapshot, stretch: Stretch | None, instant: datetime | None) -> Found:
        settings = self.work.monitor.settings
        wanted = aggregates_of(settings)
        if not wanted:
            return {}
        names = list(snapshot.fields)
        slices = tuple(_fitting(settings.slices, names))
        if stretch is None:
            is_input = snapshot is self.sources.table
            model = settings.model_id if is_input else None
            asked = RowsAsked(model=None if model is None else column_named(snapshot, model), slices=slices)
        else:
            known = rows_asked(self.work, snapshot)
            model = settings.model_id
            asked = RowsAsked(
                known.time, known.time_type, known.seconds,
                None if model is None else column_named(snapshot, model), slices,
            )  # fmt: skip
        answers = Answers(settings, snapshot, self.sources.labels if snapshot is self.sources.table else None)
        return aggregate(self.session.engine, answers, asked, wanted, stretch, instant, self.notes)


def _counts(columns: Columns) -> QualityCounts | None:
    row = columns.get(QUALITY_COLUMN)
    return None if row is None else QualityCounts.from_json(orjson.loads(row["quality"]))


def _quality(
    settings: MonitorSettings, place: PlaceKey, counts: dict[PlaceKey, QualityCounts | None]
) -> dict[str, Any]:
    """Quality of the answers of a window, and of the slice of a condition how it fares beside everybody else."""
    log = settings.inference_log
    if log is None:
        return {}
    own = counts.get(place)
    if own is None:
        has_labels = log.label_col is not None or settings.extras.late_labels is not None
        return {"labelled_count": 0} if has_labels else {}
    found = quality_of(own, log.problem_type)
    text, start, key, value, model = place
    others = counts.get((text, start, key, "false", model)) if value == "true" else None
    if others is not None and log.problem_type is ProblemType.CLASSIFICATION:
        found |= fairness_of(own, others)
    return found


def _fitting(texts: tuple[str, ...], names: list[str]) -> Iterator[Slice]:
    for text in texts:
        try:
            yield read_slice(text, names)
        except BadSlice:
            continue
