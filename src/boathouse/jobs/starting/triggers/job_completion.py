"""Another job's run has ended. Each such end starts a run; the transaction that ends the run tells us."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.law import Catalog
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.jobs.starting.following import announce, waiting_for_job
from boathouse.jobs.starting.sight import Sight
from boathouse.jobs.starting.starters import Fire, Starter, Verdict
from boathouse.jobs.starting.triggers.events import CHECK_AGAIN_MS, Event, ToldEvents


class JobCompletionTrigger:
    """Starts a run for each run of another job that has ended as wished."""

    def __init__(self, catalog: Catalog, sight: Sight, events: ToldEvents) -> None:
        self._catalog = catalog
        self._sight = sight
        self._events = events

    def look(self, starter: Starter, now: datetime) -> Verdict:
        events = self._events.events(starter.job_id)
        upto = events[-1][0] if events else None
        upstream = starter.details["job_id"]
        try:
            principal = self._sight.principal(starter.run_as)
            self._catalog.grants.require(principal, Privilege.VIEW_JOB, SecurableKind.JOB, str(upstream))
        except BoathouseError as error:
            return Verdict(due_at=epoch_ms(now) + CHECK_AGAIN_MS, problem=str(error), events_upto=upto)
        fires = tuple(_fire(starter, event, now) for event in events)
        return Verdict(due_at=epoch_ms(now) + CHECK_AGAIN_MS, fires=fires, events_upto=upto)


def run_has_ended(connection: Connection, run: Any, result: str, now: int) -> None:
    """Tell those who wait for the job, in the transaction that ends its run."""
    for job_id in waiting_for_job(connection, run.job_id, result):
        announce(connection, job_id, {"job_id": run.job_id, "run_id": run.run_id, "result_state": result}, now)


def _fire(starter: Starter, event: Event, now: datetime) -> Fire:
    facts = event[2]
    token = f"completion:{starter.job_id}:{facts['run_id']}:{event[0]}"
    return Fire(token, "JOB_COMPLETION", {"time_ms": epoch_ms(now), "job_completion": facts})
