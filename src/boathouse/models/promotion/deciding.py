"""From evidence and signatures to a decision: pure, so that other rules and other instants can be asked.

What may go to production is a function of what was measured, of what people have said, and of the policy. Nothing else
is looked at, and nothing is called.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from boathouse.models.approval.counting import count_signatures, spoken
from boathouse.models.approval.nouns import Approval, Tally
from boathouse.models.evidence.nouns import Evidence, Judgement, Verdict
from boathouse.models.gates.policy import ApprovalRules
from boathouse.models.promotion.nouns import Decision, Standing

_MOST_REASONS = 50


class PolicyAsked(Protocol):
    """What of a policy a decision needs."""

    @property
    def approval(self) -> ApprovalRules: ...


def decide(
    policy: PolicyAsked,
    evidence: Sequence[Evidence],
    approvals: Sequence[Approval],
    now: int,
    *,
    subject: tuple[str, int],
    evaluation_id: str | None,
    requirements_revision: int | None = None,
    otherwise: Sequence[str] = (),
    gates_otherwise: Mapping[str, str] | None = None,
    asked_since: int = 0,
) -> Decision:
    """What evidence and signatures come to.

    Args:
        evidence: Of the latest evaluation, as the policy's rules judge it.
        approvals: Everything that was said of the version.
        now: Milliseconds since 1970-01-01 UTC.
        subject: The model and its version.
        evaluation_id: Of that evaluation; None when there is none.
        otherwise: Why it does not answer what the policy asks; that blocks, and no waiver lifts it.
        gates_otherwise: Gates that measured by other settings than the policy's, and by which. They are inconclusive,
            and block even where what cannot be measured does not: it can be, by evaluating again.
        asked_since: When what is asked was changed the last time; approvals from before do not count.
    """
    tally = count_signatures(approvals, policy.approval, evaluation_id=evaluation_id, now=now, asked_since=asked_since)
    others = gates_otherwise or {}
    answering = [_answering(each, others.get(each.measurement.gate), subject) for each in evidence]
    judged = [_with_waiver(each, tally) for each in answering if each.rule is not None]
    standing, reasons = _standing(judged, tally, evaluation_id, subject, otherwise)
    return Decision(
        subject[0],
        subject[1],
        standing,
        tuple(reasons),
        tuple(judged),
        (*tally.refused, *tally.approved, *tally.waived),
        tally.missing,
        requirements_revision,
    )


def _standing(
    judged: Sequence[Evidence],
    tally: Tally,
    evaluation_id: str | None,
    subject: tuple[str, int],
    otherwise: Sequence[str],
) -> tuple[Standing, list[str]]:
    refusals = [f"{each.principal} has refused it{_because(each.reason)}." for each in tally.refused]
    anew = [f"{each} Evaluate it again: {_asking(subject)}." for each in otherwise]
    blocking = [*anew, *_told([each for each in judged if each.judgement.blocks])]
    if refusals:
        return Standing.REFUSED, [*refusals, *blocking]
    if evaluation_id is None:
        return Standing.NOT_EVALUATED, [f"Its gates have not been asked. Ask them: {_asking(subject)}."]
    if blocking:
        return Standing.BLOCKED, blocking
    if tally.missing:
        return Standing.AWAITS_APPROVAL, [*_missing(tally), *_passed(judged)]
    return Standing.MAY_BE_PROMOTED, [*_passed(judged), *_signed(tally)]


def _asking(subject: tuple[str, int]) -> str:
    model, version = subject
    return f"boathouse model deploy {model}@{version}"


def _answering(evidence: Evidence, otherwise: str | None, subject: tuple[str, int]) -> Evidence:
    if otherwise is None:
        return evidence
    reason = f"{otherwise}. Evaluate it again: {_asking(subject)}"
    judgement = Judgement(Verdict.INCONCLUSIVE, reason, evidence.judgement.threshold, blocks=True)
    return replace(evidence, judgement=judgement)


def _with_waiver(evidence: Evidence, tally: Tally) -> Evidence:
    """What blocks and is waived does not block; that it would, stays to be read."""
    if not evidence.judgement.blocks:
        return evidence
    waiver = next((each for each in tally.waived if each.gate == evidence.measurement.gate), None)
    if waiver is None:
        return evidence
    until = f" until {spoken(waiver.valid_until)}" if waiver.valid_until is not None else ""
    reason = f"waived by {waiver.principal}{until}{_because(waiver.reason)}: {evidence.judgement.reason}"
    return replace(evidence, judgement=replace(evidence.judgement, verdict=Verdict.WAIVED, reason=reason, blocks=False))


def _told(blocking: Sequence[Evidence]) -> list[str]:
    """Each reason once: a gate that could not measure says the same of all its metrics."""
    told = list(dict.fromkeys(f"{_what(each)}: {_reason(each)}." for each in blocking))
    if len(told) > _MOST_REASONS:
        told[_MOST_REASONS:] = [f"{len(told) - _MOST_REASONS} more block."]
    return told


def _reason(evidence: Evidence) -> str:
    """To be followed by a full stop, which the errors of others bring themselves."""
    return evidence.judgement.reason.removesuffix(".")


def _what(evidence: Evidence) -> str:
    part = evidence.measurement.slice
    return evidence.measurement.gate if part is None else f"{evidence.measurement.gate} ({part})"


def _passed(judged: Sequence[Evidence]) -> list[str]:
    if not judged:
        return ["No gate is asked: the requirements turn all of them off."]
    passed = sum(each.judgement.verdict is Verdict.PASSED for each in judged)
    told = [f"{passed} of {len(judged)} judgements passed."]
    told += [f"{_what(each)}: {_reason(each)}." for each in judged if each.judgement.verdict is Verdict.WAIVED]
    undecided = [each for each in judged if each.judgement.verdict is Verdict.INCONCLUSIVE]
    return told + list(
        dict.fromkeys(f"{_what(each)} does not block by the policy: {_reason(each)}." for each in undecided)
    )


def _missing(tally: Tally) -> list[str]:
    has = len(tally.approved)
    told = [f"{tally.needed} {_approvals(tally.needed)} needed, {has} {'is' if has == 1 else 'are'} there."]
    return told + [each.why for each in tally.ended]


def _approvals(count: int) -> str:
    return "approval is" if count == 1 else "approvals are"


def _signed(tally: Tally) -> list[str]:
    if not tally.approved:
        return [] if tally.needed else ["No approval is needed."]
    return [f"Approved by {each.principal}{_because(each.reason)}." for each in tally.approved]


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""
