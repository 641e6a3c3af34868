"""Whatever a gate does, each of its rules gets something to judge."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from boathouse.foundation.names import ModelName
from boathouse.models.evaluation.case import Case
from boathouse.models.evaluation.running import code_hash, run_gate, run_gates
from boathouse.models.evidence import Measurement, Rule, Scope, Verdict, judge_all
from boathouse.models.requirements import Requirements


@dataclass(frozen=True)
class AGate:
    name: str
    measure: Callable[[Case, Any], Iterable[Measurement]]
    needs: tuple[str, ...] = ()
    begin: Callable[[Case, Any], AbstractContextManager[Callable[[], Iterable[Measurement]]]] | None = None

    def shaped_by(self, requirements: Requirements, settings: Any) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class Enabled:
    gate: AGate
    rules: tuple[Rule, ...]
    settings: None = None


NEEDS = {
    "objective": "o",
    "decision": "d",
    "owner": "me",
    "success": {"metric": "m", "proxy": "auc"},
    "evaluation": {"table": "a.b.c", "label": "y"},
}


def case_without(missing: dict[str, str]) -> Case:
    return Case(ModelName.parse("a.b.m"), 1, Requirements.model_validate(NEEDS), missing=missing)


@pytest.fixture
def case() -> Case:
    return case_without({"champion": "it does not load"})


def halfway(_case: Case, _settings: Any) -> Iterable[Measurement]:
    yield Measurement("g", "first", 1.0, 10)
    raise MemoryError("too much")


RULES = (Rule("g", "first"), Rule("g", "second"), Rule("g", "third", scope=Scope.EACH_SLICE))


def test_an_error_halfway_leaves_no_rule_without_an_answer(case: Case) -> None:
    found = run_gate(case, Enabled(AGate("g", halfway), RULES))
    judged = [(rule.metric, judgement.verdict) for rule, _, judgement in judge_all(found, RULES)]
    inconclusive = Verdict.INCONCLUSIVE
    assert judged == [
        ("first", Verdict.PASSED),
        ("first", inconclusive),
        ("second", inconclusive),
        ("third", inconclusive),
    ]
    assert {each.problem for each in found} == {None, "MemoryError: too much"}


def test_what_a_gate_needs_and_cannot_have_is_said_with_the_reason(case: Case) -> None:
    found = run_gate(case, Enabled(AGate("g", halfway, needs=("champion", "rows")), RULES))
    assert {each.problem for each in found} == {"champion: it does not load; rows: there is none"}
    assert [each.slice is None for each in found] == [True, True, False]


def test_what_is_missing_only_because_there_are_no_rows_is_not_told_again() -> None:
    case = case_without(
        {"rows": "t is empty", "candidate": "there are no evaluation rows: t is empty", "champion": "it is gone"}
    )

    found = run_gate(case, Enabled(AGate("g", halfway, needs=("rows", "candidate", "champion")), RULES))

    assert {each.problem for each in found} == {"rows: t is empty; champion: it is gone"}


def test_a_gate_without_rules_still_says_that_it_failed(case: Case) -> None:
    found = run_gate(case, Enabled(AGate("g", halfway, needs=("champion",)), ()))
    assert [(each.gate, each.metric) for each in found] == [("g", "g")]


def test_no_gate_stops_the_others(case: Case) -> None:
    def fine(_case: Case, _settings: Any) -> Iterable[Measurement]:
        yield Measurement("h", "first", 2.0, 10)

    found = run_gates(case, [Enabled(AGate("g", halfway), RULES), Enabled(AGate("h", fine), (Rule("h", "first"),))])
    assert found[-1] == Measurement("h", "first", 2.0, 10)


def test_who_has_to_wait_begins_first_and_measures_in_its_turn(case: Case) -> None:
    told: list[str] = []

    @contextmanager
    def begin(_case: Case, _settings: Any) -> Iterator[Callable[[], Iterable[Measurement]]]:
        told.append("begun")
        yield slow
        told.append("left")

    def slow() -> Iterable[Measurement]:
        told.append("slow")
        yield Measurement("s", "first", 1.0, 10)

    def fine(_case: Case, _settings: Any) -> Iterable[Measurement]:
        told.append("fine")
        yield Measurement("h", "first", 2.0, 10)

    found = run_gates(
        case,
        [
            Enabled(AGate("h", fine), ()),
            Enabled(AGate("s", fine, begin=begin), ()),
            Enabled(AGate("g", halfway), RULES),
        ],
    )
    assert told == ["begun", "fine", "slow", "left"]
    assert [each.gate for each in found[:3]] == ["h", "s", "g"]


def test_who_cannot_begin_does_not_stop_the_others(case: Case) -> None:
    @contextmanager
    def begin(_case: Case, _settings: Any) -> Iterator[Callable[[], Iterable[Measurement]]]:
        raise OSError("no room")
        yield

    found = run_gates(case, [Enabled(AGate("g", halfway, begin=begin), RULES), Enabled(AGate("g", halfway), RULES)])
    assert {each.problem for each in found[:3]} == {"OSError: no room"}
    assert found[3] == Measurement("g", "first", 1.0, 10)


def test_what_cannot_be_cleaned_up_loses_no_measurement(case: Case) -> None:
    @contextmanager
    def begin(_case: Case, _settings: Any) -> Iterator[Callable[[], Iterable[Measurement]]]:
        yield lambda: [Measurement("g", "first", 1.0, 10)]
        raise OSError("the folder cannot be removed")

    [found] = run_gates(case, [Enabled(AGate("g", halfway, begin=begin), RULES)])

    assert (found.metric, found.value, found.problem) == ("first", 1.0, None)


def test_who_lacks_something_does_not_begin(case: Case) -> None:
    @contextmanager
    def begin(_case: Case, _settings: Any) -> Iterator[Callable[[], Iterable[Measurement]]]:
        raise AssertionError
        yield

    found = run_gates(case, [Enabled(AGate("g", halfway, needs=("champion",), begin=begin), RULES)])
    assert {each.problem for each in found} == {"champion: it does not load"}


def test_the_code_that_measures_has_one_hash() -> None:
    assert code_hash() == code_hash()
    assert len(code_hash()) == 64
