"""Tasks that need no process tell of themselves as the others do."""

from typing import Any

from boathouse.notifications.outbox import Outbox

ME = {"on_start": ["me@example.org"], "on_success": ["me@example.org"], "on_failure": ["me@example.org"]}
ALWAYS = {"op": "EQUAL_TO", "left": "1", "right": "1"}


def told(home: Any, run_id: int) -> list[str]:
    found = Outbox(home.database).list(limit=100, run_id=run_id)
    return [f"{each.payload['task']['task_key']} {each.event_type.removeprefix('jobs.')}" for each in reversed(found)]


def test_conditions_loops_and_runs_of_other_jobs_tell_of_their_start_and_their_end(working_home) -> None:
    check = {"task_key": "check", "condition_task": ALWAYS}
    other = working_home.create({"name": "other", "tasks": [check]})
    loop = {"inputs": "[1, 2]", "task": {"task_key": "each", "condition_task": ALWAYS}}
    tasks = [
        check,
        {"task_key": "loop", "for_each_task": loop, "depends_on": [{"task_key": "check"}]},
        {"task_key": "job", "run_job_task": {"job_id": other}, "depends_on": [{"task_key": "loop"}]},
    ]

    run = working_home.run({"name": "n", "tasks": [task | {"email_notifications": ME} for task in tasks]})

    keys = ("check", "loop", "job")
    assert told(working_home, run.run_id) == [f"{key} {event}" for key in keys for event in ("on_start", "on_success")]


def test_each_attempt_to_run_another_job_is_told_of(working_home) -> None:
    fails = {"task_key": "a", "condition_task": ALWAYS | {"op": "LESS_THAN", "left": "{{job.name}}"}}
    other = working_home.create({"name": "other", "tasks": [fails]})
    task = {"task_key": "job", "run_job_task": {"job_id": other}, "max_retries": 1, "email_notifications": ME}

    run = working_home.run({"name": "n", "tasks": [task]})

    assert told(working_home, run.run_id) == ["job on_start", "job on_failure"] * 2
