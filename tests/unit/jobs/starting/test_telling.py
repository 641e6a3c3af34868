"""Who is told about a run: in the transaction that it is about, and only who asked."""

from typing import Any

import pytest

from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.ids import new_id
from boathouse.foundation.shapes import DoesNotFit
from boathouse.jobs.records import Attempt, Outcome, State
from boathouse.jobs.rows import ended, task_columns
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.notifications.outbox import Outbox

ME = ["me@example.org"]
ALL = {"on_start": ME, "on_success": ME, "on_failure": ME}


def told(house) -> list[str]:
    """What was written, oldest first: the event, and the task's key."""
    found = reversed(Outbox(house.database).list(limit=1000))
    return [f"{each.event_type.removeprefix('jobs.')} {each.payload.get('task', {}).get('task_key', '')}".strip()
            for each in found]  # fmt: skip


def begin(house, job_id: int):
    house.jobs.run_now(house.ada, job_id)
    run = house.runs_of(job_id)[-1]
    house.runs.claim("w", 10)
    house.runs.start(run.run_id, "w", epoch_ms(house.clock.now()))
    return house.runs.find(run.run_id)


def attempt(house, run: Any, number: int, result: ResultState, *, is_last: bool) -> None:
    now = epoch_ms(house.clock.now())
    made = Attempt(run.tasks[0].task_run_id, number, "w", now, token_id=new_id())
    assert house.runs.begin_attempt(made, environment_key=None, setup_ms=0)
    columns = task_columns(ended(Outcome(result)) if is_last else State(LifeCycleState.WAITING_FOR_RETRY), ended_at=now)
    over = Attempt(made.task_run_id, number, "w", now, token_id=made.token_id, ended_at=now, result=result)
    assert house.runs.end_attempt(over, columns, "w")


def of_task(**more: Any) -> dict[str, Any]:
    task = {"task_key": "a", "spark_python_task": {"python_file": "a.py"}, **more}
    return {"tasks": [task]}


def test_a_run_tells_of_its_start_and_its_end_once(house) -> None:
    job_id = house.create(email_notifications=ALL)
    run = begin(house, job_id)
    house.runs.start(run.run_id, "w", 1)  # another look at it is no second start
    house.end(run)
    house.end(run)

    assert told(house) == ["on_start", "on_success"]


def test_a_run_that_nobody_wants_to_hear_of_tells_nobody(house) -> None:
    house.end(begin(house, house.create()))
    assert told(house) == []


@pytest.mark.parametrize(
    ("silence", "expected"),
    [
        ({}, ["on_failure"]),
        ({"no_alert_for_canceled_runs": True}, []),
        ({"no_alert_for_skipped_runs": True}, ["on_failure"]),
    ],
)
def test_a_cancelled_run_counts_as_failed_unless_that_is_not_wanted(house, silence, expected) -> None:
    job_id = house.create(email_notifications={"on_failure": ME}, notification_settings=silence)
    run_id = house.jobs.run_now(house.ada, job_id)
    house.jobs.cancel_run(house.ada, run_id)
    assert told(house) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"email_notifications": {"on_failure": ME}}, ["on_failure"]),
        ({"email_notifications": {"on_failure": ME, "no_alert_for_skipped_runs": True}}, []),
        (
            {
                "email_notifications": {"on_failure": ME},
                "notification_settings": {"no_alert_for_skipped_runs": True},
            },
            [],
        ),
    ],
)
def test_a_skipped_run_counts_as_failed_unless_that_is_not_wanted(house, said, expected) -> None:
    job_id = house.create(max_concurrent_runs=0, **said)
    house.jobs.run_now(house.ada, job_id)
    assert told(house) == expected


def test_a_task_tells_of_every_attempt(house) -> None:
    run = begin(house, house.create(**of_task(max_retries=2, email_notifications=ALL)))
    attempt(house, run, 0, ResultState.FAILED, is_last=False)
    attempt(house, run, 1, ResultState.INTERRUPTED, is_last=False)
    attempt(house, run, 2, ResultState.SUCCESS, is_last=True)

    assert told(house) == ["on_start a", "on_failure a", "on_start a", "on_start a", "on_success a"]


def test_a_task_tells_only_of_its_last_attempt_when_that_is_wanted(house) -> None:
    silence = {"notification_settings": {"alert_on_last_attempt": True}}
    run = begin(house, house.create(**of_task(max_retries=1, email_notifications=ALL, **silence)))
    attempt(house, run, 0, ResultState.FAILED, is_last=False)
    attempt(house, run, 1, ResultState.FAILED, is_last=True)

    assert told(house) == ["on_start a", "on_failure a"]


def test_a_task_that_never_began_tells_nobody(house) -> None:
    run = begin(house, house.create(**of_task(email_notifications=ALL)))
    house.runs.end_tasks({run.tasks[0].task_run_id: Outcome(ResultState.UPSTREAM_FAILED)}, 1)
    assert told(house) == []


def test_a_run_that_takes_too_long_is_told_of_once(house) -> None:
    rules = {"rules": [{"metric": "RUN_DURATION_SECONDS", "value": 60}]}
    warned = {"on_duration_warning_threshold_exceeded": ME}
    job_id = house.create(health=rules, email_notifications=warned)
    begin(house, job_id)
    quick = begin(house, job_id)

    house.after(seconds=59)
    house.end(quick)
    assert told(house) == []
    house.after(seconds=2)
    house.after(seconds=60)

    assert told(house) == ["on_duration_warning_threshold_exceeded"]


def test_the_message_and_what_it_tells_of_commit_together_or_not_at_all(house, monkeypatch) -> None:
    run = begin(house, house.create(email_notifications={"on_success": ME}))
    monkeypatch.setattr("boathouse.jobs.telling.moments.write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        house.end(run)
    monkeypatch.undo()
    found = house.runs.find(run.run_id)
    assert (found.state.life_cycle, told(house)) == (LifeCycleState.RUNNING, [])

    house.end(run)
    assert told(house) == ["on_success"]


def test_somebody_who_is_named_twice_is_told_once(house) -> None:
    house.end(begin(house, house.create(email_notifications={"on_success": [*ME, *ME]})))
    assert told(house) == ["on_success"]


def test_a_destination_that_is_not_there_is_refused_and_nothing_is_kept(house) -> None:
    with pytest.raises(InvalidInput, match="no notification destination 'pager'"):
        house.create(webhook_notifications={"on_failure": [{"id": "pager"}]})
    assert house.jobs.list(house.ada) == []


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (
            {"email_notifications": {"on_start": ["nobody"]}},
            r"email_notifications.on_start\[0\]: 'nobody' is no e-mail",
        ),
        ({"email_notifications": {"on_start": ["a@b.c\r\nBcc: x@y.z"]}}, "is no e-mail address"),
        ({"webhook_notifications": {"on_start": [{"id": str(n)} for n in range(4)]}}, "more than the 3"),
        ({"health": {"rules": [{"metric": "RUN_DURATION_SECOND", "value": 1}]}}, "RUN_DURATION_SECONDS"),
        ({"health": {"rules": [{"metric": "RUN_DURATION_SECONDS", "value": 10**30}]}}, "more than a year"),
        ({"email_notifications": {"on_start": ["a@b.c"] * 101}}, "more than the 100"),
        (
            of_task(health={"rules": [{"metric": "STREAMING_BACKLOG_BYTES", "value": 1}]}),
            r"tasks\[0\].health.rules\[0\]",
        ),
    ],
)
def test_nonsense_is_refused_when_it_is_written(house, said, problem) -> None:
    with pytest.raises(DoesNotFit, match=problem):
        house.create(**said)
