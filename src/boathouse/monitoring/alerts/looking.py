"""One look of one alert: read the values, judge them, write down what is news. A look may be repeated without harm.

The reading happens outside of any transaction; the comparison with the record and what follows from it are one.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from boathouse.catalog import Catalog
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.foundation.clock import Clock, epoch_ms, from_epoch_ms
from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.foundation.principals import Principal
from boathouse.foundation.spans import parse_span
from boathouse.monitoring.alerts import firings as fired
from boathouse.monitoring.alerts import repository as rows
from boathouse.monitoring.alerts.asking import MetricTablesOf, Points, newest_of, points_of
from boathouse.monitoring.alerts.episodes import episodes, news
from boathouse.monitoring.alerts.judging import judge
from boathouse.monitoring.alerts.nouns import PROBLEM, Alert, Firing, Point, Say, Seen, Series, Verdict
from boathouse.session import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

AGAIN_MS = 60_000
"""How soon an alert looks again that could not."""
_MOST_TOLD = 20
"""Series that an event names."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What alerts stand on."""

    catalog: Catalog
    session_of: Callable[[Principal], Session]
    tables: MetricTablesOf
    clock: Clock


@dataclass(frozen=True, slots=True)
class Found:
    """What a look has read."""

    points: Points | None = None
    newest: int | None = None
    problem: str | None = None
    is_missing: bool = False
    """Whether the problem is that a table is not there."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a look."""

    fired: tuple[Firing, ...] = ()
    resolved: tuple[Firing, ...] = ()
    problem: str | None = None


class Looking:
    """Looks at what alerts watch."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._database = parts.catalog.database

    def look(self, alert: Alert, *, now: int | None = None) -> Looked:
        """Judge an alert as of an instant, by default the present one."""
        now = epoch_ms(self._parts.clock.now()) if now is None else now
        if alert.rule.events is not None or alert.rule.paused:
            return self._rest(alert, now)
        found = self._read(alert)
        with self._database.write() as connection:
            seen = rows.lock(connection, alert.alert_id)
            current = rows.by_id(connection, alert.alert_id)
            if current is None or current.valid_to is not None or current.revision != alert.revision:
                return Looked()  # it was changed or withdrawn meanwhile, and looks again by itself
            return self._settle(connection, alert, seen, found, now)

    # --- reading

    def _read(self, alert: Alert) -> Found:
        try:
            session = self._parts.session_of(self._parts.catalog.identities.as_owner(alert.principal))
            if alert.rule.missing is not None:
                return Found(newest=newest_of(session, alert.rule, self._parts.tables))
            return Found(points_of(session, alert.rule, self._parts.tables))
        except NotFound as error:
            return Found(problem=error.message, is_missing=True)
        except BoathouseError as error:
            return Found(problem=str(error))
        except Exception as error:  # what was not foreseen of one alert must not keep the others from looking
            log.exception("The alert %s could not be looked at", alert.name)
            return Found(problem=f"{type(error).__name__}: {error}")

    # --- settling

    def _settle(self, connection: "Connection", alert: Alert, seen: Seen, found: Found, now: int) -> Looked:
        open_problem = self._recorded(connection, alert, 0).get(PROBLEM.key, [])
        is_new = seen.revision != alert.revision
        if found.problem is not None and alert.rule.missing is None:
            waits = found.is_missing and seen.newest is None
            looked = self._problem(connection, alert, found.problem, open_problem, waits=waits, now=now)
            kept = replace(seen, looked_at=now, problem=found.problem)
            if waits and is_new:
                kept = replace(kept, revision=alert.revision, since={})
            rows.see(connection, kept, due_at=now + AGAIN_MS)
            return looked
        resolved = [
            fired.resolve(connection, each, now, window=None, why="it can be judged again")
            for each in open_problem
            if each.is_open
        ]
        if alert.rule.missing is not None:
            return self._settle_missing(connection, alert, seen, found, now)
        assert found.points is not None
        since = _since(alert, seen, found.points)
        looked = self._compare(connection, alert, found.points, since, now)
        newest = max((point.end for points in found.points.values() for point in points), default=seen.newest)
        rows.see(
            connection,
            Seen(alert.alert_id, alert.revision, since, newest, now),
            due_at=now + _every(alert) if alert.rule.rows is not None else None,
        )
        looked = replace(looked, resolved=(*resolved, *looked.resolved))
        self._tell(connection, alert, looked, now)
        return looked

    def _compare(
        self, connection: "Connection", alert: Alert, points: Points, since: dict[str, int], now: int
    ) -> Looked:
        begins = min((point.start for each in points.values() for point in each), default=0)
        recorded = self._recorded(connection, alert, begins)
        new: list[Firing] = []
        resolved: list[Firing] = []
        for series, values in points.items():
            verdicts = judge(alert.rule, values)
            first = since.get(series.get("granularity") or "", 0)
            found = news(episodes(verdicts, alert.rule.for_windows), verdicts, recorded.pop(series.key, []), first)
            for firing, wrong in found.lasting:
                fired.last(connection, firing, wrong)
            for firing, fine in found.resolved:
                resolved.append(fired.resolve(connection, firing, now, window=fine.point.start, why=fine.why))
            for episode in found.fired:
                firing = fired.fire(connection, alert, series, episode.first, episode.last, now)
                if episode.ended is not None:
                    ended = episode.ended
                    firing = fired.resolve(connection, firing, now, window=ended.point.start, why=ended.why)
                    resolved.append(firing)
                new.append(firing)
        for each in recorded.values():  # series that an earlier rule has watched
            for firing in each:
                if firing.is_open and firing.revision != alert.revision and not firing.is_problem:
                    why = "it is not watched any more"
                    resolved.append(fired.resolve(connection, firing, now, window=None, why=why))
        return Looked(tuple(new), tuple(resolved))

    def _settle_missing(self, connection: "Connection", alert: Alert, seen: Seen, found: Found, now: int) -> Looked:
        """Nothing has come for too long; before anything ever came, the time counts from when the alert was made."""
        span = span_ms(alert.rule.missing or "")
        newest = found.newest if found.newest is not None else seen.newest
        last = alert.created_at if newest is None else newest
        is_late = now - last > span
        what = "window has ended" if alert.rule.rows is None else "row has come"
        since = "ever" if newest is None else f"since {_shown(newest)}"
        why = f"no {what} {since}; one was expected within {alert.rule.missing}"
        if found.problem is not None:
            why = f"{why} ({found.problem})"
        say = Say.BREACH if is_late else Say.FINE
        point = Point(last, max(last, now if is_late else last), (now - last) / 1000)
        verdict = Verdict(point, say, why if is_late else f"a {what.split()[0]} came at {_shown(last)}", span / 1000)
        recorded = [each for each in self._recorded(connection, alert, 0).get(Series().key, []) if each.is_open]
        new: list[Firing] = []
        resolved: list[Firing] = []
        if is_late and not recorded:
            new.append(fired.fire(connection, alert, Series(), verdict, verdict, now))
        elif not is_late:
            resolved = [fired.resolve(connection, each, now, window=last, why=verdict.why) for each in recorded]
        due = now + AGAIN_MS if is_late else last + span + 1
        kept = Seen(alert.alert_id, alert.revision, {}, newest, now, found.problem)
        rows.see(connection, kept, due_at=due)
        looked = Looked(tuple(new), tuple(resolved), found.problem)
        self._tell(connection, alert, looked, now)
        return looked

    def _problem(
        self, connection: "Connection", alert: Alert, problem: str, known: Sequence[Firing], *, waits: bool, now: int
    ) -> Looked:
        """An alert that cannot be judged protects nobody: that is told once too, unless its table is still to come."""
        if waits or any(each.is_open for each in known):
            return Looked(problem=problem)
        verdict = Verdict(Point(now, now, None), Say.BREACH, f"the alert cannot be judged: {problem}")
        looked = Looked((fired.fire(connection, alert, PROBLEM, verdict, verdict, now),), problem=problem)
        self._tell(connection, alert, looked, now)
        return looked

    def _rest(self, alert: Alert, now: int) -> Looked:
        """Nothing to read: it waits for events, or is paused, which ends what was wrong."""
        with self._database.write() as connection:
            seen = rows.lock(connection, alert.alert_id)
            lasting: list[Firing] = []
            resolved: list[Firing] = []
            for each in fired.open_of(connection, [alert.alert_id]):
                if (why := _why_over(alert, each, now)) is None:
                    lasting.append(each)
                else:
                    resolved.append(fired.resolve(connection, each, now, window=None, why=why))
            ends = [each.window_end + span_ms(alert.rule.quiet) for each in lasting if alert.rule.resolving is None]
            kept = replace(seen, revision=alert.revision, looked_at=now, problem=None)
            rows.see(connection, kept, due_at=min(ends, default=None))
            looked = Looked(resolved=tuple(resolved))
            self._tell(connection, alert, looked, now)
        return looked

    def _recorded(self, connection: "Connection", alert: Alert, since: int) -> dict[str, list[Firing]]:
        return fired.of_alert(connection, alert.alert_id, since=since)

    def _tell(self, connection: "Connection", alert: Alert, looked: Looked, now: int) -> None:
        """One event for what has begun and one for what has ended, however many series."""
        write_events(connection, alert, looked, now)


def write_events(connection: "Connection", alert: Alert, looked: Looked, now: int) -> None:
    """Tell followers what an alert has found, in the transaction that writes it down."""
    told: list[NewEvent] = []
    for type, found in ((EventType.ALERT_FIRED, looked.fired), (EventType.ALERT_RESOLVED, looked.resolved)):
        if found:
            told.append(NewEvent(type, _subject(alert, found), alert.principal, event_data(alert, found)))
    if told:
        events.write(connection, told, now)


def event_data(alert: Alert, found: Sequence[Firing]) -> dict[str, Any]:
    """What an event says of an alert; the first series speaks for all."""
    worst, rule = found[0], alert.rule
    return {
        "alert": alert.name,
        "severity": rule.severity.value,
        "owner": alert.owner,
        "kind": "events" if rule.events is not None else "table",
        "table": rule.subject if rule.events is None else None,
        "metric": rule.metric,
        "column": worst.series.get("column"),
        "value": worst.value,
        "threshold": worst.threshold,
        "window": {"start": worst.window_start, "end": worst.window_end},
        "why": worst.resolution if worst.resolution is not None else worst.why,
        "count": len(found),
        "series": [each.series.text for each in found[:_MOST_TOLD]],
        "firings": [each.firing_id for each in found[:_MOST_TOLD]],
        "runbook": rule.runbook,
        "is_problem": worst.is_problem,
    }


def _subject(alert: Alert, found: Sequence[Firing]) -> str:
    return found[0].series.get("subject") or alert.rule.subject


def _since(alert: Alert, seen: Seen, points: Points) -> dict[str, int]:
    """By granularity, the first window that counts. A rule that is new judges the newest window that there is, and what
    comes after it."""
    known = dict(seen.since) if seen.revision == alert.revision else {}
    for series, values in points.items():
        granularity = series.get("granularity") or ""
        if seen.revision != alert.revision and values:
            known[granularity] = max(known.get(granularity, 0), max(each.start for each in values))
        known.setdefault(granularity, 0)
    return known


def _why_over(alert: Alert, firing: Firing, now: int) -> str | None:
    """Why a firing ends of which no value can be read; None while it lasts."""
    rule = alert.rule
    if rule.paused:
        return "it is paused"
    if firing.series.get("subject") is None:
        return "it is not watched any more"
    if rule.resolving is None and now - firing.window_end >= span_ms(rule.quiet):
        return f"nothing of the kind has happened for {rule.quiet}"
    return None


def _every(alert: Alert) -> int:
    return span_ms(alert.rule.rows.every) if alert.rule.rows is not None else AGAIN_MS


def span_ms(span: str) -> int:
    """A span as people write it, in milliseconds."""
    return round(parse_span(span).total_seconds() * 1000)


def _shown(instant: int) -> str:
    return from_epoch_ms(instant).strftime("%Y-%m-%d %H:%M")
