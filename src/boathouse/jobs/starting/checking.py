"""What is wrong with what a job says about starting its runs."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from boathouse.catalog.events.nouns import KNOWN_TYPES
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.event_filter import problems_of_filter
from boathouse.foundation.names import SchemaName, TableName
from boathouse.foundation.shapes import Problem
from boathouse.foundation.yaml_source import KeyPath
from boathouse.jobs.settings import (
    CronSchedule,
    JobSettings,
    ModelCondition,
    ModelTrigger,
    TableUpdateTrigger,
    TriggerSettings,
)
from boathouse.jobs.starting.cron import parse_cron, parse_zone, require_fires
from boathouse.jobs.states import ResultState
from boathouse.session.volumes import VolumePath

MOST_TABLES = 10
"""Tables that one trigger can watch, as on Databricks."""
MOST_INTERVALS = 1000
LONGEST_SECONDS = 366 * 24 * 3600
_STARTERS = ("schedule", "trigger", "continuous")
_KINDS = tuple(name for name in TriggerSettings.model_fields if name not in ("pause_status", "sql_condition"))
_NO_RUN_ENDS_SO = (ResultState.INTERRUPTED,)


def problems_of_starting(settings: JobSettings) -> Iterator[Problem]:
    """Everything wrong with schedule, trigger and continuous."""
    said = [name for name in _STARTERS if getattr(settings, name) is not None]
    if len(said) > 1:
        yield Problem(
            (said[1],), f"only one of schedule, trigger and continuous can be; there is {' and '.join(said)}."
        )
    if settings.schedule is not None:
        yield from _schedule_problems(settings.schedule)
    if settings.trigger is not None:
        yield from _trigger_problems(settings.trigger)
    if settings.continuous is not None and settings.max_concurrent_runs > 1:
        message = "a continuous job has one run at a time."
        yield Problem(("max_concurrent_runs",), message, "Leave max_concurrent_runs out.")


def _schedule_problems(schedule: CronSchedule) -> Iterator[Problem]:
    zone = cron = None
    try:
        zone = parse_zone(schedule.timezone_id)
    except InvalidInput as error:
        yield Problem(("schedule", "timezone_id"), error.message, error.hint)
    try:
        cron = parse_cron(schedule.quartz_cron_expression)
        if zone is not None:
            require_fires(cron, datetime.now(UTC), zone)
    except InvalidInput as error:
        yield Problem(("schedule", "quartz_cron_expression"), error.message, error.hint)
    if schedule.sql_condition is not None:
        yield Problem(("schedule", "sql_condition"), "sql_condition is not supported.", "Check it in a condition_task.")


def _trigger_problems(trigger: TriggerSettings) -> Iterator[Problem]:
    said = [name for name in _KINDS if getattr(trigger, name) is not None]
    if len(said) != 1:
        found = " and ".join(said) if said else "none"
        yield Problem(("trigger",), f"a trigger watches exactly one thing; there is {found}.", f"One of {_listed()}.")
    if trigger.sql_condition is not None:
        yield Problem(("trigger", "sql_condition"), "sql_condition is not supported.", "Check it in a condition_task.")
    if trigger.file_arrival is not None:
        yield from _said_badly(("trigger", "file_arrival", "url"), VolumePath.parse, trigger.file_arrival.url)
    if trigger.table_update is not None:
        yield from _table_problems(trigger.table_update)
    if trigger.model is not None:
        yield from _model_problems(trigger.model)
    if trigger.event is not None:
        yield from problems_of_filter(trigger.event, KNOWN_TYPES, ("trigger", "event"))
        if "{{" in (trigger.event.subject or ""):
            message = f"{trigger.event.subject!r} holds a reference; a trigger knows no run yet."
            yield Problem(("trigger", "event", "subject"), message)
    if trigger.periodic is not None and trigger.periodic.interval > MOST_INTERVALS:
        message = f"{trigger.periodic.interval} {trigger.periodic.unit.lower()} are too long an interval."
        yield Problem(("trigger", "periodic", "interval"), message, f"{MOST_INTERVALS} is the most.")
    for kind in _KINDS:
        for field in ("min_time_between_triggers_seconds", "wait_after_last_change_seconds"):
            if getattr(getattr(trigger, kind), field, 0) > LONGEST_SECONDS:
                yield Problem(("trigger", kind, field), "that is more than a year.")
    if trigger.job_completion is not None:
        known = [state.value for state in ResultState if state not in _NO_RUN_ENDS_SO]
        if not trigger.job_completion.results:
            yield Problem(
                ("trigger", "job_completion", "results"), "no result would start a run.", "Name one: SUCCESS."
            )
        for index, result in enumerate(trigger.job_completion.results):
            if result not in known:
                path = ("trigger", "job_completion", "results", index)
                yield Problem(path, f"{result!r} is no result of a run.", did_you_mean(result, known))
    if trigger.catalog_event is not None and not trigger.catalog_event.action:
        yield Problem(("trigger", "catalog_event", "action"), "no action is named.", "Name one, or * for any.")


def _table_problems(trigger: TableUpdateTrigger) -> Iterator[Problem]:
    here = ("trigger", "table_update", "table_names")
    if not 1 <= len(trigger.table_names) <= MOST_TABLES:
        yield Problem(here, f"a trigger watches 1 to {MOST_TABLES} tables, not {len(trigger.table_names)}.")
    for index, name in enumerate(trigger.table_names):
        yield from _said_badly((*here, index), TableName.parse, name)
        if name in trigger.table_names[:index]:
            yield Problem((*here, index), f"{name} is said for the second time.")


def _model_problems(trigger: ModelTrigger) -> Iterator[Problem]:
    here = ("trigger", "model")
    if trigger.aliases and trigger.condition is not ModelCondition.MODEL_ALIAS_SET:
        yield Problem((*here, "aliases"), f"aliases need the condition {ModelCondition.MODEL_ALIAS_SET}.")
    name = trigger.securable_name
    if name is not None and not 1 <= len(name.split(".")) <= 3:
        yield Problem(
            (*here, "securable_name"), f"{name!r} is no model, schema or catalog.", "Write catalog.schema.model."
        )
    if name is not None and name.count(".") == 1:
        yield from _said_badly((*here, "securable_name"), SchemaName.parse, name)


def _said_badly(path: KeyPath, read: Callable[[str], object], text: str) -> Iterator[Problem]:
    if "{{" in text or "${" in text:
        yield Problem(path, f"{text!r} holds a reference; a trigger knows no run yet.")
        return
    try:
        read(text)
    except InvalidInput as error:
        yield Problem(path, error.message, error.hint)


def _listed() -> str:
    return f"{', '.join(_KINDS[:-1])} or {_KINDS[-1]}"
