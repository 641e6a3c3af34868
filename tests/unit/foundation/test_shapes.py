"""Strict shapes: everything wrong is said at once, and nothing set is silently dropped."""

import pytest

from boathouse.foundation.shapes import DoesNotFit, Shape, Unused, dotted, fit, unused_fields


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
