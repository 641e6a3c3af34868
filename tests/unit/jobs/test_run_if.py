"""Which tasks run, by how those before them ended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput
from boathouse.jobs import read_job
from boathouse.jobs.executing.conditions import holds
from boathouse.jobs.executing.run_if import runs
from boathouse.jobs.executing.scheduling import Schedule
from boathouse.jobs.records import Outcome
from boathouse.jobs.settings import ConditionOperator, RunIf
from boathouse.jobs.states import ResultState

OK, BAD, OUT = ResultState.SUCCESS, ResultState.FAILED, ResultState.EXCLUDED
GONE, UP, OFF = ResultState.CANCELED, ResultState.UPSTREAM_FAILED, ResultState.DISABLED


@pytest.mark.parametrize(
    ("run_if", "holds_for", "not_for"),
    [
        (RunIf.ALL_SUCCESS, [[], [OK], [OK, OUT], [OK, OFF]], [[BAD], [OK, UP], [OK, GONE]]),
        (RunIf.AT_LEAST_ONE_SUCCESS, [[], [OK, BAD], [GONE, OK]], [[BAD, UP], [GONE]]),
        (RunIf.NONE_FAILED, [[OK, OUT]], [[OK, BAD], [UP]]),
        (RunIf.ALL_DONE, [[OK], [BAD], [GONE], [BAD, UP]], []),
        (RunIf.AT_LEAST_ONE_FAILED, [[BAD, OK], [UP]], [[OK], [OK, GONE]]),
        (RunIf.ALL_FAILED, [[BAD, UP]], [[BAD, OK], [OK]]),
    ],
)
def test_each_run_if_holds_for_what_it_says(run_if: RunIf, holds_for: list, not_for: list) -> None:
    assert [runs(run_if, results) for results in holds_for] == [True] * len(holds_for)
    assert [runs(run_if, results) for results in not_for] == [False] * len(not_for)


def schedule(*tasks: dict, **known: Outcome) -> Schedule:
    script = {"spark_python_task": {"python_file": "a.py"}}
    return Schedule(read_job({"tasks": [{**script, **task} for task in tasks]}).tasks, known)


def after(key: str, *keys: str, **more: object) -> dict:
    return {"task_key": key, "depends_on": [{"task_key": each} for each in keys], **more}


def test_what_fails_takes_what_comes_after_along_and_leaves_the_rest() -> None:
    found = schedule(after("a"), after("b", "a"), after("c", "b"), after("d"), after("e", "c", run_if="ALL_DONE"))
    assert [found.next(), found.next(), found.next()] == ["a", "d", None]

    found.end("a", Outcome(BAD, "no"))

    assert {key: outcome.result for key, outcome in found.passed_over().items()} == {"b": UP, "c": UP}
    assert [found.next(), found.next()] == ["e", None]


def test_a_life_of_a_run_begins_where_the_last_one_ended() -> None:
    found = schedule(after("a"), after("b", "a"), after("c", "b"), a=Outcome(OK), b=Outcome(BAD))

    assert found.next() is None
    assert found.passed_over()["c"].result is UP


def test_dropping_reaches_everything_that_has_not_started() -> None:
    found = schedule(after("a"), after("b"), after("c", "a"))
    assert found.next() == "a"

    dropped = found.drop(ready=Outcome(GONE), blocked=Outcome(ResultState.UPSTREAM_CANCELED))

    assert {key: each.result for key, each in dropped.items()} == {"b": GONE, "c": ResultState.UPSTREAM_CANCELED}
    assert found.next() is None


@st.composite
def graphs(draw: st.DrawFn) -> list[dict]:
    found: list[dict] = []
    for number in range(draw(st.integers(1, 12))):
        before = st.lists(st.sampled_from(range(number)), unique=True) if number else st.just([])
        keys = [f"t{each}" for each in draw(before)]
        run_if, disabled = draw(st.sampled_from(list(RunIf))), draw(st.booleans())
        found.append(after(f"t{number}", *keys, run_if=run_if, disabled=disabled))
    return found


@given(graphs(), st.data())
def test_every_task_ends_once_and_after_all_before_it(tasks: list[dict], data: st.DataObject) -> None:
    found = schedule(*tasks)
    needed = {task["task_key"]: {each["task_key"] for each in task["depends_on"]} for task in tasks}
    while (key := found.next()) is not None:
        assert needed[key] <= found.outcomes.keys()
        assert key not in found.outcomes
        found.end(key, Outcome(data.draw(st.sampled_from([OK, BAD]))))

    assert found.outcomes.keys() == needed.keys()


@pytest.mark.parametrize(
    ("op", "left", "right", "expected"),
    [
        ("EQUAL_TO", "12.0", "12", False),
        ("EQUAL_TO", "a", "a", True),
        ("NOT_EQUAL", "12.0", "12", True),
        ("GREATER_THAN", "10", "9", True),
        ("GREATER_THAN_OR_EQUAL", "12.0", "12", True),
        ("LESS_THAN", "-1e3", "0", True),
        ("LESS_THAN_OR_EQUAL", "0.30000000000000001", "0.3", False),
    ],
)
def test_numbers_are_compared_as_numbers_and_texts_as_texts(op: str, left: str, right: str, expected: bool) -> None:
    assert holds(ConditionOperator(op), left, right) is expected


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1,5", "{{x}}"])
def test_what_is_no_number_is_named(text: str) -> None:
    with pytest.raises(InvalidInput, match="compares numbers, and right is"):
        holds(ConditionOperator.LESS_THAN, "1", text)
