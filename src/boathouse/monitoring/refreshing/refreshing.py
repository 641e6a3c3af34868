"""A refresh from beginning to end: what has changed, the summaries of that, the profile, the drift."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Denied, NotFound
from boathouse.foundation.names import TableName
from boathouse.monitoring.monitors.nouns import Progress
from boathouse.monitoring.monitors.work import Work
from boathouse.monitoring.refreshing import tables
from boathouse.monitoring.refreshing.changes import Changed, Sources, Starts, changed_windows, commits_since
from boathouse.monitoring.refreshing.drifting import Drifts
from boathouse.monitoring.refreshing.profiling import Profiles
from boathouse.monitoring.refreshing.stretches import Stretch, before_and_after, derived_from, stretches_of
from boathouse.monitoring.refreshing.summarising import Summaries
from boathouse.session import Session
from boathouse.session.opened import OpenTable


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a refresh has done."""

    progress: Progress
    result: Mapping[str, Any]


def refresh(session: Session, work: Work, clock: Clock) -> Outcome:
    """Bring a monitor's tables up to date. Done twice, it does the same.

    Raises:
        NotFound, Denied: The table is gone, or the monitor's owner may not read it any more.
        InvalidInput: The table has lost what the monitor needs.
    """
    return _Refreshing(session, work, clock).run()


class _Refreshing:
    def __init__(self, session: Session, work: Work, clock: Clock) -> None:
        self._session = session
        self._work = work
        self._now = clock.now()
        self._notes: list[str] = []
        self._opened = session.open_tables([work.monitor.table])[0]
        self._sources = Sources(session.engine, self._opened.snapshot, self._opened.table.securable.id, self._labels())
        keeps = not self._is_anew and not work.refresh.is_full
        edges = {name: list(each) for name, each in work.progress.edges.items()} if keeps else {}
        self._summaries = Summaries(session, work, self._sources, edges)
        self._profiles = Profiles(session, work, self._sources, self._notes)

    def run(self) -> Outcome:
        baseline_version = self._baseline()
        settings = self._work.monitor.settings
        written = self._table_as_it_is() if settings.snapshot is not None else self._windows()
        changed, versions = written
        if versions:
            self._tidy()
        progress = Progress(
            table_version=self._sources.table.version,
            baseline_version=baseline_version,
            labels_version=self._sources.labels.version if self._sources.labels is not None else None,
            table_id=self._sources.table_id,
            newest=changed.newest,
            metrics_version=self._work.monitor.version,
            edges=self._summaries.edges,
        )
        notes = [*changed.notes, *self._notes]
        result: dict[str, Any] = {"windows": changed.count, "table_version": progress.table_version, **versions}
        if notes:
            result["message"] = " ".join(notes)
        return Outcome(progress, result)

    def _tidy(self) -> None:
        """Tables of many refreshes stay quick to read. What was committed stays so, whether this works or not."""
        monitor = self._work.monitor
        try:
            for name in (monitor.summary_table, monitor.profile_table, monitor.drift_table):
                tables.tidy(self._session, name)
        except BoathouseError as error:
            self._notes.append(f"The metric tables could not be tidied up: {error.message}")

    # --- the baseline

    @property
    def _is_anew(self) -> bool:
        """Whether nothing of what was written before holds any more."""
        progress = self._work.progress
        return progress.table_version is None or progress.metrics_version != self._work.monitor.version

    def _baseline(self) -> int | None:
        """Summaries of the baseline, when there are none of this version of it; gives the version."""
        name, progress = self._work.monitor.settings.baseline_table_name, self._work.progress
        if name is None:
            if self._is_anew:
                self._forget_baseline()
            return None
        opened = self._open(name, "baseline")
        if opened is None:
            return progress.baseline_version
        snapshot = opened.snapshot
        is_same = progress.baseline_version is not None and commits_since(snapshot, progress.baseline_version) == []
        if is_same and not self._is_anew and not self._work.refresh.is_full:
            return snapshot.version
        monitor, instant = self._work.monitor, self._instant
        found = tables.as_batches(self._summaries.of_baseline(snapshot, instant), tables.STORED)
        of_baseline = f"log_type = '{tables.BASELINE}'"
        tables.replace(self._session, monitor.summary_table, tables.STORED, found, of_baseline)
        schema = self._profiles.schema
        rows = tables.as_batches(self._profiles.of_baseline(snapshot, instant), schema)
        tables.replace(self._session, monitor.profile_table, schema, rows, of_baseline)
        return snapshot.version

    def _forget_baseline(self) -> None:
        """A monitor that has had a baseline has none any more."""
        monitor = self._work.monitor
        if self._work.progress.baseline_version is None:
            return
        of_baseline = f"log_type = '{tables.BASELINE}'"
        for name, schema in ((monitor.summary_table, tables.STORED), (monitor.profile_table, self._profiles.schema)):
            tables.replace(self._session, name, schema, [], of_baseline)

    # --- what is watched

    def _table_as_it_is(self) -> tuple[Changed, dict[str, int]]:
        instant, monitor = self._instant, self._work.monitor
        when = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        at = f"window_start = '{when}'"
        of_input = f"log_type = '{tables.INPUT}' AND {at}"
        summaries = tables.as_batches(self._summaries.of_table(instant), tables.STORED)
        tables.replace(self._session, monitor.summary_table, tables.STORED, summaries, of_input)
        profile = self._profiles.schema
        rows = tables.as_batches(self._profiles.of_table(instant), profile)
        versions = {"profile_version": tables.replace(self._session, monitor.profile_table, profile, rows, of_input)}
        drifts = Drifts(self._session, self._work, profile)
        found = tables.as_batches(drifts.of_table(instant), drifts.schema)
        versions["drift_version"] = tables.replace(self._session, monitor.drift_table, drifts.schema, found, at)
        return Changed({"": frozenset({instant})}, newest=epoch_ms(instant)), versions

    def _windows(self) -> tuple[Changed, dict[str, int]]:
        changed = changed_windows(self._work, self._sources, self._now)
        is_all = changed.is_everything
        rows, labels = _stretches(changed.rows), _stretches(changed.labels)
        if not is_all and not rows and not labels:
            return changed, {}
        self._write_summaries(changed, rows, labels)
        both = _stretches(_together(changed.rows, changed.labels))
        versions = {"profile_version": self._write_profile(both, is_all=is_all)}
        versions["drift_version"] = self._write_drift(both, is_all=is_all)
        return changed, versions

    def _write_summaries(self, changed: Changed, rows: list[Stretch], labels: list[Stretch]) -> None:
        """Windows that are scanned first; those that are made of them are read from what was written then."""
        name, made_of = self._work.monitor.summary_table, derived_from(self._work.monitor.settings.granularities)
        if changed.is_everything:
            by_length = {text: stretches_of(text, each) for text, each in changed.rows.items()}
            found = tables.as_batches(self._summaries.of_windows(by_length), tables.STORED)
            tables.replace(self._session, name, tables.STORED, found, f"log_type = '{tables.INPUT}'")
            return
        scanned = [each for each in rows if made_of[each.granularity] is None]
        added_up = [each for each in rows if made_of[each.granularity] is not None]
        if scanned:
            found = tables.as_batches(self._summaries.of_windows(_by_length(scanned)), tables.STORED)
            tables.replace(self._session, name, tables.STORED, found, tables.where_input(scanned))
        if labels:
            of_quality = f"{tables.where_input(labels)} AND column_name = '{tables.QUALITY_COLUMN}'"
            found = tables.as_batches(self._summaries.quality(labels), tables.STORED)
            tables.replace(self._session, name, tables.STORED, found, of_quality)
        # From the shortest on: a longer one may be made of them.
        for text in self._work.monitor.settings.granularities:
            here = [each for each in added_up if each.granularity == text]
            if here:
                found = tables.as_batches(self._summaries.longer_windows(_by_length(here)), tables.STORED)
                tables.replace(self._session, name, tables.STORED, found, tables.where_input(here))

    def _write_profile(self, stretches: list[Stretch], *, is_all: bool) -> int:
        schema = self._profiles.schema
        found = tables.as_batches(self._profiles.of_windows(stretches), schema)
        where = f"log_type = '{tables.INPUT}'" if is_all else tables.where_input(stretches)
        return tables.replace(self._session, self._work.monitor.profile_table, schema, found, where)

    def _write_drift(self, stretches: list[Stretch], *, is_all: bool) -> int:
        drifts = Drifts(self._session, self._work, self._profiles.schema)
        windows = {
            text: before_and_after(text, [start for each in here for start in each.windows()])
            for text, here in _by_length(stretches).items()
        }
        wanted = stretches if is_all else _stretches(windows)
        found = tables.as_batches(drifts.of_windows(wanted), drifts.schema)
        where = None if is_all else " OR ".join(f"({each.condition})" for each in wanted)
        return tables.replace(self._session, self._work.monitor.drift_table, drifts.schema, found, where)

    # --- within

    @property
    def _instant(self) -> datetime:
        """When this refresh is: the same for whoever does it again."""
        return datetime.fromtimestamp(self._work.refresh.started_at / 1000, UTC)

    def _labels(self) -> Any:
        late = self._work.monitor.settings.extras.late_labels
        opened = None if late is None else self._open(late.table_name, "table of labels")
        return None if opened is None else opened.snapshot

    def _open(self, name: str, what: str) -> OpenTable | None:
        """A table beside the one that is watched; the refresh goes on without it."""
        try:
            return self._session.open_tables([TableName.parse(name)])[0]
        except (NotFound, Denied) as error:
            self._notes.append(f"The {what} {name} was not read: {error.message}")
        except BoathouseError as error:
            self._notes.append(f"The {what} {name} cannot be read: {error.message}")
        return None


def _stretches(windows: Starts) -> list[Stretch]:
    return [stretch for text, starts in windows.items() for stretch in stretches_of(text, starts)]


def _by_length(stretches: list[Stretch]) -> dict[str, list[Stretch]]:
    found: dict[str, list[Stretch]] = {}
    for each in stretches:
        found.setdefault(each.granularity, []).append(each)
    return found


def _together(one: Starts, other: Starts) -> Starts:
    return {text: one.get(text, frozenset()) | other.get(text, frozenset()) for text in {**one, **other}}
