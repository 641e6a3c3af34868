"""The loop that starts runs: one thread of the control plane.

It looks at the starters whose time has come, at those that have to be polled, and at what is new in the audit log and
among the platform's events. Each look ends in a verdict, which is written down together with the runs that it makes, if
nobody was faster. A lease keeps several control planes from all looking at the same; that only one run comes of each
fire does not depend on it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from boathouse.catalog import SecurableKind
from boathouse.catalog.events import Event
from boathouse.catalog.law import Catalog
from boathouse.catalog.securables import AuditEvent
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.ids import new_id
from boathouse.foundation.looping import Loop
from boathouse.foundation.principals import SYSTEM
from boathouse.jobs.parameters import run_parameters
from boathouse.jobs.records import Job, Start, TaskOverrides
from boathouse.jobs.repository import JobRepository, NewRun, RunRepository
from boathouse.jobs.starting.repository import EVENTS, StarterRepository
from boathouse.jobs.starting.sight import Sight
from boathouse.jobs.starting.starters import BY_EVENT, POLLED, Fire, Starter, StarterKind, Trigger, Verdict
from boathouse.jobs.starting.triggers import catalog_event, model
from boathouse.jobs.starting.triggers.catalog_event import CatalogEventTrigger
from boathouse.jobs.starting.triggers.continuous import ContinuousTrigger
from boathouse.jobs.starting.triggers.event import EventTrigger
from boathouse.jobs.starting.triggers.event import facts_of as facts_of_event
from boathouse.jobs.starting.triggers.file_arrival import FileArrivalTrigger
from boathouse.jobs.starting.triggers.job_completion import JobCompletionTrigger
from boathouse.jobs.starting.triggers.model import ModelTrigger
from boathouse.jobs.starting.triggers.periodic import PeriodicTrigger
from boathouse.jobs.starting.triggers.schedule import ScheduleTrigger
from boathouse.jobs.starting.triggers.table_update import TableUpdateTrigger
from boathouse.jobs.telling.moments import warn_of_long_runs
from boathouse.metastore import Database

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
POLL_SECONDS = 5.0
"""How often files and tables are looked at."""
LEASE_SECONDS = 5.0
RENEW_SECONDS = 1.5
GAP_SECONDS = 10.0
"""How long a missing number of the audit log may still turn up: on Postgres transactions end in any order."""
_MOST_DUE = 200
_MOST_EVENTS = 1000
_PAUSE_AFTER_ERROR_MS = 30_000
_HEARING = frozenset({StarterKind.EVENT})
"""Told by the platform's events."""
_LISTENING = BY_EVENT - _HEARING - {StarterKind.JOB_COMPLETION}
"""Told by the audit log."""
_FACTS = {StarterKind.MODEL: model.facts_of, StarterKind.CATALOG_EVENT: catalog_event.facts_of}


@dataclass(frozen=True, slots=True)
class Parts:
    """What the clockwork works with."""

    database: Database
    catalog: Catalog
    clock: Clock


class Clockwork:
    """Starts runs when their time has come."""

    def __init__(self, parts: Parts) -> None:
        self._database = parts.database
        self._catalog = parts.catalog
        self._clock = parts.clock
        self._jobs = JobRepository(parts.database)
        self._runs = RunRepository(parts.database)
        self._starters = StarterRepository(parts.database)
        self._sight = Sight(parts.catalog)
        self._triggers: Mapping[StarterKind, Trigger] = {
            StarterKind.SCHEDULE: ScheduleTrigger(),
            StarterKind.PERIODIC: PeriodicTrigger(),
            StarterKind.CONTINUOUS: ContinuousTrigger(self._runs),
            StarterKind.FILE_ARRIVAL: FileArrivalTrigger(self._sight, self._starters),
            StarterKind.TABLE_UPDATE: TableUpdateTrigger(self._sight),
            StarterKind.MODEL: ModelTrigger(self._starters),
            StarterKind.CATALOG_EVENT: CatalogEventTrigger(self._starters),
            StarterKind.EVENT: EventTrigger(self._starters),
            StarterKind.JOB_COMPLETION: JobCompletionTrigger(parts.catalog, self._sight, self._starters),
        }
        self._holder = new_id()
        self._has_lease = self._is_listening = self._is_hearing = False
        self._renew_at = self._poll_at = 0
        self._not_before: dict[int, int] = {}
        self._loop = Loop("clockwork", TICK_SECONDS, self.tick, trouble="Schedules and triggers could not be looked at")

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        self._starters.follow_all(self._jobs.many(self._starters.unfollowed()), epoch_ms(self._clock.now()))
        self._loop.start()

    def stop(self) -> None:
        """Stop looking, and let another process go on at once."""
        self._loop.stop()
        if self._has_lease:
            self._starters.release_lease(self._holder)

    def tick(self) -> int:
        """One round; gives the number of runs that it started."""
        now = epoch_ms(self._clock.now())
        if not self._hold_lease(now):
            return 0
        self._sight.renew()
        self._listen(now)
        self._hear(now)
        warn_of_long_runs(self._database, now)
        looked_at = {starter.job_id: starter for starter in self._starters.due(now, _MOST_DUE)}
        if now >= self._poll_at:
            self._poll_at = now + round(POLL_SECONDS * 1000)
            looked_at |= {starter.job_id: starter for starter in self._starters.of_kinds(POLLED)}
        return sum(self._look(starter, now) for starter in looked_at.values())

    def _hold_lease(self, now: int) -> bool:
        if now >= self._renew_at or not self._has_lease:
            latest = 0 if self._has_lease else self._catalog.audit.latest()
            self._has_lease = self._starters.hold_lease(self._holder, now, round(LEASE_SECONDS * 1000), position=latest)
            self._renew_at = now + round(RENEW_SECONDS * 1000)
        return self._has_lease

    # One starter

    def _look(self, starter: Starter, now: int) -> int:
        if self._not_before.get(starter.job_id, 0) > now:
            return 0
        try:
            return self._look_closely(starter, now)
        except Exception:  # one that fails in a way we did not foresee must not keep the others from starting
            log.exception("What starts job %s could not be looked at.", starter.job_id)
            self._not_before[starter.job_id] = now + _PAUSE_AFTER_ERROR_MS
            return 0

    def _look_closely(self, starter: Starter, now: int) -> int:
        try:
            verdict = self._triggers[starter.kind].look(starter, self._clock.now())
        except BoathouseError as error:
            verdict = Verdict(due_at=now + _PAUSE_AFTER_ERROR_MS, problem=str(error))
        if not verdict.changes(starter):
            return 0
        job = self._jobs.find(starter.job_id)
        if job is None:
            return 0  # it is being deleted at this moment
        try:
            made = self._starters.apply(starter, verdict, now, lambda connection: self._make(connection, job, verdict))
        except IntegrityError:  # the same fire has made its run in another life of the database
            verdict = Verdict(due_at=verdict.due_at, memory=verdict.memory, events_upto=verdict.events_upto)
            made = self._starters.apply(starter, verdict, now, lambda connection: [])
        return len(made or ())

    def _make(self, connection: Connection, job: Job, verdict: Verdict) -> Sequence[int]:
        now = epoch_ms(self._clock.now())
        made: list[int] = []
        key = (SecurableKind.JOB, str(job.job_id))
        for fire in verdict.fires:
            run_id = self._runs.insert_with(connection, _new_run(job, fire), now)
            params: dict[str, Any] = {"run_id": run_id, "trigger": fire.trigger, "fire": fire.token}
            self._catalog.audit.record_with(connection, SYSTEM, ("jobs", "runTriggered"), key, params)
            made.append(run_id)
        if verdict.missed:
            params = {"missed": verdict.missed, "last_missed_at": verdict.missed_at}
            self._catalog.audit.record_with(connection, SYSTEM, ("jobs", "missedFires"), key, params)
        return made

    # The audit log

    def _listen(self, now: int) -> None:
        """Tell the triggers by event what is new in the audit log."""
        since = self._starters.told_since(_LISTENING)
        if since is None:
            self._is_listening = False
            return
        before = position = self._starters.position()
        if not self._is_listening:  # what happened before there was anybody to tell needs no look
            position = max(before, self._catalog.audit.latest(before=since))
            self._is_listening = True
        events = _without_gaps(self._catalog.audit.after(position, limit=_MOST_EVENTS), position, now)
        if not events:
            return
        told = [
            (starter.job_id, facts)
            for starter in self._starters.of_kinds(_LISTENING)
            for _, event in events
            if event.status_code < 400 and event.event_time >= starter.since
            if (facts := self._facts(starter, event)) is not None
        ]
        self._starters.advance(before, events[-1][0], told, now)

    # The platform's events

    def _hear(self, now: int) -> None:
        """Tell the triggers by event what has happened."""
        since = self._starters.told_since(_HEARING)
        if since is None:
            self._is_hearing = False
            return
        log = self._catalog.events
        before = position = self._starters.position(EVENTS)
        if not self._is_hearing:
            position = max(before, log.latest(earlier_than=since))
            self._is_hearing = True
        if not (happened := log.settled_after(position, _MOST_EVENTS)):
            return
        told = [
            (starter.job_id, facts)
            for starter in self._starters.of_kinds(_HEARING)
            for each in happened
            if each.happened_at >= starter.since and (facts := self._told(starter, each)) is not None
        ]
        self._starters.advance(before, happened[-1].sequence, told, now, of=EVENTS)

    def _told(self, starter: Starter, happened: Event) -> dict[str, Any] | None:
        try:
            return facts_of_event(starter, happened, self._catalog, self._sight.principal(starter.run_as))
        except BoathouseError:
            return None  # its principal is gone

    def _facts(self, starter: Starter, event: AuditEvent) -> dict[str, Any] | None:
        if not _could_concern(starter, event):
            return None
        try:
            principal = self._sight.principal(starter.run_as)
            return _FACTS[starter.kind](starter, event, self._catalog, principal)
        except BoathouseError:
            return None  # its principal is gone; the next look at the trigger says so


def _could_concern(starter: Starter, event: AuditEvent) -> bool:
    """A first look that costs nothing."""
    if starter.kind is StarterKind.MODEL:
        return event.service == "models"
    return starter.details["action"] in ("*", event.action)


def _without_gaps(events: list[tuple[int, AuditEvent]], before: int, now: int) -> list[tuple[int, AuditEvent]]:
    """The events up to the first missing number that may still turn up."""
    expected = before + 1
    for index, (sequence, event) in enumerate(events):
        if sequence != expected and now - event.event_time < GAP_SECONDS * 1000:
            return events[:index]
        expected = sequence + 1
    return events


def _new_run(job: Job, fire: Fire) -> NewRun:
    return NewRun(
        job=job,
        parameters=run_parameters(job.settings, None),
        overrides=TaskOverrides(),
        as_of=None,
        creator=job.creator,
        idempotency_token=fire.token,
        name=job.settings.name,
        start=Start(trigger=fire.trigger, trigger_info=fire.info),
    )
