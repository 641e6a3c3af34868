"""Runs by Quartz cron. A fire that nobody was there for is skipped and counted, not made up for: after a weekend of
downtime nobody wants two days of hourly runs at once."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from boathouse.foundation.clock import epoch_ms, from_epoch_ms
from boathouse.jobs.starting.cron import Cron, next_fire, parse_cron, parse_zone
from boathouse.jobs.starting.starters import Fire, Starter, Verdict

GRACE = timedelta(seconds=60)
"""How late a run may still start; what is later has been missed."""
MOST_COUNTED = 10_000
"""Missed fires that are counted one by one."""
NEXT = "next_fire_at"


@dataclass(frozen=True, slots=True)
class _Due:
    """What became of the fires between two instants."""

    to_run: datetime | None
    missed: int
    last_missed: datetime | None
    following: datetime | None


class ScheduleTrigger:
    """Starts a run at each instant that a cron expression names."""

    def look(self, starter: Starter, now: datetime) -> Verdict:
        cron = parse_cron(starter.details["quartz_cron_expression"])
        zone = parse_zone(starter.details.get("timezone_id", "UTC"))
        planned = starter.memory.get(NEXT)
        first = from_epoch_ms(planned) if planned else next_fire(cron, from_epoch_ms(starter.since), zone)
        due = _due(cron, zone, first, now)
        fires = (_fire(starter, due.to_run, zone),) if due.to_run else ()
        following = epoch_ms(due.following) if due.following else None
        return Verdict(
            due_at=following,
            fires=fires,
            memory={NEXT: following} if following else {},
            missed=due.missed,
            missed_at=epoch_ms(due.last_missed) if due.last_missed else None,
            problem=None if following else "The schedule has no further fire.",
        )


def _due(cron: Cron, zone: ZoneInfo, first: datetime | None, now: datetime) -> _Due:
    """Of the fires up to now the last one runs, if it is not too late for it; the others have been missed."""
    fire, last, before_last, count = first, None, None, 0
    while fire is not None and fire <= now:
        if count == MOST_COUNTED and fire < now - GRACE:
            fire = next_fire(cron, now - GRACE, zone)  # a long absence: what is left of it is not counted
            continue
        last, before_last, count = fire, last, count + 1
        fire = next_fire(cron, fire, zone)
    if last is not None and last >= now - GRACE:
        return _Due(last, count - 1, before_last, fire)
    return _Due(None, count, last, fire)


def _fire(starter: Starter, at: datetime, zone: ZoneInfo) -> Fire:
    info = {"time_ms": epoch_ms(at), "timezone_id": str(zone)}
    return Fire(f"schedule:{starter.job_id}:{starter.since}:{epoch_ms(at.astimezone(UTC))}", "PERIODIC", info)
