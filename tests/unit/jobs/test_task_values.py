"""What tasks leave for each other: whose they are, how large they may be, and that they outlive a retry's mistakes."""

import pytest
from sqlalchemy import update

from boathouse.foundation.context import TaskContext
from boathouse.foundation.errors import Denied, InvalidInput
from boathouse.jobs.schema import task_runs
from boathouse.jobs.task_values import MAXIMUM_BYTES, MAXIMUM_VALUES, TaskValueNotFound


def running_task(house) -> TaskContext:
    job_id = house.create(house.ada)
    run = house.jobs.get_run(house.ada, house.jobs.run_now(house.ada, job_id))
    with house.database.write() as connection:
        connection.execute(update(task_runs).values(life_cycle_state="RUNNING"))
    return TaskContext(job_id, "n", run.run_id, "a", run.tasks[0].task_run_id)


@pytest.mark.parametrize("value", [None, 10, 1.5, "größe", [1, {"a": None}], True, ""])
def test_a_value_comes_back_as_it_was_left(house, value: object) -> None:
    task = running_task(house)

    house.jobs.set_task_value(house.ada, task, "rows", "before")
    house.jobs.set_task_value(house.ada, task, "rows", value)

    assert house.jobs.get_task_value(house.ada, task, "a", "rows") == value
    shown = house.jobs.get_run(house.ada, task.run_id)
    assert shown.run_id == task.run_id


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object(), "x" * MAXIMUM_BYTES, "\ud800"])
def test_what_is_no_json_or_too_large_is_refused(house, value: object) -> None:
    task = running_task(house)
    with pytest.raises(InvalidInput, match="task value 'rows'"):
        house.jobs.set_task_value(house.ada, task, "rows", value)


def test_a_missing_value_is_named_with_what_there_is(house) -> None:
    task = running_task(house)
    house.jobs.set_task_value(house.ada, task, "rows", 1)

    with pytest.raises(TaskValueNotFound, match=r"no value 'rwos'.*Did you mean rows"):
        house.jobs.get_task_value(house.ada, task, "a", "rwos")
    with pytest.raises(TaskValueNotFound, match="no task 'b'"):
        house.jobs.get_task_value(house.ada, task, "b", "rows")


def test_only_a_task_that_runs_can_leave_a_value(house) -> None:
    task = running_task(house)
    with pytest.raises(Denied, match="outside of any"):
        house.jobs.set_task_value(house.ada, None, "rows", 1)
    with house.database.write() as connection:
        connection.execute(update(task_runs).values(attempt=1))

    with pytest.raises(Denied, match="is not running"):
        house.jobs.set_task_value(house.ada, task, "rows", 1)


def test_a_task_cannot_leave_any_number_of_values(house) -> None:
    task = running_task(house)
    for number in range(MAXIMUM_VALUES):
        house.jobs.set_task_value(house.ada, task, f"v{number}", number)

    with pytest.raises(InvalidInput, match="as many as a task may"):
        house.jobs.set_task_value(house.ada, task, "more", 1)
