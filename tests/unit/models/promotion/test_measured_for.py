"""Evidence answers a policy only if its gates measured by the settings that the policy has."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.models.ground import requirements

from boathouse.models.approval.nouns import Approval, Say
from boathouse.models.evidence import Evaluation, Evidence, Measurement, Rule, judge
from boathouse.models.evidence.nouns import MEASURED_WITH
from boathouse.models.gates.policy import policy_of
from boathouse.models.promotion.deciding import decide
from boathouse.models.promotion.measured_for import gates_measured_otherwise
from boathouse.models.promotion.nouns import Decision, Standing
from boathouse.models.requirements import Requirements

EVALUATION = Evaluation("e1", "dev.flights.delay", 3)
NOW = 1_772_359_200_000


def asking(gate: str, **settings: Any) -> Requirements:
    return requirements(risk_tier="low", gates={gate: settings}, slices=["carrier"])


def row(gate: str, metric: str, measured_with: dict[str, Any] | None) -> Evidence:
    details = {} if measured_with is None else {MEASURED_WITH: measured_with}
    measurement = Measurement(gate, metric, 0.01, 5000, details=details)
    rule = Rule(gate, metric, maximum=0.1)
    return Evidence(1, EVALUATION, measurement, rule, judge(measurement, rule), "ada", NOW)


def otherwise(evidence: Evidence, now: Requirements, then: Requirements | None = None) -> str | None:
    found = gates_measured_otherwise(policy_of(now), now, [evidence], then=then)
    return found.get(evidence.measurement.gate)


def test_little_noise_does_not_answer_a_policy_with_much() -> None:
    with_little = row("robustness", "noise", {"noise": 1e-6, "replicates": 1000})

    told = otherwise(with_little, asking("robustness", noise=0.1))

    assert told == "it was measured with noise 1e-06, and 0.1 is asked for"


def test_the_same_settings_and_other_bounds_are_answered() -> None:
    measured = row("robustness", "noise", {"noise": 0.1, "sample_rows": 10_000})

    assert otherwise(measured, asking("robustness", maximum_noise=0.001)) is None


def test_evidence_that_names_no_settings_has_those_that_were_asked_for_then() -> None:
    sent = row("metric", "accuracy", None)

    assert otherwise(sent, asking("metric", threshold=0.5)) is None
    told = otherwise(sent, asking("metric", threshold=0.5), then=asking("metric", threshold=0.9))
    assert told == "it was measured with threshold 0.9, and 0.5 is asked for"


@pytest.mark.parametrize(("skips", "is_other"), [(True, True), (False, False)])
def test_how_many_rows_a_slice_needs_matters_where_smaller_ones_are_skipped(skips: bool, is_other: bool) -> None:
    then = asking("slices", skip_small_values=skips, minimum_rows=500)
    now = asking("slices", skip_small_values=skips, minimum_rows=50)

    assert (otherwise(row("slices", "log_loss", None), now, then) is not None) == is_other


def decided(evidence: Evidence, *waived: Approval) -> Decision:
    return decide(
        policy_of(requirements(risk_tier="low", approval={"count": 0})),
        [evidence],
        waived,
        NOW,
        subject=("dev.flights.delay", 3),
        evaluation_id="e1",
        gates_otherwise={"robustness": "it was measured with noise 1e-06, and 0.1 is asked for"},
    )


def test_a_gate_that_measured_otherwise_is_inconclusive_and_says_what_to_do() -> None:
    decision = decided(row("robustness", "noise", {"noise": 1e-6}))

    assert decision.standing is Standing.BLOCKED
    assert [each.judgement.verdict.value for each in decision.evidence] == ["inconclusive"]
    (reason,) = decision.reasons
    assert reason.startswith("robustness: it was measured with noise 1e-06, and 0.1 is asked for. ")
    assert reason.endswith("Evaluate it again: boathouse model deploy dev.flights.delay@3.")


def test_it_blocks_where_what_cannot_be_measured_does_not() -> None:
    evidence = row("robustness", "noise", {"noise": 1e-6})
    assert evidence.rule is not None
    lenient = replace(evidence, rule=replace(evidence.rule, inconclusive_blocks=False))

    assert decided(lenient).standing is Standing.BLOCKED


def test_other_gates_are_judged_as_they_were() -> None:
    assert decided(row("metric", "log_loss", None)).may_be_promoted


def test_a_waiver_of_the_gate_lifts_it() -> None:
    waiver = Approval(
        1, "dev.flights.delay", 3, Say.WAIVED, "grace", "seen", NOW, valid_until=NOW + 1000, gate="robustness",
        evaluation_id="e1",
    )  # fmt: skip

    assert decided(row("robustness", "noise", {"noise": 1e-6}), waiver).may_be_promoted
