"""From evidence and signatures to a decision."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from boathouse.models.approval.nouns import Approval, Say
from boathouse.models.evidence import Evaluation, Evidence, Measurement, Rule, judge
from boathouse.models.gates.policy import ApprovalRules
from boathouse.models.promotion.deciding import decide
from boathouse.models.promotion.nouns import Decision, Standing

NOW = 1_772_359_200_000
DAY = 86_400_000
SUBJECT = ("prod.flights.delay", 3)
EVALUATION = Evaluation("e1", *SUBJECT)


@dataclass(frozen=True)
class Asked:
    """As much of a policy as a decision looks at."""

    approval: ApprovalRules


def asked(count: int = 0, *, may_be_waived: bool = True) -> Asked:
    return Asked(ApprovalRules(count, (), True, 7 * DAY, may_be_waived))


def row(gate: str, value: float | None) -> Evidence:
    measurement = Measurement(gate, "log_loss", value, 1000, problem=None if value is not None else "no champion")
    rule = Rule(gate, "log_loss", maximum=0.5)
    return Evidence(1, EVALUATION, measurement, rule, judge(measurement, rule), "ada", NOW)


def said(say: Say, who: str = "grace", *, gate: str | None = None, evaluation_id: str = "e1", ago: int = 0) -> Approval:
    until = NOW + DAY if say is Say.WAIVED else None
    return Approval(
        1, *SUBJECT, say, who, "looked at it", NOW - ago, valid_until=until, gate=gate, evaluation_id=evaluation_id
    )


def decided(policy: Asked, evidence: list[Evidence], approvals: list[Approval], *, seen: str | None = "e1") -> Decision:
    return decide(policy, evidence, approvals, NOW, subject=SUBJECT, evaluation_id=seen)


def test_all_that_passed_and_is_signed_may_be_promoted() -> None:
    decision = decided(asked(1), [row("metric", 0.4)], [said(Say.APPROVED)])

    assert decision.may_be_promoted
    assert decision.reasons == ("1 of 1 judgements passed.", "Approved by grace (looked at it).")


def test_what_all_metrics_of_a_gate_say_is_told_once_and_with_one_full_stop() -> None:
    def no_champion(metric: str) -> Evidence:
        measurement = Measurement("slices", metric, None, 0, problem="Version 2 does not load.")
        rule = Rule("slices", metric, maximum=0.5)
        return Evidence(1, EVALUATION, measurement, rule, judge(measurement, rule), "ada", NOW)

    decision = decided(asked(), [no_champion("log_loss"), no_champion("auc")], [])

    assert decision.reasons == ("slices: Version 2 does not load.",)


def test_a_version_without_evidence_says_how_to_ask_its_gates() -> None:
    decision = decided(asked(), [], [], seen=None)

    assert decision.standing is Standing.NOT_EVALUATED
    assert decision.reasons == (
        "Its gates have not been asked. Ask them: boathouse model deploy prod.flights.delay@3.",
    )


def test_one_gate_that_failed_blocks() -> None:
    decision = decided(asked(), [row("metric", 0.4), row("slices", 0.9)], [])

    assert decision.standing is Standing.BLOCKED
    assert decision.reasons == ("slices: log_loss 0.9 is above 0.5.",)


def test_what_could_not_be_measured_blocks() -> None:
    assert decided(asked(), [row("against_champion", None)], []).reasons == ("against_champion: no champion.",)


def test_a_version_that_nobody_has_evaluated_goes_nowhere() -> None:
    assert decided(asked(), [], [], seen=None).standing is Standing.NOT_EVALUATED


def test_a_waived_gate_does_not_block_and_is_still_told() -> None:
    decision = decided(asked(), [row("slices", 0.9)], [said(Say.WAIVED, gate="slices")])

    assert decision.may_be_promoted
    assert [each.judgement.verdict.value for each in decision.evidence] == ["waived"]
    assert "waived by grace until 2026-03-02 10:00 UTC (looked at it): log_loss 0.9 is above 0.5" in decision.reasons[1]


def test_a_waiver_where_the_policy_allows_none_is_nothing() -> None:
    policy = asked(may_be_waived=False)

    assert decided(policy, [row("slices", 0.9)], [said(Say.WAIVED, gate="slices")]).standing is Standing.BLOCKED


def test_a_refusal_stands_above_everything() -> None:
    decision = decided(asked(1), [row("metric", 0.4)], [said(Say.APPROVED), said(Say.REFUSED, "bo")])

    assert decision.standing is Standing.REFUSED
    assert decision.reasons == ("bo has refused it (looked at it).",)


def test_an_approval_that_is_too_old_says_so() -> None:
    decision = decided(asked(1), [row("metric", 0.4)], [said(Say.APPROVED, ago=8 * DAY)])

    assert decision.standing is Standing.AWAITS_APPROVAL
    assert decision.missing_approvals == 1
    assert decision.reasons[0] == "1 approval is needed, 0 are there."
    assert "held until" in decision.reasons[1]


def test_an_approval_of_older_evidence_does_not_count() -> None:
    decision = decided(asked(1), [row("metric", 0.4)], [said(Say.APPROVED, evaluation_id="e0")])

    assert "newer evidence" in decision.reasons[1]


VALUES = st.one_of(st.none(), st.floats(0, 1))


@given(
    values=st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), VALUES), min_size=1, max_size=6),
    waived=st.sets(st.sampled_from(["a", "b", "c"])),
    approving=st.sets(st.sampled_from(["grace", "bo", "kim"])),
    refusing=st.sets(st.sampled_from(["zoe"])),
    needed=st.integers(0, 3),
)
def test_a_decision_is_what_its_definition_says(
    values: list[tuple[str, float | None]], waived: set[str], approving: set[str], refusing: set[str], needed: int
) -> None:
    approvals = [said(Say.WAIVED, "wendy", gate=gate) for gate in sorted(waived)]
    approvals += [said(Say.APPROVED, who) for who in approving] + [said(Say.REFUSED, who) for who in refusing]

    decision = decided(asked(needed), [row(gate, value) for gate, value in values], approvals)

    passed = all(gate in waived or (value is not None and value <= 0.5) for gate, value in values)
    assert decision.may_be_promoted == (passed and len(approving) >= needed and not refusing)
