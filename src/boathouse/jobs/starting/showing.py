"""The state of what starts a job's runs, as people and ``jobs/get`` are shown it."""

from typing import Any

from boathouse.jobs.settings import PauseStatus
from boathouse.jobs.starting.cron import parse_cron
from boathouse.jobs.starting.describing import describe
from boathouse.jobs.starting.starters import Starter, StarterKind


def starter_json(starter: Starter) -> dict[str, Any]:
    """All that is known; instants in milliseconds."""
    shown: dict[str, Any] = {
        "job_id": starter.job_id,
        "kind": starter.kind.value,
        "pause_status": (PauseStatus.PAUSED if starter.is_paused else PauseStatus.UNPAUSED).value,
        "next_fire_at": next_fire_at(starter),
        "fires": starter.fires,
        "last_fired_at": starter.last_fired_at,
        "last_run_id": starter.last_run_id,
        "missed": starter.missed,
        "last_missed_at": starter.last_missed_at,
        "problem": starter.problem,
        "problem_since": starter.problem_since,
    }
    if starter.kind is StarterKind.SCHEDULE:
        text = starter.details["quartz_cron_expression"]
        shown |= {"description": describe(parse_cron(text)), "timezone_id": starter.details.get("timezone_id", "UTC")}
    return {name: value for name, value in shown.items() if value is not None}


def job_states(starter: Starter | None) -> dict[str, Any]:
    """What ``jobs/get`` adds: ``trigger_state`` in Databricks' shape, and ours."""
    if starter is None:
        return {}
    states: dict[str, Any] = {"schedule_state": starter_json(starter)}
    pause: dict[str, Any] = {"pause_status": states["schedule_state"]["pause_status"]}
    match starter.kind:
        case StarterKind.FILE_ARRIVAL:
            states["trigger_state"] = {**pause, "file_arrival": {"using_file_events": False}}
        case StarterKind.TABLE_UPDATE:
            tables = [
                {"table_name": name, "has_seen_updates": bool(seen.get("changed"))}
                for name, seen in starter.memory.get("tables", {}).items()
            ]
            states["trigger_state"] = {**pause, "table": {"last_seen_table_states": tables}}
        case _ if starter.kind not in (StarterKind.SCHEDULE, StarterKind.CONTINUOUS):
            states["trigger_state"] = pause
        case _:
            pass
    return states


def next_fire_at(starter: Starter) -> int | None:
    """When the clock will start the next run; None where something else does."""
    if starter.is_paused or starter.kind not in (StarterKind.SCHEDULE, StarterKind.PERIODIC):
        return None
    return starter.memory.get("next_fire_at", starter.due_at)
