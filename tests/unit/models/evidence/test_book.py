"""Measurements come in, verdicts come out, and both stay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.models.ground import MODEL

from boathouse.foundation.errors import Conflict, InvalidInput, NotFound
from boathouse.models.evidence import Evaluation, EvaluationKind, Measurement, Rule, Scope, Slice, Verdict

if TYPE_CHECKING:
    from conftest import Desk

BETTER = Rule("metric", "log_loss", maximum=0.5, minimum_rows=100)
FAIR = Rule("fairness", "difference", maximum=0.1)
GOOD = Measurement("metric", "log_loss", 0.4, 1000)


def evaluation(evaluation_id: str = "e1", version: int = 3, **said: Any) -> Evaluation:
    return Evaluation(evaluation_id, str(MODEL), version, **said)


def verdicts(desk: Desk, version: int = 3) -> list[tuple[str, str]]:
    found = desk.book.latest(desk.ada, MODEL, version)
    return [(each.measurement.gate, each.judgement.verdict.value) for each in found]


def test_the_server_judges_what_was_measured(desk: Desk) -> None:
    found = desk.book.record(desk.ada, evaluation(data_table="dev.flights.judged", data_version=4), [GOOD], [BETTER])

    assert [(each.judgement.verdict, each.judgement.threshold, each.rule) for each in found] == [
        (Verdict.PASSED, 0.5, BETTER)
    ]
    assert desk.book.of(desk.ada, MODEL, 3) == found
    assert found[0].evaluation.data_version == 4
    assert (found[0].principal, found[0].recorded_at) == ("ada", 1772359200000)


def test_a_rule_that_finds_nothing_is_inconclusive_and_blocks(desk: Desk) -> None:
    desk.book.record(desk.ada, evaluation(), [GOOD], [BETTER, FAIR])

    assert verdicts(desk) == [("metric", "passed"), ("fairness", "inconclusive")]
    assert desk.book.latest(desk.ada, MODEL, 3)[1].judgement.blocks


def test_what_no_rule_judges_is_kept_and_decides_nothing(desk: Desk) -> None:
    found = desk.book.record(desk.ada, evaluation(), [GOOD, Measurement("metric", "auc", 0.8, 1000)], [BETTER])

    assert [(each.measurement.metric, each.rule is None, each.judgement.blocks) for each in found] == [
        ("log_loss", False, False),
        ("auc", True, False),
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_inconclusive(desk: Desk, value: float) -> None:
    [found] = desk.book.record(desk.ada, evaluation(), [Measurement("metric", "log_loss", value, 1000)], [BETTER])

    assert (found.measurement.value, found.judgement.verdict, found.judgement.blocks) == (
        None,
        Verdict.INCONCLUSIVE,
        True,
    )
    assert "no number" in found.judgement.reason


def test_no_value_and_no_reason_is_inconclusive_too(desk: Desk) -> None:
    [found] = desk.book.record(desk.ada, evaluation(), [Measurement("metric", "log_loss", None, 1000)], [BETTER])

    assert found.judgement.verdict is Verdict.INCONCLUSIVE


def test_the_same_evaluation_sent_again_is_written_once(desk: Desk) -> None:
    first = desk.book.record(desk.ada, evaluation(), [GOOD], [BETTER])
    again = desk.book.record(desk.ada, evaluation(), [GOOD], [BETTER])

    assert again == first
    assert len(desk.events()) == 1


def test_other_measurements_under_the_same_id_are_refused(desk: Desk) -> None:
    desk.book.record(desk.ada, evaluation(), [Measurement("metric", "log_loss", 0.9, 1000)], [BETTER])

    with pytest.raises(Conflict, match="never changed"):
        desk.book.record(desk.ada, evaluation(), [GOOD], [BETTER])
    with pytest.raises(Conflict, match="never changed"):
        desk.book.record(desk.ada, evaluation(version=2), [GOOD], [BETTER])
    assert verdicts(desk) == [("metric", "failed")]


def test_a_version_that_is_not_there_has_no_evidence(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no version 7"):
        desk.book.record(desk.ada, evaluation(version=7), [GOOD], [BETTER])
    assert desk.events() == []


def test_a_stranger_neither_reads_nor_writes(desk: Desk) -> None:
    mallory = desk.person("mallory", privilege=None)

    with pytest.raises(NotFound):
        desk.book.record(mallory, evaluation(), [GOOD], [BETTER])
    with pytest.raises(NotFound):
        desk.book.of(mallory, MODEL, 3)
    refused = next(each for each in desk.catalog.audit.events() if each.action == "recordEvidence")
    assert (refused.principal, refused.status_code) == ("mallory", 404)


def test_details_that_are_too_large_are_refused(desk: Desk) -> None:
    curve = {"curve": [0.5] * 100_000}

    with pytest.raises(InvalidInput, match=r"metric\.log_loss: its details take"):
        desk.book.record(desk.ada, evaluation(), [Measurement("metric", "log_loss", 0.4, 9, details=curve)], [BETTER])


def test_details_that_are_no_json_are_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="no JSON"):
        desk.book.record(desk.ada, evaluation(), [Measurement("m", "x", 0.4, 9, details={"a": object()})])


def test_no_number_within_details_becomes_null(desk: Desk) -> None:
    details = {"curve": [0.1, math.nan, {"deep": math.inf}]}
    [found] = desk.book.record(desk.ada, evaluation(), [Measurement("m", "x", 0.4, 9, details=details)])

    assert found.measurement.details == {"curve": [0.1, None, {"deep": None}]}


def test_a_note_answers_only_for_the_gates_that_it_names(desk: Desk) -> None:
    note = evaluation("n1", kind=EvaluationKind.NOTE)
    desk.book.record(desk.ada, evaluation(), [GOOD], [BETTER])
    found = desk.book.record(desk.ada, note, [Measurement("fairness", "difference", 0.05, 9)], [BETTER, FAIR])

    assert [each.measurement.gate for each in found] == ["fairness"]
    assert verdicts(desk) == [("metric", "passed")]  # the latest evaluation is still that of the gates
    assert [each.evaluation.kind.value for each in desk.book.evaluations(desk.ada, MODEL, 3)] == ["note", "gates"]


def test_old_measurements_are_judged_by_other_rules(desk: Desk) -> None:
    slices = [Measurement("slices", "log_loss", value, 50, Slice("carrier", name)) for name, value in (("UA", 0.3),)]
    [first, _] = desk.book.record(desk.ada, evaluation(), [GOOD, *slices], [BETTER])
    strict = Rule("metric", "log_loss", maximum=0.3)
    each_slice = Rule("slices", "log_loss", maximum=0.6, scope=Scope.EACH_SLICE)

    stored, anew = desk.book.judged_anew(desk.ada, MODEL, 3, [strict, each_slice, FAIR])

    assert stored is not None
    assert [(each.measurement.gate, each.judgement.verdict.value) for each in anew] == [
        ("metric", "failed"),
        ("slices", "passed"),
        ("fairness", "inconclusive"),
    ]
    assert anew[0].evidence_id == first.evidence_id
    assert verdicts(desk) == [("metric", "passed"), ("slices", "inconclusive")]  # nothing was written


def test_what_was_missing_then_is_not_taken_for_measured_later(desk: Desk) -> None:
    both = Rule("metric", "auc", minimum=0.6, scope=Scope.BOTH)
    desk.book.record(desk.ada, evaluation(), [GOOD], [both])

    _, anew = desk.book.judged_anew(desk.ada, MODEL, 3, [both, Rule("fairness", "gap", maximum=0.1)])

    assert [each.judgement.reason for each in anew if each.rule is not None] == [
        "nothing was measured of all rows",
        "nothing was measured of any slice",
        "the gate was not asked",
    ]


def test_events_tell_of_an_evaluation_and_of_each_gate_that_blocks(desk: Desk) -> None:
    desk.book.record(desk.ada, evaluation(), [Measurement("metric", "log_loss", 0.9, 1000)], [BETTER, FAIR])

    told = [(each.type, each.data.get("gate"), each.data.get("verdict")) for each in desk.events()]
    assert told == [
        ("model_version.evaluated", None, None),
        ("gate.failed", "metric", "failed"),
        ("gate.failed", "fairness", "inconclusive"),
    ]
    assert desk.events()[0].data["passed"] is False


def test_evidence_follows_a_renamed_model(desk: Desk) -> None:
    desk.book.record(desk.ada, evaluation(), [GOOD], [BETTER])
    desk.repository.rename_model(str(MODEL), "dev.flights.late")

    assert desk.book.latest_id("dev.flights.late", 3) == "e1"
    assert desk.book.latest_id(str(MODEL), 3) is None


def test_a_model_that_is_made_again_does_not_inherit_evidence(desk: Desk) -> None:
    desk.book.record(desk.ada, evaluation(), [GOOD], [BETTER])
    desk.repository.drop_source(str(MODEL), 3)
    desk.repository.add_source(str(MODEL), 3, None, None)

    assert desk.book.latest(desk.ada, MODEL, 3) == []
    assert desk.book.of(desk.ada, MODEL, 3, evaluation_id="e1") != []  # it is kept


def test_an_id_that_could_be_a_path_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="id of an evaluation"):
        desk.book.record(desk.ada, evaluation("../e"), [GOOD])


def test_the_last_verdicts_of_every_version_come_in_one_answer(desk: Desk) -> None:
    bad = Measurement("metric", "log_loss", 0.9, 1000)
    desk.book.record(desk.ada, evaluation("e1", 2), [bad], [BETTER])
    desk.book.record(desk.ada, evaluation("e2", 2), [GOOD], [BETTER, FAIR])
    desk.book.record(desk.ada, evaluation("e3", 3), [bad, Measurement("metric", "auc", 0.8, 1000)], [BETTER])
    desk.book.record(desk.ada, evaluation("n", 3, kind=EvaluationKind.NOTE), [GOOD], [BETTER])

    assert desk.book.verdicts(desk.ada, MODEL) == {
        2: {("metric", Verdict.PASSED), ("fairness", Verdict.INCONCLUSIVE)},
        3: {("metric", Verdict.FAILED)},
    }
    with pytest.raises(NotFound):
        desk.book.verdicts(desk.person("mallory", privilege=None), MODEL)
