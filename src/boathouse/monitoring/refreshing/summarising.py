# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""The first step of a refresh: summaries of the windows that have changed. Rows are read for the shortest windows only;
longer ones are added up from summaries that are there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import datetime

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.lake.snapshots import Snapshot
from boathouse.monitoring.metrics.quality_counts import QualityCounts, added
from boathouse.monitoring.monitors.settings import MonitorSettings
from boathouse.monitoring.monitors.work import Work
from boathouse.monitoring.refreshing.changes import Sources, column_named, rows_asked
from boathouse.monitoring.refreshing.labels import Answers, CountKey, count_quality
from boathouse.monitoring.refreshing.stretches import Stretch, derived_from, stretches_of
from boathouse.monitoring.refreshing.tables import BASELINE, INPUT, QUALITY_COLUMN, STORED, stored_rows
from boathouse.quality.profiles import ScanPlan, SummariesDiffer, merged, scan_snapshot
from boathouse.quality.profiles.nouns import SUMMARIES
from boathouse.quality.profiles.rows_sql import RowsAsked
from boathouse.quality.profiles.slicing import BadSlice, Slice, read_slice
from boathouse.quality.profiles.windows import granularity
from boathouse.session import Session

WINDOWS_AT_ONCE = 200
"""So many windows are held in memory."""
_WIDE = 100_000
"""Summaries that are read at once, when longer windows are added up."""


@dataclass(slots=True)
class Summaries:
    """Computes the rows of a monitor's summaries; what it has learned of edges is kept for the next time."""

    session: Session
    work: Work
    sources: Sources
    edges: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    # --- what is computed

    def of_table(self, instant: datetime) -> Iterator[pa.Table]:
        """The table as it is now, for a snapshot."""
        plan = changed(self._plan(), instant=instant)
        yield self._stored(self._scanned(self.sources.table, plan), INPUT)

    def of_baseline(self, baseline: Snapshot, instant: datetime) -> Iterator[pa.Table]:
        """The baseline as one; slices of columns that it does not have are left out."""
        settings = self.work.monitor.settings
        columns = self._columns()
        names = {each.lower() for each in baseline.fields}
        wanted = None if columns is None else tuple(each for each in columns if each.lower() in names)
        slices = tuple(each for each in settings.slices if _fits(each, baseline))
        plan = ScanPlan(table=self.work.monitor.table, columns=wanted, slices=slices, edges=self.edges, instant=instant)
        yield self._stored(self._scanned(baseline, plan), BASELINE)
        answers = Answers(_without_late_labels(self.work), baseline)
        asked = RowsAsked(slices=tuple(read_slice(each, list(baseline.fields)) for each in slices))
        counts = count_quality(self.session.engine, answers, asked)
        if counts:
            yield self._counted(counts, [(None, instant, instant)], BASELINE)

    def of_windows(self, stretches: Mapping[str, Sequence[Stretch]]) -> Iterator[pa.Table]:
        """Windows that are scanned: a stretch after the other."""
        for text, each in stretches.items():
            for part in _parts(text, each):
                plan = changed(self._plan(), granularities=(text,), between=(part.start, part.end))
                rows = self._stored(self._scanned(self.sources.table, plan), INPUT)
                yield rows
                yield from self.quality([part])

    def longer_windows(self, stretches: Mapping[str, Sequence[Stretch]]) -> Iterator[pa.Table]:
        """Windows that are added up from shorter ones, which are stored."""
        made_of = derived_from(self.work.monitor.settings.granularities)
        for text, each in stretches.items():
            source = made_of[text]
            assert source is not None
            for stretch in each:
                for start in stretch.windows():
                    end = granularity(text).end_of(start)
                    parts = stored_rows(self.session, self.work.monitor, _condition(Stretch(source, start, end)))
                    if parts.num_rows:
                        yield from self._added_up(parts, text, start, end)

    def quality(self, stretches: Sequence[Stretch]) -> Iterator[pa.Table]:
        """Counts of answers and labels."""
        answers = Answers(self.work.monitor.settings, self.sources.table, self.sources.labels)
        if not answers.is_labelled:
            return
        for stretch in stretches:
            for part in _parts(stretch.granularity, [stretch]):
                asked = changed(
                    rows_asked(self.work, self.sources.table),
                    between=(part.start, part.end),
                    model=self._model(),
                    slices=self._slices(),
                )
                found = count_quality(self.session.engine, answers, asked)
                length = granularity(part.granularity)
                windows = [(part.granularity, start, length.end_of(start)) for start in part.windows()]
                if found:
                    yield self._counted(found, windows, INPUT)

    # --- within

    def _plan(self) -> ScanPlan:
        settings = self.work.monitor.settings
        return ScanPlan(
            table=self.work.monitor.table,
            columns=self._columns(),
            timestamp=settings.timestamp,
            granularities=settings.granularities,
            slices=settings.slices,
            model_id=settings.model_id,
            edges=self.edges,
        )

    def _columns(self) -> tuple[str, ...] | None:
        settings = self.work.monitor.settings
        if settings.extras.columns is None:
            return None
        log = settings.inference_log
        needed = [settings.timestamp, settings.model_id]
        needed += [log.prediction_col, log.label_col, log.prediction_proba_col] if log is not None else []
        names = [*settings.extras.columns, *(each for each in needed if each)]
        return tuple(dict.fromkeys(column_named(self.sources.table, each) for each in names))

    def _model(self) -> str | None:
        name = self.work.monitor.settings.model_id
        return None if name is None else column_named(self.sources.table, name)

    def _slices(self) -> tuple[Slice, ...]:
        names = list(self.sources.table.fields)
        return tuple(read_slice(each, names) for each in self.work.monitor.settings.slices)

    def _scanned(self, snapshot: Snapshot, plan: ScanPlan) -> pa.Table:
        rows = scan_snapshot(self.session.engine, snapshot, plan)
        for name, edges in _edges_in(rows).items():
            self.edges.setdefault(name, edges)
        return rows

    def _stored(self, rows: pa.Table, log_type: str) -> pa.Table:
        """Summaries with what is stored of where they come from."""
        count = rows.num_rows
        version = self.sources.table.version
        told = {
            "log_type": pa.array([log_type] * count, pa.string()),
            "quality": pa.nulls(count, pa.string()),
            "monitor_version": pa.array([self.work.monitor.version] * count, pa.int64()),
            "table_version": pa.array([version] * count, pa.int64()),
            "refresh_id": pa.array([self.work.refresh.refresh_id] * count, pa.int64()),
        }
        columns = {name: rows.column(name) for name in SUMMARIES.names} | told
        return pa.table({name: columns[name] for name in STORED.names}, schema=STORED)

    def _counted(
        self,
        counts: Mapping[CountKey, QualityCounts],
        windows: Sequence[tuple[str | None, datetime, datetime]],
        log_type: str,
    ) -> pa.Table:
        """Counts of the shortest stretches as those of windows."""
        gathered: dict[tuple[object, ...], list[QualityCounts]] = {}
        for key, each in counts.items():
            for text, start, end in windows:
                if key.start is None or start <= key.start < end:
                    place = (text, start, end, key.slice_key, key.slice_value, key.model)
                    gathered.setdefault(place, []).append(each)
                    break
        return self._quality_rows({key: added(parts) for key, parts in gathered.items()}, log_type)

    def _quality_rows(self, counts: Mapping[tuple[object, ...], QualityCounts], log_type: str) -> pa.Table:
        names = ("granularity", "window_start", "window_end", "slice_key", "slice_value", "model_id")
        rows = [
            {
                **dict(zip(names, key, strict=True)),
                "column_name": QUALITY_COLUMN,
                "count": each.labelled,
                "quality": orjson.dumps(each.to_json()).decode(),
                "log_type": log_type,
                "monitor_version": self.work.monitor.version,
                "table_version": self.sources.table.version,
                "refresh_id": self.work.refresh.refresh_id,
            }
            for key, each in counts.items()
        ]
        return pa.Table.from_pylist(rows, schema=STORED)

    def _added_up(self, parts: pa.Table, text: str, start: datetime, end: datetime) -> Iterator[pa.Table]:
        is_quality = pc.equal(parts.column("column_name"), QUALITY_COLUMN)
        for name, value in (("granularity", text), ("window_start", start), ("window_end", end)):
            place = parts.column_names.index(name)
            kind = parts.schema.field(name).type
            parts = parts.set_column(place, name, pa.array([value] * parts.num_rows, kind))
        yield self._stored(_merged(parts.filter(pc.invert(is_quality))), INPUT)
        gathered: dict[tuple[object, ...], list[QualityCounts]] = {}
        for row in parts.filter(is_quality).to_pylist():
            key = (text, start, end, row["slice_key"], row["slice_value"], row["model_id"])
            gathered.setdefault(key, []).append(QualityCounts.from_json(orjson.loads(row["quality"])))
        if gathered:
            yield self._quality_rows({key: added(each) for key, each in gathered.items()}, INPUT)


def _parts(text: str, stretches: Sequence[Stretch]) -> list[Stretch]:
    """The stretches, none with more windows than are held in memory."""
    return [
        part
        for each in stretches
        for part in stretches_of(text, each.windows(), most_windows=WINDOWS_AT_ONCE)
    ]  # fmt: skip


def _condition(stretch: Stretch) -> str:
    return f"log_type = '{INPUT}' AND {stretch.sql}"


def _merged(parts: pa.Table) -> pa.Table:
    """Summaries added up. Of a column that has changed its type or its edges meanwhile, only the latest count."""
    try:
        return merged(parts)
    except SummariesDiffer:
        latest = parts.sort_by([("table_version", "descending")])
        kept: dict[str, tuple[object, object]] = {}
        chosen: list[bool] = []
        for row in latest.select(["column_name", "data_type", "edges"]).to_pylist():
            key = (row["data_type"], row["edges"])
            chosen.append(kept.setdefault(row["column_name"], key) == key)
        return merged(latest.filter(pa.array(chosen, pa.bool_())))


def _edges_in(rows: pa.Table) -> dict[str, list[float]]:
    """The edges that columns have got."""
    known = rows.filter(pc.is_valid(rows.column("edges"))).select(["column_name", "edges"])
    found: dict[str, list[float]] = {}
    for name in pc.unique(known.column("column_name")).to_pylist():
        first = known.filter(pc.equal(known.column("column_name"), name)).slice(0, 1)
        found[name] = [float(each) for each in first.column("edges")[0].as_py()]
    return found


def _fits(text: str, snapshot: Snapshot) -> bool:
    try:
        read_slice(text, list(snapshot.fields))
    except BadSlice:
        return False
    return True


def _without_late_labels(work: Work) -> MonitorSettings:
    """A baseline brings its labels along."""
    settings = work.monitor.settings
    extras = settings.extras
    if extras.late_labels is None:
        return settings
    log = settings.inference_log
    assert log is not None
    label = log.label_col or extras.late_labels.label_col
    return settings.model_copy(
        update={
            "inference_log": log.model_copy(update={"label_col": label}),
            "boathouse": extras.model_copy(update={"late_labels": None}),
        }
    )
