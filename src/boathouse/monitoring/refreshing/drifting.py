# pyright: reportUnknownParameterType=false
"""The third step of a refresh: each window that has changed, and the one after it, beside the window before and beside
the baseline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from boathouse.monitoring.metrics.custom import metrics_of, output_type, with_drift
from boathouse.monitoring.metrics.drift_rows import (
    BASELINE as OF_BASELINE,
)
from boathouse.monitoring.metrics.drift_rows import (
    CONSECUTIVE,
    Pair,
    drift_rows,
    drift_schema,
)
from boathouse.monitoring.metrics.profile_rows import PlaceKey, model_column, place_of
from boathouse.monitoring.monitors.refreshes import Work
from boathouse.monitoring.monitors.settings import MetricType, MonitorSettings
from boathouse.monitoring.refreshing.profiling import Columns
from boathouse.monitoring.refreshing.stretches import Stretch, stretches_of
from boathouse.monitoring.refreshing.tables import BASELINE, INPUT, QUALITY_COLUMN, stored_rows
from boathouse.quality.profiles.windows import granularity
from boathouse.session import Session

WINDOWS_AT_ONCE = 50
_MOMENT = timedelta(microseconds=1)
_PLAIN = (pa.float64(), pa.int64(), pa.string(), pa.bool_())
SliceKey = tuple[str | None, str | None]
Metrics = Mapping[tuple[PlaceKey, str], Mapping[str, Any]]


@dataclass(slots=True)
class Drifts:
    """Computes rows of the drift table."""

    session: Session
    work: Work
    profile_schema: pa.Schema
    baseline: dict[SliceKey, Columns] = field(default_factory=dict[SliceKey, Columns])
    baseline_metrics: dict[SliceKey, dict[str, Mapping[str, Any]]] = field(
        default_factory=dict[SliceKey, dict[str, Mapping[str, Any]]]
    )

    def __post_init__(self) -> None:
        for row in self._rows(f"log_type = '{BASELINE}'"):
            self.baseline.setdefault((row["slice_key"], row["slice_value"]), {})[row["column_name"]] = row
        for (place, column), metrics in self._metrics(f"log_type = '{BASELINE}'").items():
            self.baseline_metrics.setdefault((place[2], place[3]), {})[column] = metrics

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
                places = self._by_place(condition)
                previous = {length.end_of(start): start for start in [before, *part.windows()]}
                yield self._table(places, part.start, previous, self._metrics(condition))

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
        places = self._by_place(condition)
        yield self._table(places, instant, {} if last is None else {instant: last}, self._metrics(condition))

    # --- within

    def _table(
        self, places: Mapping[PlaceKey, Columns], first: datetime, previous: Mapping[datetime, datetime],
        metrics: Metrics,
    ) -> pa.Table:  # fmt: skip
        settings = self.work.monitor.settings
        rows: list[dict[str, Any]] = []
        ours: list[Mapping[str, Any]] = []
        theirs: list[Mapping[str, Any]] = []
        for place, columns in places.items():
            text, start, key, value, model = place
            if start is None or start < first:
                continue
            before = (text, previous.get(start), key, value, model)
            pairs: list[tuple[Pair, Mapping[str, Mapping[str, Any]]]] = []
            if before in places:
                found = {name: metrics.get((before, name), {}) for name in columns}
                pairs.append((Pair(CONSECUTIVE, columns, places[before]), found))
            if (key, value) in self.baseline:
                of_slice = self.baseline[key, value]
                pairs.append((Pair(OF_BASELINE, columns, of_slice), self.baseline_metrics.get((key, value), {})))
            for pair, other in pairs:
                for row in drift_rows(pair, settings):
                    rows.append(row)
                    ours.append(metrics.get((place, row["column_name"]), {}))
                    theirs.append(other.get(row["column_name"], {}))
        table = pa.Table.from_pylist(rows, schema=self.schema)
        return with_drift(self.session.engine, table, ours, theirs, self._kinds(), settings)

    def _by_place(self, condition: str) -> dict[PlaceKey, Columns]:
        found: dict[PlaceKey, Columns] = {}
        for row in self._rows(condition):
            found.setdefault(place_of(row), {})[row["column_name"]] = row
        return found

    def _rows(self, condition: str) -> list[dict[str, Any]]:
        wanted = f"{condition} AND column_name <> '{QUALITY_COLUMN}'"
        return stored_rows(self.session, self.work.monitor, wanted).to_pylist()

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
