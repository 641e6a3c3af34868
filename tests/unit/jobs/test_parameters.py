"""Parameters and references of a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput
from boathouse.jobs import read_job, references
from boathouse.jobs.parameters import UnknownParameter, read_as_of, resolved_task, run_parameters
from boathouse.jobs.records import Run, State, TaskOverrides, TaskRun
from boathouse.jobs.states import LifeCycleState


def settings(**task: object):
    return read_job(
        {"name": "n", "tasks": [{"task_key": "t", **task}], "parameters": [{"name": "month", "default": "1"}]}
    )


def run_of(definition, parameters=None, **overrides) -> Run:
    task = TaskRun(11, 10, "t", 0, State(LifeCycleState.PENDING), attempt=2)
    values = run_parameters(definition, parameters)
    return Run(10, 5, "n", definition, State(LifeCycleState.RUNNING), "ada", "ada", 1_700_000_000_000, 1,
               parameters=values, overrides=TaskOverrides(**overrides), tasks=(task,))  # fmt: skip


def test_a_value_of_the_run_wins_over_the_default() -> None:
    assert run_parameters(settings(notebook_task={"notebook_path": "a"}), {"month": 7}) == {"month": "7"}


def test_an_unknown_parameter_is_refused_with_a_proposal() -> None:
    with pytest.raises(UnknownParameter, match=r"no parameter 'mnth'\. Did you mean month\?"):
        run_parameters(settings(notebook_task={"notebook_path": "a"}), {"mnth": "7"})


@pytest.mark.parametrize("value", [None, ["a"], {"a": 1}])
def test_a_value_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="is not text"):
        run_parameters(settings(notebook_task={"notebook_path": "a"}), {"month": value})


def test_notebooks_receive_job_parameters_and_their_own() -> None:
    definition = settings(notebook_task={"notebook_path": "a", "base_parameters": {"own": "o", "month": "ignored"}})
    run = run_of(definition, {"month": "7"}, notebook_params={"own": "p"})

    task = resolved_task(run, run.tasks[0])

    assert task.notebook_task is not None
    assert task.notebook_task.base_parameters == {"own": "p", "month": "7"}


def test_scripts_get_only_what_they_name() -> None:
    parameters = ["{{job.parameters.month}}", "{{ task.name }}-{{task.execution_count}}", "{{job.start_time.iso_date}}"]
    run = run_of(settings(spark_python_task={"python_file": "a.py", "parameters": parameters}), {"month": "7"})

    task = resolved_task(run, run.tasks[0])

    assert task.spark_python_task is not None
    assert task.spark_python_task.parameters == ["7", "t-3", "2023-11-14"]


def test_python_params_replace_the_parameters_of_scripts() -> None:
    definition = settings(spark_python_task={"python_file": "a.py", "parameters": ["x"]})

    run = run_of(definition, python_params=["y", "z"])

    task = resolved_task(run, run.tasks[0])
    assert task.spark_python_task is not None and task.spark_python_task.parameters == ["y", "z"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("job.naem", "Did you mean job.name?"),
        ("tasks.a.values.b", "no task 'a'. Did you mean"),
        ("tasks.aa.valeus", "a task has no 'valeus'"),
        ("job.start_time.yaer", "Did you mean job.start_time.year"),
        ("input.x", "known only to the task within"),
        ("job.parameters.x", "no parameter 'x'"),
    ],
)
def test_references_that_nothing_can_resolve_are_refused(name: str, message: str) -> None:
    with pytest.raises(references.UnknownReference) as refused:
        references.check(name, references.Scope(["month"], ["aa"]))

    assert message in str(refused.value)


@given(st.text())
def test_text_without_references_stays_as_it_is(text: str) -> None:
    if not references.names_in(text):
        assert references.resolve(text, {}) == text


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(alphabet="xyz{}", max_size=6)))
def test_values_are_never_read_for_references_again(values: dict[str, str]) -> None:
    known = {f"job.parameters.{name}": value for name, value in values.items()}
    text = "|".join(f"{{{{job.parameters.{name}}}}}" for name in values)

    assert references.resolve(text, known) == "|".join(values.values())


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2013-07-01T00:00:00Z", "2013-07-01T00:00:00Z"),
        ("2013-07-01T02:00:00+02:00", "2013-07-01T02:00:00+02:00"),
        ("2013-07-01", "2013-07-01T00:00:00Z"),
    ],
)
def test_instants_have_one_spelling(text: str, canonical: str) -> None:
    assert read_as_of(text) == canonical


@pytest.mark.parametrize(
    "text",
    ["soon", "2013-07-01T00:00:00", "2013-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)
def test_an_instant_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="as_of"):
        read_as_of(text)
