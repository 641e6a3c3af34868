"""A run every so many minutes, hours, days or weeks, counted from when the job says so."""

from datetime import datetime

from boathouse.foundation.clock import epoch_ms
from boathouse.jobs.settings import PeriodicUnit
from boathouse.jobs.starting.starters import Fire, Starter, Verdict
from boathouse.jobs.starting.triggers.schedule import GRACE

_MINUTES = {
    PeriodicUnit.MINUTES: 1,
    PeriodicUnit.HOURS: 60,
    PeriodicUnit.DAYS: 24 * 60,
    PeriodicUnit.WEEKS: 7 * 24 * 60,
}


class PeriodicTrigger:
    """Starts a run after each interval."""

    def look(self, starter: Starter, now: datetime) -> Verdict:
        interval = starter.details["interval"] * _MINUTES[PeriodicUnit(starter.details["unit"])] * 60_000
        seen = starter.memory.get("beat", 0)
        beat = (epoch_ms(now) - starter.since) // interval
        following = starter.since + (beat + 1) * interval
        if beat <= seen:
            return Verdict(due_at=following)
        at = starter.since + beat * interval
        is_late = epoch_ms(now) - at > GRACE.total_seconds() * 1000
        missed = beat - seen - (0 if is_late else 1)
        fire = Fire(f"periodic:{starter.job_id}:{starter.since}:{at}", "PERIODIC", {"time_ms": at})
        return Verdict(
            due_at=following,
            fires=() if is_late else (fire,),
            memory={"beat": beat},
            missed=missed,
            missed_at=(at if is_late else at - interval) if missed else None,
        )
