"""Strict shapes: everything wrong is said at once, and nothing set is silently dropped."""

from typing import Any

import pytest
from pydantic import Field, ValidationError, model_validator

from boathouse.foundation.shapes import EXACT, DoesNotFit, ExactShape, Shape, Unused, dotted, fit, unused_fields


class Task(Shape):
    task_key: str
    max_retries: int = 0
    email_notifications: Unused = None


class Job(Shape):
    tasks: list[Task] = []
    by_name: dict[str, Task] = {}


def test_all_problems_are_listed_with_their_paths_and_suggestions() -> None:
    document = {
        "tasks": [{"task_kye": "a"}, {"task_key": "b", "max_retries": "many"}],
        "by_name": {"z": {"task_key": "z", "nn": 1}},
    }
    with pytest.raises(DoesNotFit) as caught:
        fit(Job, document, what="The job")
    said = [str(problem) for problem in caught.value.problems]
    assert "tasks[0].task_key: this field is required." in said
    assert "tasks[0].task_kye: unknown field 'task_kye'. Did you mean task_key?" in said
    assert any(line.startswith("tasks[1].max_retries:") and "'many'" in line for line in said)
    assert "by_name.z.nn: unknown field 'nn'." in said


def test_a_field_that_is_not_acted_on_is_accepted_and_reported() -> None:
    job = fit(Job, {"tasks": [{"task_key": "a", "email_notifications": {"on_failure": ["x"]}}]}, what="The job")
    assert [dotted(path) for path in unused_fields(job)] == ["tasks[0].email_notifications"]


def test_a_field_left_out_is_not_reported() -> None:
    assert list(unused_fields(fit(Job, {"tasks": [{"task_key": "a"}]}, what="The job"))) == []


def test_a_long_value_that_does_not_fit_is_told_in_short() -> None:
    with pytest.raises(DoesNotFit) as told:
        fit(Task, {"task_key": "a", "max_retries": "x" * 100_000}, what="The task")

    assert len(told.value.message) < 300
    assert "100,002 characters" in told.value.message


class Rollout(ExactShape):
    steps: list[float] = []
    rows: int | None = Field(default=None, ge=1)
    by_name: dict[str, Task] = {}
    is_on: bool = False
    anything: dict[str, Any] = {}

    @model_validator(mode="after")
    def _asked_as_a_whole(self) -> "Rollout":
        return self


@pytest.mark.parametrize(
    "given", [{"rows": True}, {"steps": [True]}, {"by_name": {"a": {"task_key": "a", "max_retries": True}}}]
)
def test_true_is_no_number(given: dict[str, Any]) -> None:
    with pytest.raises(DoesNotFit, match="a number is needed, and this is true or false"):
        fit(Rollout, given, what="It")


def test_numbers_in_quotes_are_none_where_only_people_write() -> None:
    for given in ({"rows": "1"}, {"steps": [10, "20"]}):
        with pytest.raises(DoesNotFit, match="a number is needed, and this is a text"):
            fit(Rollout, given, what="It")


def test_programs_may_send_numbers_as_texts_and_files_may_not() -> None:
    given = {"task_key": "a", "max_retries": "3"}
    assert fit(Task, given, what="It").max_retries == 3
    with pytest.raises(ValidationError, match="a number is needed"):
        Task.model_validate(given, context={EXACT: True})


def test_what_is_no_number_is_asked_nothing() -> None:
    found = fit(Rollout, {"is_on": True, "anything": {"x": True, "y": "1"}, "rows": 3, "steps": [1]}, what="It")
    assert (found.is_on, found.anything, found.rows, found.steps) == (True, {"x": True, "y": "1"}, 3, [1.0])
