"""The moments at which somebody is told: each writes its messages in the transaction that it tells of.

A run that nobody wants to hear of costs one look into an index.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.jobs.records import Attempt, State
from boathouse.jobs.rows import FINAL
from boathouse.jobs.schema import job_runs, task_runs
from boathouse.jobs.settings import JobSettings
from boathouse.jobs.starting.triggers.job_completion import run_has_ended
from boathouse.jobs.states import ResultState
from boathouse.jobs.telling.plans import Plan, plans_of
from boathouse.jobs.telling.schema import run_tellings, run_watches
from boathouse.metastore import Database
from boathouse.notifications.destinations import require_known
from boathouse.notifications.messages import Message
from boathouse.notifications.outbox import write

ON_START, ON_SUCCESS, ON_FAILURE = "on_start", "on_success", "on_failure"
ON_DURATION = "on_duration_warning_threshold_exceeded"
WORKSPACE_ID = "1"
"""There is one workspace; Databricks' shape has a place for it."""
_GOOD = (ResultState.SUCCESS, ResultState.SUCCESS_WITH_FAILURES)
_BAD = (ResultState.FAILED, ResultState.TIMEDOUT)
_NEVER_BEGAN = (
    ResultState.UPSTREAM_FAILED,
    ResultState.UPSTREAM_CANCELED,
    ResultState.EXCLUDED,
    ResultState.DISABLED,
)
_SKIPPED = (*_NEVER_BEGAN, ResultState.MAXIMUM_CONCURRENT_RUNS_REACHED)


def require_destinations(connection: Connection, settings: JobSettings) -> None:
    """Refuse destinations that are not there, in the transaction that writes the job.

    Raises:
        InvalidInput: There is no such destination.
    """
    named = [name for _, plan in plans_of(settings) for names in plan.webhooks.values() for name in names]
    require_known(connection, named)


def run_is_asked_for(connection: Connection, run_id: int, settings: JobSettings) -> None:
    """Keep who is to be told."""
    rows = [{"run_id": run_id, "task_key": key, "plan": plan.to_text()} for key, plan in plans_of(settings)]
    if rows:
        connection.execute(insert(run_tellings), rows)


def run_begins(connection: Connection, run_id: int, now: int) -> None:
    """A worker has begun with a run, or with a repair of it."""
    if (plan := _plan(connection, run_id, "")) is None:
        return
    run = _run(connection, run_id)
    _tell(connection, plan, ON_START, run, None, now)
    _watch(connection, plan, run_id, "", now)


def run_ends(connection: Connection, run_id: int, state: State, now: int) -> None:
    """A run has come to its end, or was skipped."""
    run = _run(connection, run_id)
    if state.result is not None:
        run_has_ended(connection, run, state.result.value, now)
    if state.result in _BAD:
        events.write(connection, [_failed(run, state)], now)
    if (plan := _plan(connection, run_id, "")) is None:
        return
    _unwatch(connection, run_id, "")
    if (event := _event_of(plan, state.result)) is not None:
        _tell(connection, plan, event, run, None, now)


def attempt_begins(connection: Connection, task_run_id: int, attempt: int, now: int) -> None:
    """A task is tried."""
    found = _task_with_plan(connection, task_run_id)
    if found is None:
        return
    task, plan = found
    if attempt > task.first_attempt and plan.only_last_attempt:
        return
    _tell(connection, plan, ON_START, _run(connection, task.run_id), task, now)
    if attempt == task.first_attempt:
        _watch(connection, plan, task.run_id, task.task_key, now)


def attempt_ends(connection: Connection, attempt: Attempt, *, is_last: bool) -> None:
    """One attempt at a task is over; unless it is the last one, the task is tried again."""
    result, now = attempt.result, attempt.ended_at or attempt.started_at
    if result in (None, ResultState.INTERRUPTED):
        return
    if is_last:
        tasks_end(connection, {attempt.task_run_id: result}, now)
    else:
        attempt_fails(connection, attempt.task_run_id, result, now)


def attempt_fails(connection: Connection, task_run_id: int, result: ResultState, now: int) -> None:
    """A task did not succeed and is tried again."""
    if (found := _task_with_plan(connection, task_run_id)) and not found[1].only_last_attempt:
        _tell_of_task(connection, *found, result, now)


def tasks_end(connection: Connection, results: Mapping[int, ResultState], now: int) -> None:
    """Tasks have come to their end. One that never began tells nobody: the one that was the reason does."""
    for task_run_id, result in results.items():
        if result in _NEVER_BEGAN or (found := _task_with_plan(connection, task_run_id)) is None:
            continue
        _unwatch(connection, found[0].run_id, found[0].task_key)
        _tell_of_task(connection, *found, result, now)


def warn_of_long_runs(database: Database, now: int, limit: int = 100) -> int:
    """Tell of runs and tasks that take longer than their health rule says; gives their number."""
    query = select(run_watches).where(run_watches.c.due_at <= now).limit(limit)
    with database.read() as connection:
        due = connection.execute(query).all()
    return sum(_warn(database, row, now) for row in due)


def _warn(database: Database, watch: Any, now: int) -> bool:
    same = (run_watches.c.run_id == watch.run_id) & (run_watches.c.task_key == watch.task_key)
    with database.write() as connection:
        if not connection.execute(delete(run_watches).where(same)).rowcount:
            return False
        plan = _plan(connection, watch.run_id, watch.task_key)
        run = _run(connection, watch.run_id)
        task = _task(connection, watch.run_id, watch.task_key) if watch.task_key else None
        open_state = (task or run).life_cycle_state
        if plan is None or open_state in FINAL:
            return False
        _tell(connection, plan, ON_DURATION, run, task, now)
        return True


def _tell_of_task(connection: Connection, task: Any, plan: Plan, result: ResultState, now: int) -> None:
    if (event := _event_of(plan, result)) is not None:
        _tell(connection, plan, event, _run(connection, task.run_id), task, now, result=result)


def _failed(run: Any, state: State) -> NewEvent:
    data = {
        "run_id": run.run_id,
        "job_id": run.job_id,
        "job_name": run.name,
        "result_state": None if state.result is None else state.result.value,
        "message": state.message,
        "run_as": run.run_as,
        "run_type": run.run_type,
        "trigger": run.trigger_type,
    }
    return NewEvent(EventType.RUN_FAILED, str(run.job_id), run.creator, data)


def _event_of(plan: Plan, result: ResultState | None) -> str | None:
    if result in _GOOD:
        return ON_SUCCESS
    if result is ResultState.CANCELED and plan.silent_when_canceled:
        return None
    if result in _SKIPPED and plan.silent_when_skipped:
        return None
    return ON_FAILURE


def _plan(connection: Connection, run_id: int, task_key: str) -> Plan | None:
    mine = (run_tellings.c.run_id == run_id) & (run_tellings.c.task_key == task_key)
    text = connection.execute(select(run_tellings.c.plan).where(mine)).scalar()
    return Plan.from_text(text) if text else None


def _run(connection: Connection, run_id: int) -> Any:
    columns = (
        job_runs.c.run_id,
        job_runs.c.job_id,
        job_runs.c.number_in_job,
        job_runs.c.life_cycle_state,
        job_runs.c.result_state,
        job_runs.c.state_message,
        job_runs.c.name,
        job_runs.c.creator,
        job_runs.c.run_as,
        job_runs.c.run_type,
        job_runs.c.trigger_type,
    )
    return connection.execute(select(*columns).where(job_runs.c.run_id == run_id)).one()


def _task_with_plan(connection: Connection, task_run_id: int) -> tuple[Any, Plan] | None:
    """The task and its plan; iterations of a for-each tell nobody, the for-each does."""
    query = (
        select(task_runs, run_tellings.c.plan)
        .join(
            run_tellings,
            (run_tellings.c.run_id == task_runs.c.run_id) & (run_tellings.c.task_key == task_runs.c.task_key),
        )
        .where(task_runs.c.task_run_id == task_run_id, task_runs.c.for_each.is_(None))
    )
    row = connection.execute(query).one_or_none()
    return (row, Plan.from_text(row.plan)) if row else None


def _task(connection: Connection, run_id: int, task_key: str) -> Any:
    mine = (task_runs.c.run_id == run_id) & (task_runs.c.task_key == task_key) & task_runs.c.is_latest
    return connection.execute(select(task_runs).where(mine)).first()


def _watch(connection: Connection, plan: Plan, run_id: int, task_key: str, now: int) -> None:
    if plan.warn_after_seconds is None or not (ON_DURATION in plan.emails or ON_DURATION in plan.webhooks):
        return
    _unwatch(connection, run_id, task_key)
    due_at = now + plan.warn_after_seconds * 1000
    connection.execute(insert(run_watches).values(run_id=run_id, task_key=task_key, due_at=due_at))


def _unwatch(connection: Connection, run_id: int, task_key: str) -> None:
    mine = (run_watches.c.run_id == run_id) & (run_watches.c.task_key == task_key)
    connection.execute(delete(run_watches).where(mine))


def _tell(
    connection: Connection, plan: Plan, event: str, run: Any, task: Any, now: int, *, result: ResultState | None = None
) -> None:
    messages = _messages(plan, event, run, task, now, result)
    write(connection, messages, now)


def _messages(plan: Plan, event: str, run: Any, task: Any, now: int, result: ResultState | None) -> Iterator[Message]:
    payload = _payload(plan, event, run, task, now, result)
    for is_email, recipients in ((True, plan.emails.get(event, [])), (False, plan.webhooks.get(event, []))):
        for recipient in dict.fromkeys(recipients):
            yield Message(f"jobs.{event}", recipient, payload, is_email, run.job_id, run.run_id)


def _payload(plan: Plan, event: str, run: Any, task: Any, now: int, result: ResultState | None) -> Mapping[str, Any]:
    """The documented shape of Databricks' webhooks; ``state`` is ours."""
    shown: dict[str, Any] = {
        "event_type": f"jobs.{event}",
        "workspace_id": WORKSPACE_ID,
        "run": {"run_id": str(run.run_id)},
        "job": {"job_id": str(run.job_id), "name": plan.job_name},
        "timestamp_ms": now,
    }
    subject = run
    if task is not None:
        subject = task
        shown["run"] = {"run_id": str(task.task_run_id), "parent_run_id": str(run.run_id)}
        shown["task"] = {"task_key": task.task_key}
    if event == ON_DURATION:
        shown["threshold"] = {"metric": "RUN_DURATION_SECONDS", "value": plan.warn_after_seconds}
    if event in (ON_SUCCESS, ON_FAILURE):
        shown["state"] = {
            "life_cycle_state": subject.life_cycle_state,
            "result_state": result.value if result else subject.result_state,
            "state_message": subject.state_message,
        }
    return shown
