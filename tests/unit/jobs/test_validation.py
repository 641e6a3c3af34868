"""Which definitions are refused, and that each problem names its place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.foundation.shapes import DoesNotFit, dotted, unused_fields
from boathouse.jobs import problems_of_job, read_job
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
            task("x", run_if="ALL_DONE", disabled=True),
            {"task_key": "empty"},
            {"task_key": "both", "spark_python_task": {"python_file": "a"}, "notebook_task": {"notebook_path": "a"}},
            {"task_key": "loop", "for_each_task": {"inputs": "[]"}},
            task("refs") | {"spark_python_task": {"python_file": "a", "parameters": ["{{job.parameters.mnth}}"]}},
            task("git") | {"spark_python_task": {"python_file": "a", "source": "GIT"}},
            task("lib", libraries=[{"jar": "a.jar"}]),
        ],
        environments=[{"environment_key": "default"}],
        parameters=[{"name": "month", "default": "1"}, {"name": "month", "default": "2"}],
        git_source={"git_url": "x"},
    )

    assert found == {
        "git_source": "running code from a Git remote is not supported yet. Deploy it in a bundle.",
        "parameters[1].name": "'month' is said for the second time.",
        "tasks[1].task_key": "the task key 'load' is already used by tasks[0].",
        "tasks[2].depends_on[0].task_key": "the task 'fit' depends on 'laod', which this job does not have. "
        "Did you mean load?",
        "tasks[2].environment_key": "the job has no environment 'defualt'. Did you mean default?",
        "tasks[3].run_if": "run_if ALL_DONE is not supported yet. Only ALL_SUCCESS is.",
        "tasks[3].disabled": "disabled tasks are not supported yet. Remove the task.",
        "tasks[4]": f"a task does exactly one thing; the task 'empty' has none. Give it one of {', '.join(KINDS)}.",
        "tasks[5]": "a task does exactly one thing; the task 'both' has notebook_task and spark_python_task. "
        f"Give it one of {', '.join(KINDS)}.",
        "tasks[6].for_each_task": f"for_each_task is not supported yet. Boathouse runs {', '.join(KINDS)}.",
        "tasks[7].spark_python_task": "{{job.parameters.mnth}}: the job has no parameter 'mnth'. Did you mean month?",
        "tasks[8].spark_python_task.source": "source GIT is not supported yet. Deploy the code in a bundle.",
        "tasks[9].libraries[0].jar": "jar libraries are not supported. Use whl, pypi or requirements.",
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


def test_what_is_not_acted_on_is_reported() -> None:
    settings = read_job({"tasks": [task("a", job_cluster_key="c")], "schedule": {"quartz_cron_expression": "0"}})

    assert sorted(dotted(path) for path in unused_fields(settings)) == ["schedule", "tasks[0].job_cluster_key"]


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
