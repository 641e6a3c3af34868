"""Versions that do not answer are passed over, and nothing waits longer than it may."""

import json
import sys
import threading
from pathlib import Path

import pytest

from boathouse.foundation.errors import NotFound
from boathouse.models.rollback.trying import Tried, first_that_answers
from boathouse.models.serving_check import Interpreter, ServingCheck, find_interpreter


@pytest.mark.parametrize(
    ("check", "answers"),
    [
        (ServingCheck(loaded=True, answered_rows=4, payload="input example"), True),
        (ServingCheck(("it has no signature, so ...",), loaded=True, answered_rows=4, payload="input example"), True),
        (ServingCheck(("it has no input example, and ...",), loaded=True), True),
        (ServingCheck(("it has no input example, and ...", "it was not done within 4 s"), loaded=True), False),
        (ServingCheck(("it does not answer its input example: ...",), loaded=True, payload="input example"), False),
        (ServingCheck(("it does not load: ...",)), False),
    ],
)
def test_a_version_without_an_example_has_to_load_and_any_other_to_answer(check: ServingCheck, answers: bool) -> None:
    assert Tried(1, check, 0.1).answers is answers


def test_what_is_no_model_or_is_gone_is_said_of_each(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()

    def folder_of(version: int) -> Path:
        if version == 2:
            raise NotFound("The files of version 2 are gone.")
        return tmp_path / str(version)

    found, tried = first_that_answers([3, 2, 1], folder_of, find_interpreter, within_seconds=30)

    assert found is None
    assert [each.version for each in tried] == [3, 2, 1]
    assert [each.why_not for each in tried] == [
        "3 holds no MLmodel file, so it is no model.",
        "The files of version 2 are gone.",
        "1 holds no MLmodel file, so it is no model.",
    ]


def test_an_environment_that_has_to_be_built_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").touch()
    built = threading.Event()

    def find(folder: Path) -> Interpreter:
        built.wait()
        return Interpreter(Path("python"))

    try:
        found, tried = first_that_answers([1], lambda _: tmp_path, find, within_seconds=1)
    finally:
        built.set()

    assert found is None
    assert "its environment is still being built" in tried[0].why_not


def test_versions_for_which_there_is_no_time_are_not_tried(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").touch()
    built = threading.Event()

    def find(folder: Path) -> Interpreter:
        built.wait()
        return Interpreter(Path("python"))

    try:
        _, tried = first_that_answers([3, 2, 1], lambda _: tmp_path, find, within_seconds=1)
    finally:
        built.set()

    assert [each.version for each in tried] == [3, 2]


def test_there_may_be_nothing_to_try() -> None:
    assert first_that_answers([], lambda _: pytest.fail("nothing to look for"), find_interpreter, within_seconds=1) == (
        None,
        [],
    )


ANSWERS = """\
import json, pathlib, sys
spec = json.loads(pathlib.Path(sys.argv[1]).read_text())
pathlib.Path(spec["result"]).write_text(json.dumps({"problems": [], "loaded": True, "answered_rows": 1}))
"""


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Of versions 1 and 2; a Python that answers for the model that it is started for, and one that never does."""
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "MLmodel").touch()
    (tmp_path / "answers.py").write_text(ANSWERS)
    for name, does in (
        ("answers", f'exec {json.dumps(sys.executable)} {tmp_path / "answers.py"} "$5"'),
        ("hangs", "sleep 600"),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o700)
    return tmp_path


def test_while_the_first_one_answers_no_other_is_tried(folders: Path) -> None:
    asked: list[int] = []

    def folder_of(version: int) -> Path:
        asked.append(version)
        return folders / str(version)

    found, tried = first_that_answers([2, 1], folder_of, lambda _: Interpreter(folders / "answers"), within_seconds=60)

    assert found is not None and found.version == 2
    assert asked == [2] and [each.version for each in tried] == [2]


def test_one_that_hangs_does_not_keep_the_next_from_being_tried_in_time(folders: Path) -> None:
    def find(folder: Path) -> Interpreter:
        return Interpreter(folders / ("hangs" if folder.name == "2" else "answers"))

    found, tried = first_that_answers([2, 1], lambda version: folders / str(version), find, within_seconds=6)

    assert found is not None and found.version == 1
    assert [each.answers for each in tried] == [False, True]
