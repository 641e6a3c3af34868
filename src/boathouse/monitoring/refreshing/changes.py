# pyright: reportUnknownParameterType=false
"""Which windows have changed since the last refresh: those of the rows that came, went or changed, as the log of the
table tells, and those of the answers whose labels have come."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from boathouse.foundation.clock import epoch_ms, from_epoch_ms
from boathouse.foundation.errors import InvalidInput
from boathouse.lake import Commit, DamagedTable, EngineQuery
from boathouse.lake.change_feed import read_changes
from boathouse.lake.engine import Engine
from boathouse.lake.log import DeltaLog
from boathouse.lake.snapshots import Snapshot
from boathouse.monitoring.monitors.nouns import Span
from boathouse.monitoring.monitors.settings import LateLabels
from boathouse.monitoring.monitors.work import Work
from boathouse.monitoring.refreshing.labels import key_sql
from boathouse.monitoring.refreshing.stretches import windows_of
from boathouse.quality.profiles.rows_sql import WINDOW, RowsAsked, require_time, window_start
from boathouse.quality.profiles.windows import base_seconds, granularity

MOST_WINDOWS = 100_000
Starts = Mapping[str, frozenset[datetime]]


@dataclass(frozen=True, slots=True)
class Sources:
    """The tables that a refresh reads, each at one version."""

    engine: Engine
    table: Snapshot
    table_id: str
    labels: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What a refresh has to look at."""

    rows: Starts
    """Windows whose rows are others than before, by granularity."""
    labels: Starts = field(default_factory=dict[str, frozenset[datetime]])
    """Windows of which only labels have come."""
    is_everything: bool = False
    newest: int | None = None
    notes: tuple[str, ...] = ()
    """What people should know of it."""

    @property
    def count(self) -> int:
        return sum(len(each) for each in self.rows.values()) + sum(
            len(each - self.rows.get(text, frozenset())) for text, each in self.labels.items()
        )


def changed_windows(work: Work, sources: Sources, now: datetime) -> Changed:
    """The windows of a monitor with windows."""
    asked = rows_asked(work, sources.table)
    why = _why_everything(work, sources)
    if why is not None:
        return replace(_everything(work, sources, asked), notes=(why,) if why else ())
    notes, rows = list[str](), _of_changed_rows(work, sources, asked)
    if rows is None:
        return replace(_everything(work, sources, asked), notes=("The history of the table since then is gone.",))
    newest = _newest(rows, now, work.progress.newest)
    labels = _labelled(work, sources, asked, newest, notes)
    kept_rows, kept_labels = (_recent(work, instants, newest, notes) for instants in (rows, labels))
    if (span := work.refresh.backfill) is not None:
        kept_rows = [*kept_rows, *_within(sources, asked, span)]
    granularities = work.monitor.settings.granularities
    found = windows_of(granularities, kept_rows)
    if span is not None:
        found = {text: each | _all_of(text, span) for text, each in found.items()}
    return Changed(found, windows_of(granularities, kept_labels), newest=newest, notes=tuple(notes))


def rows_asked(work: Work, snapshot: Snapshot) -> RowsAsked:
    """The rows of the monitored table, by the shortest stretches that its windows are made of."""
    settings = work.monitor.settings
    if settings.timestamp is None:
        return RowsAsked()
    name = column_named(snapshot, settings.timestamp)
    require_time(name, snapshot.fields.get(name))
    seconds = base_seconds([granularity(each) for each in settings.granularities])
    return RowsAsked(name, snapshot.fields[name], seconds)


def column_named(snapshot: Snapshot, name: str) -> str:
    """A column as the table spells it."""
    return {each.lower(): each for each in snapshot.fields}.get(name.lower(), name)


def commits_since(snapshot: Snapshot, version: int | None) -> list[Commit] | None:
    """The commits after a version that changed rows; None when nobody can tell."""
    if version is None or version > snapshot.version or snapshot.needs_delta_reader:
        return None
    log, found = DeltaLog(snapshot.location), list[Commit]()
    for number in range(version + 1, snapshot.version + 1):
        commit = log.commit(number)
        if commit is None:
            return None
        if commit.changes_data:
            found.append(commit)
    return found


# --- within


def _why_everything(work: Work, sources: Sources) -> str | None:
    """Why all windows are computed anew; empty for the first time, None when they are not."""
    progress = work.progress
    if progress.table_version is None:
        return ""
    if work.refresh.is_full:
        return "Everything was computed anew, as asked."
    if progress.metrics_version != work.monitor.version:
        return "Everything was computed anew, since the monitor was changed."
    if progress.table_id != sources.table_id:
        return "Everything was computed anew, since another table has taken the name."
    return None


def _everything(work: Work, sources: Sources, asked: RowsAsked) -> Changed:
    instants = _instants(sources.engine, asked, snapshots={"scanned": sources.table})
    found = windows_of(work.monitor.settings.granularities, instants)
    newest = max(instants, default=None)
    return Changed(found, is_everything=True, newest=None if newest is None else epoch_ms(newest))


def _of_changed_rows(work: Work, sources: Sources, asked: RowsAsked) -> list[datetime] | None:
    """The instants of rows that came, went or changed; None when nobody can tell."""
    commits = commits_since(sources.table, work.progress.table_version)
    if not commits:
        return None if commits is None else []
    try:
        changes = read_changes(sources.table, commits, [asked.time or ""])
        return _instants(sources.engine, asked, arrow={"scanned": changes})
    except DamagedTable:  # the files of those commits have been vacuumed
        return None


def _labelled(work: Work, sources: Sources, asked: RowsAsked, newest: int | None, notes: list[str]) -> list[datetime]:
    """The instants of answers whose labels have come or changed."""
    late = work.monitor.settings.extras.late_labels
    if late is None or sources.labels is None or newest is None:
        return []
    keys = _changed_keys(sources, late, work.progress.labels_version)
    first = from_epoch_ms(newest) - timedelta(days=work.monitor.settings.extras.recompute_days + 1)
    recent = replace(asked, between=(first, datetime(9990, 1, 1, tzinfo=UTC)))
    if keys is None:
        return _instants(sources.engine, recent, snapshots={"scanned": sources.table})
    if not keys.num_rows:
        return []
    key, _ = key_sql(sources.table, sources.labels, late)
    text = (
        f"SELECT {recent.keys[WINDOW]} AS {WINDOW}, count(DISTINCT {key}) AS n FROM scanned"
        f"{recent.where} AND {key} IN (SELECT k FROM changed) GROUP BY 1"
    )
    query = EngineQuery(text, snapshots={"scanned": sources.table}, arrow={"changed": keys})
    found = sources.engine.run(query).arrow().to_pylist()
    unknown = keys.num_rows - sum(row["n"] for row in found)
    if unknown > 0:
        notes.append(f"{unknown} labels are for no answer that the table has since {first:%Y-%m-%d}.")
    return [window_start(row[WINDOW], recent.seconds) for row in found if row[WINDOW] is not None]


def _changed_keys(sources: Sources, late: LateLabels, version: int | None) -> pa.Table | None:
    """The answers whose labels have come or changed since a version; None when nobody can tell."""
    assert sources.labels is not None
    commits = commits_since(sources.labels, version)
    if commits is None:
        return None
    _, key = key_sql(sources.table, sources.labels, late)
    text = f"SELECT DISTINCT {key} AS k FROM labels WHERE {key} IS NOT NULL"
    try:
        changes = read_changes(sources.labels, commits, [column_named(sources.labels, late.key_of_label)])
        return sources.engine.run(EngineQuery(text, arrow={"labels": changes})).arrow()
    except DamagedTable:
        return None


def _instants(
    engine: Engine,
    asked: RowsAsked,
    *,
    snapshots: Mapping[str, Snapshot] | None = None,
    arrow: Mapping[str, Any] | None = None,
) -> list[datetime]:
    """When the rows are, by the shortest stretches."""
    text = f"SELECT DISTINCT {asked.keys[WINDOW]} AS {WINDOW} FROM scanned{asked.where}"
    found = engine.run(EngineQuery(text, snapshots=snapshots or {}, arrow=arrow or {})).arrow()
    numbers = found.column(WINDOW).to_pylist()
    return [window_start(number, asked.seconds) for number in numbers if number is not None]


def _within(sources: Sources, asked: RowsAsked, span: Span) -> list[datetime]:
    between = (from_epoch_ms(span.start), from_epoch_ms(span.end))
    return _instants(sources.engine, replace(asked, between=between), snapshots={"scanned": sources.table})


def _all_of(text: str, span: Span) -> frozenset[datetime]:
    """Every window of a stretch: those without rows, where there were some, are replaced by nothing."""
    length, last = granularity(text), from_epoch_ms(span.end)
    start, found = length.start_of(from_epoch_ms(span.start)), set[datetime]()
    while start < last:
        found.add(start)
        if len(found) > MOST_WINDOWS:
            raise InvalidInput(
                f"A backfill looks at {MOST_WINDOWS} windows at most; this stretch has more of {text}.",
                hint="Ask for less at once, or for everything: boathouse monitor refresh TABLE --full",
            )
        start = length.end_of(start)
    return frozenset(found)


def _newest(instants: Iterable[datetime], now: datetime, before: int | None) -> int | None:
    """The newest time so far; what lies in the future, by a clock that jumps, does not count."""
    known = [epoch_ms(each) for each in instants if each <= now]
    return max([*known, *([before] if before is not None else [])], default=None)


def _recent(work: Work, instants: Sequence[datetime], newest: int | None, notes: list[str]) -> list[datetime]:
    """Those that are not too long ago to be looked at again."""
    if newest is None:
        return list(instants)
    days = work.monitor.settings.extras.recompute_days
    first = from_epoch_ms(newest) - timedelta(days=days)
    kept = [each for each in instants if each >= first]
    if len(kept) < len(instants):
        oldest = min(instants)
        notes.append(
            f"Rows from before {first:%Y-%m-%d %H:%M} (since {oldest:%Y-%m-%d %H:%M}) came or changed, longer ago than "
            f"{days} days; their windows stay as they were until a backfill."
        )
    return kept
