"""A task done once more as it was: its recipe outlives the run, and names nothing that may have changed since."""

import json
from typing import Any

import pytest
from sqlalchemy import update

from boathouse.catalog import METASTORE_NAME, Privilege, SecurableKind
from boathouse.foundation.context import TaskContext
from boathouse.foundation.errors import Denied
from boathouse.foundation.principals import EVERYONE
from boathouse.jobs import read_job
from boathouse.jobs.again.replaying import reproduction_of
from boathouse.jobs.executing.preparing import task_context
from boathouse.jobs.schema import task_runs
from boathouse.jobs.task_values import TaskValueNotFound

JOB = {
    "name": "train",
    "parameters": [{"name": "seed", "default": "7"}],
    "environments": [{"environment_key": "e", "spec": {"dependencies": ["numpy"]}}],
    "tasks": [
        {"task_key": "find", "spark_python_task": {"python_file": "a.py"}},
        {
            "task_key": "fit",
            "depends_on": [{"task_key": "find"}],
            "environment_key": "e",
            "max_retries": 3,
            "spark_python_task": {
                "python_file": "a.py",
                "parameters": [
                    "{{job.parameters.seed}}", "{{tasks.find.values.rows}}", "{{job.run_id}}", "{{secrets/s/k}}",
                ],
            },
        },
    ],
}  # fmt: skip


@pytest.fixture
def done(house: Any) -> Any:
    """A run whose first task has left a value."""
    job_id = house.jobs.create(house.ada, read_job(JOB), deployment=house.deployment)
    run = house.jobs.get_run(house.ada, house.jobs.run_now(house.ada, job_id, parameters={"seed": "9"}))
    with house.database.write() as connection:
        connection.execute(update(task_runs).values(life_cycle_state="RUNNING"))
    find = TaskContext(job_id, "train", run.run_id, "find", run.task("find").task_run_id)
    house.jobs.set_task_value(house.ada, find, "rows", 200)
    return run


def again(house: Any, recipe: Any, who: Any) -> Any:
    then = ("compare_predictions", {"model": "main.s.m"})
    run_id = house.jobs.replays.submit(who, recipe, reproduction="x", environment="abc", then=then)
    return house.jobs.replays.find(run_id)


def test_a_recipe_has_every_reference_resolved_but_those_to_secrets(house: Any, done: Any) -> None:
    recipe = house.jobs.replays.recipe(done.task("fit").task_run_id)

    (task,) = recipe["settings"]["tasks"]
    assert task["spark_python_task"]["parameters"] == ["9", "200", str(done.run_id), "{{secrets/s/k}}"]
    assert not {"depends_on", "max_retries"} & task.keys()
    assert recipe["parameters"] == {"seed": "9"}
    assert recipe["values"] == {"find": {"rows": "200"}}
    assert recipe["deployment"]["source_root"] == house.deployment.source_root
    assert json.loads(json.dumps(recipe)) == recipe


def test_a_run_that_follows_a_recipe_belongs_to_its_reproduction(house: Any, done: Any) -> None:
    recipe = house.jobs.replays.recipe(done.task("fit").task_run_id)
    house.jobs.delete(house.ada, done.job_id)

    run = again(house, json.loads(json.dumps(recipe)), house.ada)

    assert [task.task_key for task in run.tasks] == ["fit", "compare"]
    assert (run.run_type, run.run_as, run.parameters) == ("SUBMIT_RUN", "ada", {"seed": "9"})
    assert run.settings.task("compare").environment_key == "e"
    assert reproduction_of(run) == "x"
    assert task_context(run, run.tasks[0], 0, "abc").reproduction == "x"
    assert task_context(done, done.tasks[0], 0, "abc").reproduction is None


def test_a_task_finds_the_values_that_were_left_then(house: Any, done: Any) -> None:
    run = again(house, house.jobs.replays.recipe(done.task("fit").task_run_id), house.ada)
    task = TaskContext(run.job_id, "train", run.run_id, "fit", run.tasks[0].task_run_id, reproduction="x")

    assert house.jobs.get_task_value(house.ada, task, "find", "rows") == 200
    with pytest.raises(TaskValueNotFound):
        house.jobs.get_task_value(house.ada, task, "find", "columns")


def test_a_task_is_done_again_with_the_rights_of_whoever_asks(house: Any, done: Any) -> None:
    recipe = house.jobs.replays.recipe(done.task("fit").task_run_id)

    run = again(house, recipe, house.bob)

    assert (run.run_as, run.creator) == ("bob", "bob")


def test_only_who_may_have_tasks_run_may_have_one_done_again(house: Any, done: Any) -> None:
    recipe = house.jobs.replays.recipe(done.task("fit").task_run_id)
    house.catalog.grants.revoke(house.ada, EVERYONE, [Privilege.CREATE_JOB], SecurableKind.METASTORE, METASTORE_NAME)

    with pytest.raises(Denied):
        again(house, recipe, house.bob)


def test_of_a_task_that_nobody_knows_there_is_no_recipe(house: Any) -> None:
    assert house.jobs.replays.recipe(12345) is None
