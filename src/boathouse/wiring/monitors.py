"""Monitors, joined with the jobs: each has a job of its own, which carries its schedule and runs its refreshes."""

from contextlib import suppress
from typing import Any

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock
from boathouse.foundation.errors import NotFound
from boathouse.foundation.looping import Loop
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.jobs import Jobs, JobSettings, read_job
from boathouse.jobs.records import Start
from boathouse.jobs.states import ResultState
from boathouse.monitoring.monitors.jobs import RunEnd
from boathouse.monitoring.monitors.nouns import Monitor
from boathouse.monitoring.monitors.service import Monitors

LOOK_SECONDS = 1.0
ENTRY_POINT = "refresh_monitor"


class MonitorRuns:
    """The jobs as monitors need them (``monitoring.monitors.jobs.RefreshJobs``)."""

    def __init__(self, jobs: Jobs, catalog: Catalog) -> None:
        self._jobs = jobs
        self._catalog = catalog

    def ensure(self, monitor: Monitor) -> int:
        acting, wanted = self._owner(monitor), refresh_job(monitor)
        if monitor.job_id is not None:
            with suppress(NotFound):
                found = self._jobs.get(acting, monitor.job_id)
                if found.settings.to_json() != wanted.to_json():
                    self._jobs.reset(acting, monitor.job_id, wanted)
                return monitor.job_id
        return self._jobs.create(acting, wanted)

    def remove(self, job_id: int) -> None:
        with suppress(NotFound):
            self._jobs.delete(SYSTEM, job_id)

    def run(self, monitor: Monitor, refresh_id: int) -> int:
        assert monitor.job_id is not None
        token = f"monitor:{monitor.monitor_id}:{refresh_id}"
        return self._jobs.run_now(
            self._owner(monitor), monitor.job_id, parameters={"refresh_id": str(refresh_id)},
            idempotency_token=token, start=Start(is_queued=True),
        )  # fmt: skip

    def cancel(self, run_id: int) -> None:
        with suppress(NotFound):
            self._jobs.cancel_run(SYSTEM, run_id)

    def end_of(self, run_id: int) -> RunEnd | None:
        try:
            run = self._jobs.get_run(SYSTEM, run_id)
        except NotFound:
            return RunEnd(is_good=False, is_cancelled=True, message="Its run was deleted.")
        if not run.state.life_cycle.is_final:
            return None
        result = run.state.result
        is_good = result is ResultState.SUCCESS
        return RunEnd(is_good, result is ResultState.CANCELED, run.state.message)

    def _owner(self, monitor: Monitor) -> Principal:
        return self._catalog.identities.as_owner(monitor.owner)


def refresh_job(monitor: Monitor) -> JobSettings:
    """The job of a monitor."""
    settings, table = monitor.settings, monitor.table_name
    named = {"monitor": monitor.monitor_id, "run": "{{job.run_id}}"}
    task: dict[str, Any] = {
        "task_key": "refresh",
        "python_wheel_task": {"package_name": "boathouse", "entry_point": ENTRY_POINT, "named_parameters": named},
    }
    job: dict[str, Any] = {
        "name": f"Monitor of {table}",
        "description": "Made for the monitor; change that, not this.",
        "parameters": [{"name": "refresh_id", "default": ""}],
        "tasks": [task],
        "max_concurrent_runs": 1,
        "queue": {"enabled": True},
        "run_as": {"user_name": monitor.owner},
    }
    if settings.schedule is not None:
        job["schedule"] = settings.schedule.model_dump(mode="json", exclude_none=True)
    if settings.extras.refresh_on_update:
        job["trigger"] = {"table_update": {"table_names": watched_tables(monitor)}}
    failure = settings.notifications.on_failure if settings.notifications else None
    if failure is not None and failure.email_addresses:
        job["email_notifications"] = {"on_failure": failure.email_addresses}
    return read_job(job)


def watched_tables(monitor: Monitor) -> list[str]:
    """The tables whose new versions are a reason to look again."""
    late = monitor.settings.extras.late_labels
    return [monitor.table_name, *([late.table_name] if late is not None else [])]


def build_monitors(catalog: Catalog, jobs: Jobs, clock: Clock) -> tuple[Monitors, Loop]:
    """The verbs on monitors, and the loop that lets waiting ones begin."""
    monitors = Monitors(catalog, MonitorRuns(jobs, catalog), clock)
    return monitors, Loop("monitors", LOOK_SECONDS, monitors.look, trouble="Monitors could not be looked at")
