"""Monitors and refreshes as clients read them: ``quality_monitors``, its successor ``data_quality``, and between a
refresh's task and the control plane."""

from collections.abc import Mapping
from typing import Any

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.shapes import fit
from boathouse.monitoring.monitors.nouns import (
    Monitor,
    MonitorStatus,
    Progress,
    Refresh,
    RefreshState,
    RefreshTrigger,
    Span,
)
from boathouse.monitoring.monitors.settings import MonitorSettings
from boathouse.monitoring.monitors.work import Work

Json = dict[str, Any]


def read_settings(given: Mapping[str, Any], table: str) -> MonitorSettings:
    """
    Raises:
        DoesNotFit: It is no monitor.
    """
    return fit(MonitorSettings, dict(given), what=f"The monitor of {table}")


def monitor_json(monitor: Monitor) -> Json:
    """As ``quality_monitors`` shows it."""
    found: Json = {
        "table_name": monitor.table_name,
        "status": monitor.status.value,
        "monitor_version": monitor.version,
        "profile_metrics_table_name": str(monitor.profile_table),
        "drift_metrics_table_name": str(monitor.drift_table),
        "owner": monitor.owner,
        **monitor.settings.document(),
    }
    if monitor.failure:
        found["latest_monitor_failure_msg"] = monitor.failure
    if (schedule := found.get("schedule")) is not None:
        found["schedule"] = {"timezone_id": "UTC", "pause_status": "UNPAUSED", **schedule}
    if monitor.job_id is not None:
        found["job_id"] = monitor.job_id
    return found


def refresh_json(refresh: Refresh) -> Json:
    found: Json = {
        "refresh_id": refresh.refresh_id,
        "state": refresh.state.value,
        "start_time_ms": refresh.started_at,
        "trigger": "SCHEDULE" if refresh.trigger is RefreshTrigger.SCHEDULE else "MANUAL",
    }
    optional = {
        "end_time_ms": refresh.ended_at,
        "message": refresh.message,
        "run_id": refresh.run_id,
        "result": dict(refresh.result) or None,
    }
    if refresh.trigger is RefreshTrigger.DATA_CHANGE:
        found["trigger"] = "UNKNOWN_TRIGGER"
    return found | {name: value for name, value in optional.items() if value is not None}


# --- data_quality

_GRANULARITY = "AGGREGATION_GRANULARITY_"
_METRIC = "DATA_PROFILING_"
_COLUMNS = ("timestamp", "prediction", "label", "model_id", "prediction_proba")


def profiling_json(monitor: Monitor, schema_id: str) -> Json:
    """As ``data_quality`` shows it."""
    old = monitor_json(monitor)
    statuses = {each: each.value.replace("MONITOR_STATUS", "DATA_PROFILING_STATUS") for each in MonitorStatus}
    config: Json = {
        "output_schema_id": schema_id,
        "monitored_table_name": monitor.table_name,
        "status": statuses[monitor.status],
        "monitor_version": monitor.version,
        "profile_metrics_table_name": old["profile_metrics_table_name"],
        "drift_metrics_table_name": old["drift_metrics_table_name"],
    }
    for name in ("assets_dir", "baseline_table_name", "slicing_exprs", "snapshot", "boathouse"):
        if name in old:
            config[name] = old[name]
    for name in ("time_series", "inference_log"):
        if name in old:
            config[name] = _newer_windows(old[name])
    if "custom_metrics" in old:
        config["custom_metrics"] = [{**each, "type": _METRIC + each["type"]} for each in old["custom_metrics"]]
    if "schedule" in old:
        schedule = old["schedule"]
        config["schedule"] = {**schedule, "pause_status": f"CRON_SCHEDULE_PAUSE_STATUS_{schedule['pause_status']}"}
    if "notifications" in old:
        config["notification_settings"] = old["notifications"]
    if monitor.failure:
        config["latest_monitor_failure_message"] = monitor.failure
    return {"object_type": "table", "object_id": monitor.table_id or "", "data_profiling_config": config}


def settings_of_profiling(config: Mapping[str, Any], schema_name: str) -> Json:
    """A ``data_profiling_config`` in the words of ``quality_monitors``."""
    told_by_server = (
        "output_schema_id", "monitored_table_name", "status", "monitor_version", "profile_metrics_table_name",
        "drift_metrics_table_name", "latest_monitor_failure_message", "effective_warehouse_id",
    )  # fmt: skip
    found = {name: value for name, value in config.items() if name not in told_by_server}
    found["output_schema_name"] = schema_name
    for name in ("time_series", "inference_log"):
        if isinstance(found.get(name), Mapping):
            found[name] = _older_windows(found[name])
    if isinstance(found.get("custom_metrics"), list):
        found["custom_metrics"] = [
            {**each, "type": str(each.get("type", "")).removeprefix(_METRIC)} for each in found["custom_metrics"]
        ]
    if isinstance(schedule := found.get("schedule"), Mapping):
        status = str(schedule.get("pause_status") or "").removeprefix("CRON_SCHEDULE_PAUSE_STATUS_")
        found["schedule"] = {**schedule, "pause_status": status or None}
    if "notification_settings" in found:
        found["notifications"] = found.pop("notification_settings")
    return found


def profiling_refresh_json(refresh: Refresh, table_id: str) -> Json:
    return {
        **refresh_json(refresh),
        "object_type": "table",
        "object_id": table_id,
        "state": f"MONITOR_REFRESH_STATE_{refresh.state.value}",
        "trigger": f"MONITOR_REFRESH_TRIGGER_{refresh.trigger.value}",
    }


def masked(config: Mapping[str, Any], given: Mapping[str, Any], mask: str) -> Json:
    """A config with the fields that a mask names as they are given: ``data_profiling_config.schedule``.

    Raises:
        InvalidInput: The mask names something else.
    """
    changed: Json = dict(config)
    for path in (each.strip() for each in mask.split(",")):
        if path in ("*", "data_profiling_config"):
            changed |= given
            continue
        head, _, field = path.partition(".")
        if head != "data_profiling_config" or not field:
            raise InvalidInput(f"{path!r} cannot be updated.", hint="Fields begin with data_profiling_config.")
        names = field.split(".")
        changed = _with(changed, names, _at(given, names))
    return changed


def _at(data: Any, names: list[str]) -> Any:
    for name in names:
        data = data.get(name) if isinstance(data, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return data  # pyright: ignore[reportUnknownVariableType]


def _with(data: Json, names: list[str], value: Any) -> Json:
    if len(names) == 1:
        left = {key: each for key, each in data.items() if key != names[0]}
        return left if value is None else {**left, names[0]: value}
    inner = data.get(names[0])
    return {**data, names[0]: _with(dict(inner) if isinstance(inner, Mapping) else {}, names[1:], value)}  # pyright: ignore[reportUnknownArgumentType]


def _newer_windows(old: Mapping[str, Any]) -> Json:
    found: Json = {}
    for name, value in old.items():
        if name == "granularities":
            found[name] = [_GRANULARITY + str(each).upper().replace(" ", "_") for each in value]
        elif name == "problem_type":
            found[name] = f"INFERENCE_{value}"
        else:
            found[name.removesuffix("_col") + "_column" if name.endswith("_col") else name] = value
    return found


def _older_windows(new: Mapping[str, Any]) -> Json:
    found: Json = {}
    for name, value in new.items():
        if name == "granularities" and isinstance(value, list):
            texts = [str(each) for each in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            found[name] = [each.removeprefix(_GRANULARITY).lower().replace("_", " ") for each in texts]
        elif name == "problem_type":
            found[name] = str(value).removeprefix("INFERENCE_")
        elif name.removesuffix("_column") in _COLUMNS:
            found[f"{name.removesuffix('_column')}_col"] = value
        else:
            found[name] = value
    return found


# --- between the task of a refresh and the control plane


def work_json(work: Work) -> Json:
    monitor, refresh = work.monitor, work.refresh
    return {
        "monitor": {
            "monitor_id": monitor.monitor_id,
            "table_name": monitor.table_name,
            "settings": monitor.settings.document(),
            "version": monitor.version,
            "owner": monitor.owner,
            "created_at": monitor.created_at,
            "changed_at": monitor.changed_at,
            "table_id": monitor.table_id,
            "job_id": monitor.job_id,
        },
        "refresh": {
            "refresh_id": refresh.refresh_id,
            "monitor_id": refresh.monitor_id,
            "table_name": refresh.table_name,
            "state": refresh.state.value,
            "trigger": refresh.trigger.value,
            "requested_by": refresh.requested_by,
            "started_at": refresh.started_at,
            "run_id": refresh.run_id,
            "backfill": None if refresh.backfill is None else [refresh.backfill.start, refresh.backfill.end],
            "is_full": refresh.is_full,
        },
        "progress": work.progress.to_json(),
    }


def work_from_json(data: Mapping[str, Any]) -> Work:
    monitor, refresh = dict(data["monitor"]), dict(data["refresh"])
    settings = read_settings(monitor.pop("settings"), str(monitor["table_name"]))
    span = refresh.pop("backfill")
    state, trigger = RefreshState(refresh.pop("state")), RefreshTrigger(refresh.pop("trigger"))
    return Work(
        Refresh(**refresh, state=state, trigger=trigger, backfill=None if span is None else Span(*span)),
        Monitor(**monitor, settings=settings),
        Progress.from_json(data["progress"]),
    )
