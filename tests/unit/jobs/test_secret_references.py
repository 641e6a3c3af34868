"""What a job may say about secrets and variables, and what becomes of it before anything else is resolved."""

from dataclasses import replace
from typing import Any

import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.shapes import dotted
from boathouse.jobs.executing.secret_references import problems_of_secrets, problems_of_variables, with_marks
from boathouse.jobs.records import Run, State, TaskRun
from boathouse.jobs.settings import JobSettings
from boathouse.jobs.states import LifeCycleState

PENDING = State(LifeCycleState.PENDING)


def settings(*parameters: str, **more: Any) -> JobSettings:
    task = {"task_key": "a", "spark_python_task": {"python_file": "a.py", "parameters": list(parameters)}}
    return JobSettings.model_validate({"tasks": [task], **more})


def run(given: JobSettings, **parameters: str) -> tuple[Run, TaskRun]:
    task_run = TaskRun(2, 1, given.tasks[0].task_key, 0, PENDING)
    values = {each.name: each.default for each in given.parameters} | parameters
    return Run(1, 1, "n", given, PENDING, "ada", "ada", 0, 1, parameters=values, tasks=(task_run,)), task_run


def test_references_become_marks_that_nobody_can_guess() -> None:
    given = settings("postgres://{{ secrets/prod/db }}@h", "plain")
    changed, marks = with_marks(*run(given))
    again, _ = with_marks(*run(given))

    (mark, value) = next(iter(marks.values(lambda scope, key: f"{scope}.{key}".encode()).items()))
    first, second = changed.settings.tasks[0].spark_python_task.parameters
    assert value == "prod.db" and first == f"postgres://{mark}@h" and second == "plain"
    assert again.settings.tasks[0].spark_python_task.parameters[0] != first
    assert given.tasks[0].spark_python_task.parameters[0] == "postgres://{{ secrets/prod/db }}@h"


def test_only_the_defaults_of_parameters_count() -> None:
    given = settings(parameters=[{"name": "p", "default": "{{secrets/prod/db}}"}, {"name": "q", "default": "1"}])

    assert with_marks(*run(given))[0].parameters["p"].startswith("[secret ")
    asked = run(given, p="{{secrets/prod/other}}", q="{{secrets/prod/db}}")
    changed, marks = with_marks(*asked)
    assert changed.parameters == {"p": "{{secrets/prod/other}}", "q": "{{secrets/prod/db}}"}
    assert marks.values(lambda *_: b"never") == {}


def test_the_task_within_a_loop_has_its_secrets_too() -> None:
    inner = {"task_key": "i", "spark_python_task": {"python_file": "a.py", "parameters": ["{{secrets/s/k}}"]}}
    loop = {"task_key": "a", "for_each_task": {"inputs": "[1]", "task": inner}}
    whole, task_run = run(JobSettings.model_validate({"tasks": [loop]}))

    changed, marks = with_marks(whole, replace(task_run, task_key="i", for_each="a", iteration=0))

    loop_after = changed.settings.tasks[0].for_each_task
    assert list(marks.values(lambda *_: b"v")) == loop_after.task.spark_python_task.parameters


def test_a_task_without_secrets_is_left_as_it_is() -> None:
    whole, task_run = run(settings("{{job.id}}"))

    assert with_marks(whole, task_run)[0] is whole


def test_a_secret_that_is_no_text_cannot_be_a_parameter() -> None:
    _, marks = with_marks(*run(settings("{{secrets/prod/db}}")))

    with pytest.raises(InvalidInput, match="prod/db is not text"):
        marks.values(lambda *_: b"\xff")


@pytest.mark.parametrize(
    "wrong", ["{{secrets/prod}}", "{{secrets.prod.db}}", "{{secrets/a/b/c}}", "{{ secrets / a / b }}"]
)
def test_what_looks_like_a_secret_and_is_none_is_refused(wrong: str) -> None:
    (problem,) = problems_of_secrets(settings(wrong).tasks[0], ("tasks", 0))

    assert str(problem) == f"tasks[0]: {wrong} names no secret. Write {{{{secrets/scope/key}}}}."


def test_everything_wrong_with_variables_is_said_at_once() -> None:
    twice = [{"environment_variables_key": "e", "spec": {"variables": {"BOATHOUSE_TOKEN": "x"}}}] * 2
    files = {"environment_variables_key": "f", "spec": {"files": ["/a.env"]}}
    task = {"task_key": "a", "spark_python_task": {"python_file": "a.py"}, "environment_variables_key": "ee"}
    given = JobSettings.model_validate({"tasks": [task], "environment_variables": [*twice, files]})

    assert [dotted(each.path) for each in problems_of_variables(given)] == [
        "environment_variables[0].spec.variables.BOATHOUSE_TOKEN",
        "environment_variables[1].environment_variables_key",
        "environment_variables[1].spec.variables.BOATHOUSE_TOKEN",
        "environment_variables[2].spec.files",
        "tasks[0].environment_variables_key",
    ]


@pytest.mark.parametrize(
    "task",
    [
        {"condition_task": {"op": "EQUAL_TO", "left": "{{secrets/a/b}}", "right": "x"}},
        {"run_job_task": {"job_id": 1, "job_parameters": {"p": "{{secrets/a/b}}"}}},
        {"for_each_task": {"inputs": '["{{secrets/a/b}}"]', "task": {"task_key": "w"}}},
    ],
)
def test_a_task_without_a_process_cannot_have_secrets(task: dict[str, Any]) -> None:
    given = JobSettings.model_validate({"tasks": [{"task_key": "a", **task}]})
    assert [dotted(each.path) for each in problems_of_secrets(given.tasks[0], ())] == [next(iter(task))]
