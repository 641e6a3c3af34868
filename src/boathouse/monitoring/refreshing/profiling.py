# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""The second step of a refresh: the rows of the profile table, from the summaries of the windows that have changed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.lake.snapshots import Snapshot
from boathouse.monitoring.metrics.business import business_schema, cost_of, value_of
from boathouse.monitoring.metrics.custom import aggregates_of, metrics_of, output_type, with_derived
from boathouse.monitoring.metrics.profile_rows import (
    PlaceKey,
    filled_columns,
    place_numbers,
    places_of,
    profile_columns,
    profile_schema,
    rows_of,
)
from boathouse.monitoring.metrics.quality import QUALITY, fairness_of, quality_of
from boathouse.monitoring.metrics.quality_counts import QualityCounts
from boathouse.monitoring.monitors.settings import TABLE, MetricType, MonitorSettings, ProblemType, RunningCost
from boathouse.monitoring.monitors.work import Work
from boathouse.monitoring.refreshing.aggregating import Found, aggregate
from boathouse.monitoring.refreshing.changes import Sources, column_named, rows_asked
from boathouse.monitoring.refreshing.labels import Answers
from boathouse.monitoring.refreshing.stretches import Stretch, stretches_of
from boathouse.monitoring.refreshing.tables import BASELINE, INPUT, QUALITY_COLUMN, READ, stored_rows
from boathouse.quality.profiles.nouns import ALL_MODELS
from boathouse.quality.profiles.rows_sql import RowsAsked
from boathouse.quality.profiles.slicing import BadSlice, Slice, read_slice
from boathouse.session import Session

WINDOWS_AT_ONCE = 50


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
                yield self._table(rows, self._aggregated(self.sources.table, part, None))

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

    def _stored(self, condition: str) -> pa.Table:
        return stored_rows(self.session, self.work.monitor, condition, READ)

    def _table(self, stored: pa.Table, custom: Found) -> pa.Table:
        settings = self.work.monitor.settings
        is_quality = pc.equal(stored.column("column_name"), QUALITY_COLUMN)
        summaries = stored.filter(pc.invert(is_quality))
        found = profile_columns(summaries, settings)
        is_table = pc.equal(summaries.column("column_name"), TABLE).to_numpy()
        numbers = place_numbers(summaries)
        filled = filled_columns(summaries, numbers)
        of_tables = [
            sorted(filled[number]) if is_whole else None
            for number, is_whole in zip(numbers.tolist(), is_table.tolist(), strict=True)
        ]
        found["non_null_columns"] = pa.array(of_tables, pa.list_(pa.string()))
        found |= self._quality(summaries, np.flatnonzero(is_table), _counts(stored.filter(is_quality)))
        if custom:
            found |= _custom(summaries, custom, custom_columns(settings))
        return with_derived(self.session.engine, rows_of(found, summaries.num_rows, self.schema), settings)

    def _quality(
        self, summaries: pa.Table, of_tables: np.ndarray, counts: dict[PlaceKey, QualityCounts]
    ) -> dict[str, Any]:
        """The columns of quality and of money, filled in rows of the whole table."""
        settings = self.work.monitor.settings
        if settings.inference_log is None:
            return {}
        tables = summaries.take(pa.array(of_tables))
        rows = [_quality_at(settings, place, counts) for place in places_of(tables)]
        if (cost := settings.extras.running_cost) is not None:
            rows = [row | paid for row, paid in zip(rows, _costs(tables, cost), strict=True)]
        schema = pa.schema([*QUALITY, *business_schema(settings.extras)])
        found = pa.Table.from_pylist(rows, schema=schema)
        spread = np.full(summaries.num_rows, -1)
        spread[of_tables] = np.arange(len(of_tables))
        spread_out = found.take(pa.array(spread, mask=spread < 0))
        return {name: spread_out.column(name) for name in schema.names}

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


def _counts(rows: pa.Table) -> dict[PlaceKey, QualityCounts]:
    texts = rows.column("quality").to_pylist()
    return {
        place: QualityCounts.from_json(orjson.loads(text)) for place, text in zip(places_of(rows), texts, strict=True)
    }


def _custom(summaries: pa.Table, custom: Found, kinds: dict[str, pa.DataType]) -> dict[str, Any]:
    """The columns of the monitor's own aggregates."""
    lowered = {
        (place, name.lower()): values for place, columns in custom.items() for name, values in columns.items()
    }  # fmt: skip
    names = (each.lower() for each in summaries.column("column_name").to_pylist())
    rows = [lowered.get(each, {}) for each in zip(places_of(summaries), names, strict=True)]
    return {name: pa.array([row.get(name) for row in rows], kind) for name, kind in kinds.items()}


def _quality_at(settings: MonitorSettings, place: PlaceKey, counts: dict[PlaceKey, QualityCounts]) -> dict[str, Any]:
    """Quality of the answers of a window, and of the slice of a condition how it fares beside everybody else."""
    log = settings.inference_log
    assert log is not None
    own = counts.get(place)
    if own is None:
        has_labels = log.label_col is not None or settings.extras.late_labels is not None
        return {"labelled_count": 0} if has_labels else {}
    found = quality_of(own, log.problem_type)
    text, start, key, value, model = place
    others = counts.get((text, start, key, "false", model)) if value == "true" else None
    if others is not None and log.problem_type is ProblemType.CLASSIFICATION:
        found |= fairness_of(own, others)
    matrix = settings.extras.cost_matrix
    return found if matrix is None else found | value_of(own, matrix)


def _costs(tables: pa.Table, cost: RunningCost) -> list[dict[str, Any]]:
    """What the answers of each window, slice and model have cost; nothing is said of a baseline, which was not paid
    here."""
    wanted = ("granularity", "window_start", "window_end", "slice_key", "model_id", "count")
    rows = tables.select(wanted).to_pylist()
    totals = {
        (row["granularity"], row["window_start"]): row["count"]
        for row in rows
        if row["slice_key"] is None and row["model_id"] == ALL_MODELS
    }
    found: list[dict[str, Any]] = []
    for row in rows:
        length, of_all = row["window_end"] - row["window_start"], totals.get((row["granularity"], row["window_start"]))
        found.append(cost_of(cost, length, row["count"], of_all) if row["granularity"] and of_all else {})
    return found


def _fitting(texts: tuple[str, ...], names: list[str]) -> Iterator[Slice]:
    for text in texts:
        try:
            yield read_slice(text, names)
        except BadSlice:
            continue
