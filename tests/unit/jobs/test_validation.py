"""Which definitions are refused, and that each problem names its place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.foundation.shapes import DoesNotFit, dotted, unused_fields
from boathouse.jobs import problems_of_job, read_job
from boathouse.jobs.executing.loop_inputs import NoInputs, read_inputs
from boathouse.jobs.settings import JobSettings
from boathouse.jobs.validation import KINDS, UNSUPPORTED_KINDS


def task(key: str, *after: str, **more: Any) -> dict[str, Any]:
    script = {"spark_python_task": {"python_file": "a.py"}}
    return {"task_key": key, "depends_on": [{"task_key": each} for each in after], **script, **more}


def problems(**definition: Any) -> dict[str, str]:
    return {
        dotted(each.path): f"{each.message} {each.hint or ''}".strip()
        for each in problems_of_job(JobSettings.model_validate(definition))
    }


def test_a_graph_without_faults_is_accepted() -> None:
    settings = read_job({"name": "n", "tasks": [task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c")]})

    assert [each.task_key for each in settings.tasks] == ["a", "b", "c", "d"]


def test_a_circle_is_named_with_its_path() -> None:
    found = problems(tasks=[task("a", "c"), task("b", "a"), task("c", "b"), task("d")])

    assert found["tasks"] in {
        f"the tasks depend on each other in a circle: {way}."
        for way in ("a -> c -> b -> a", "c -> b -> a -> c", "b -> a -> c -> b",
                    "a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c")
    }  # fmt: skip


def test_a_task_that_waits_for_itself_is_a_circle() -> None:
    assert problems(tasks=[task("a", "a")])["tasks"].endswith("a -> a.")


def test_all_problems_are_listed_at_once_each_at_its_place() -> None:
    found = problems(
        tasks=[
            task("load"),
            task("load"),
            task("fit", "laod", environment_key="defualt"),
            task("x", run_if="ALL_DONE", disabled=True) | {"depends_on": [{"task_key": "load", "outcome": "true"}]},
            {"task_key": "empty"},
            {"task_key": "both", "spark_python_task": {"python_file": "a"}, "notebook_task": {"notebook_path": "a"}},
            {"task_key": "loop", "max_retries": 1, "for_each_task": {"inputs": "{}", "task": task("load")}},
            task("refs") | {"spark_python_task": {"python_file": "a", "parameters": ["{{job.parameters.mnth}}"]}},
            task("lib", libraries=[{"jar": "a.jar"}]),
        ],
        environments=[{"environment_key": "default"}],
        parameters=[{"name": "month", "default": "1"}, {"name": "month", "default": "2"}],
    )

    assert found == {
        "parameters[1].name": "'month' is said for the second time.",
        "tasks[1].task_key": "the task key 'load' is already used by tasks[0].",
        "tasks[2].depends_on[0].task_key": "the task 'fit' depends on 'laod', which this job does not have. "
        "Did you mean load?",
        "tasks[2].environment_key": "the job has no environment 'defualt'. Did you mean default?",
        "tasks[3].depends_on[0].outcome": "the task 'load' is no condition_task and has no outcome. Remove it.",
        "tasks[4]": f"a task does exactly one thing; the task 'empty' has none. Give it one of {', '.join(KINDS)}.",
        "tasks[5]": "a task does exactly one thing; the task 'both' has notebook_task and spark_python_task. "
        f"Give it one of {', '.join(KINDS)}.",
        "tasks[6].max_retries": "the task 'loop' itself is never tried again. Set it on the task within.",
        "tasks[6].for_each_task.inputs": 'inputs is no JSON array: {} Write an array: ["2013-06", "2013-07"].',
        "tasks[6].for_each_task.task.task_key": "the task key 'load' is already used by another task.",
        "tasks[7].spark_python_task": "{{job.parameters.mnth}}: the job has no parameter 'mnth'. Did you mean month?",
        "tasks[8].libraries[0].jar": "jar libraries are not supported. Use whl, pypi or requirements.",
    }  # fmt: skip


@pytest.mark.parametrize("kind", UNSUPPORTED_KINDS)
def test_every_kind_that_does_not_run_here_is_refused_by_name(kind: str) -> None:
    assert f"tasks[0].{kind}" in problems(tasks=[{"task_key": "a", kind: {}}])


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ({}, "tasks[0].sql_task"),
        ({"query": {"query_id": "1"}}, "tasks[0].sql_task.query.query_id"),
        ({"alert": {"alert_id": "1"}}, "tasks[0].sql_task.alert"),
        ({"file": {"path": "a.sql"}, "query": {"query_text": "SELECT 1"}}, "tasks[0].sql_task"),
    ],
)
def test_sql_tasks_need_exactly_one_text(sql: dict[str, Any], where: str) -> None:
    assert list(problems(tasks=[{"task_key": "a", "sql_task": sql}])) == [where]


@pytest.mark.parametrize("key", ["", "a b", "../x", "a/b", "x" * 101, "täsk"])
def test_a_task_key_that_no_folder_could_be_called_is_refused(key: str) -> None:
    with pytest.raises(DoesNotFit, match=r"tasks\[0\]\.task_key"):
        read_job({"tasks": [task(key)]})


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        ({"condition_task": {"op": "LESS_THAN", "left": "1", "right": "x"}}, "condition_task", "right is 'x'"),
        ({"condition_task": {"op": "EQUAL_TO", "left": "{{tasks.b.values.x}}", "right": "1"}}, "condition_task",
         "the job has no task 'b'"),
        ({"for_each_task": {"inputs": "[1, 2", "task": task("n")}}, "for_each_task.inputs", "inputs is no JSON"),
        ({"for_each_task": {"inputs": json.dumps([0] * 5001), "task": task("n")}}, "for_each_task.inputs",
         "has 5001 items; a for_each_task takes at most 5000."),
        ({"for_each_task": {"inputs": "[]", "task": {"task_key": "n", "for_each_task": {
            "inputs": "[]", "task": task("m")}}}}, "for_each_task.task.for_each_task", "cannot be within another"),
        ({"for_each_task": {"inputs": "[]", "task": task("n", "x")}}, "for_each_task.task.depends_on",
         "does not apply within"),
        ({"spark_python_task": {"python_file": "a", "parameters": ["{{input}}"]}}, "spark_python_task",
         "known only to the task within a for_each_task"),
        ({"spark_python_task": {"python_file": "a", "parameters": ["{{tasks.z.values.x}}"]}}, "spark_python_task",
         "the task 'z' does not come before this one. Name it in depends_on."),
        ({"spark_python_task": {"python_file": "a", "parameters": ["{{tasks.a.rows}}"]}}, "spark_python_task",
         "the task 'a' does not come before"),
    ],
)  # fmt: skip
def test_tasks_that_steer_others_are_checked_at_their_place(change: dict[str, Any], where: str, message: str) -> None:
    found = problems(tasks=[{"task_key": "a", **change}, task("z", "a")])

    assert list(found) == [f"tasks[0].{where}"]
    assert message in found[f"tasks[0].{where}"]


def test_a_reference_to_a_task_further_up_is_accepted() -> None:
    reads = {"spark_python_task": {"python_file": "a", "parameters": ["{{tasks.a.values.x}} {{ tasks.`a`.run_id }}"]}}

    assert problems(tasks=[task("a"), task("b", "a"), {**task("c", "b"), **reads}]) == {}


def test_what_is_not_acted_on_is_reported() -> None:
    settings = read_job({"tasks": [task("a", job_cluster_key="c")], "performance_target": "STANDARD"})

    assert sorted(dotted(path) for path in unused_fields(settings)) == [
        "performance_target",
        "tasks[0].job_cluster_key",
    ]


def test_numbers_and_booleans_are_text_as_parameters() -> None:
    settings = read_job(
        {"tasks": [task("a")], "parameters": [{"name": "n", "default": 3}, {"name": "b", "default": True}]}
    )

    assert [each.default for each in settings.parameters] == ["3", "true"]


KEYS = st.sampled_from([*JobSettings.model_fields, "task_key", "x"])
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


@given(ANYTHING)
def test_nothing_but_a_refusal_comes_of_nonsense(data: Any) -> None:
    if not isinstance(data, dict):
        data = {"tasks": data}
    try:
        read_job(data)
    except DoesNotFit as error:
        assert error.problems


@pytest.mark.parametrize("name", ["", " ", "a\x00b", "two\nlines", "x" * 4097])
def test_a_name_is_one_line_that_can_be_read(name: str) -> None:
    assert "name" in problems(name=name, tasks=[task("a")])


@pytest.mark.parametrize(
    "more", [{"timeout_seconds": 10**15}, {"tasks": [task("a", min_retry_interval_millis=10**20)]}]
)
def test_times_that_no_task_lives_to_see_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(DoesNotFit, match="more than the 314496000 s"):
        read_job({"name": "n", "tasks": [task("a")], **more})


@pytest.mark.parametrize("inputs", ["[" * 50000 + "]" * 50000, '["\\ud800"]', "[NaN]", "[1e999]"])
def test_inputs_that_no_other_reader_of_json_can_read_are_refused(inputs: str) -> None:
    with pytest.raises(NoInputs, match="inputs"):
        read_inputs(inputs)
