"""The reference of jobs is complete: every field, kind, condition, state and reference of the code stands in it."""

from pathlib import Path

import pytest

from boathouse.foundation.shapes import Shape, _UnusedMarker
from boathouse.jobs.references import KNOWN, TASK_FACTS
from boathouse.jobs.settings import ConditionOperator, JobSettings, RunIf, Task
from boathouse.jobs.settings.common import Unsupported
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.jobs.validation import KINDS

FOLDER = Path(__file__).parents[3] / "docs" / "reference"
TEXT = "\n".join((FOLDER / f"{name}.md").read_text() for name in ("jobs", "graphs", "schedules", "tasks"))


def acted_on(shape: type[Shape]) -> list[str]:
    return [
        name
        for name, field in shape.model_fields.items()
        if field.annotation is not Unsupported and not any(isinstance(mark, _UnusedMarker) for mark in field.metadata)
    ]


@pytest.mark.parametrize("shape", [JobSettings, Task])
def test_every_field_that_is_acted_on_is_described(shape: type[Shape]) -> None:
    assert [name for name in acted_on(shape) if f"`{name}" not in TEXT] == []


@pytest.mark.parametrize(
    "words", [KINDS, list(RunIf), list(ConditionOperator), list(LifeCycleState), [*ResultState][:-1]],
    ids=["kinds", "run_if", "operators", "life cycle", "results"],
)  # fmt: skip
def test_every_word_of_the_code_is_explained(words: list[str]) -> None:
    assert [str(word) for word in words if f"`{word}`" not in TEXT] == []


def test_every_reference_is_listed() -> None:
    shown = TEXT.replace("<part>", "iso_date")
    plain = [name for name in KNOWN if ".start_time." not in name and ".trigger.time." not in name]
    assert [name for name in plain if f"{{{{{name}}}}}" not in shown] == []
    assert [fact for fact in TASK_FACTS if f".{fact}" not in shown] == []
