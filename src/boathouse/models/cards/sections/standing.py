"""Where the version stands: the decision, its gates, and who has signed."""

from collections.abc import Iterator, Sequence

from boathouse.models.approval.nouns import Approval, Say
from boathouse.models.cards.document import Block, Facts, Grid, Items, Paragraph, Section
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.wording import NONE, instant, words
from boathouse.models.evidence.nouns import Evidence, Verdict
from boathouse.models.promotion.nouns import Standing

_MOODS = {
    Standing.MAY_BE_PROMOTED: "good",
    Standing.AWAITS_APPROVAL: "open",
    Standing.REFUSED: "bad",
    Standing.BLOCKED: "bad",
    Standing.NOT_EVALUATED: "open",
}

WORST_FIRST = (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.WAIVED, Verdict.PASSED)


def badges(facts: CardFacts) -> Sequence[tuple[str, str]]:
    """What is seen first: aliases, standing, tier."""
    found = [(alias, "good") for alias in facts.version.aliases]
    if facts.decision is not None:
        found.append((words(facts.decision.standing.value), _MOODS[facts.decision.standing]))
    if facts.requirements is not None:
        found.append((f"{facts.requirements.risk_tier.value} risk", "plain"))
    return found


def standing(facts: CardFacts) -> Section:
    """Whether it may go to production, and why."""
    pairs = [("Aliases", ", ".join(facts.version.aliases) or "none points at it")]
    if facts.decision is None:
        return Section("Where it stands", [Facts(pairs), Paragraph("No decision is known.", is_gap=True)])
    decision = facts.decision
    pairs.append(("Standing", words(decision.standing.value)))
    if decision.missing_approvals:
        pairs.append(("Signatures missing", str(decision.missing_approvals)))
    if decision.requirements_revision is not None:
        pairs.append(("Judged by", f"revision {decision.requirements_revision} of its requirements"))
    blocks: list[Block] = [Facts(pairs)]
    if decision.reasons:
        blocks.append(Items(decision.reasons))
    return Section("Where it stands", blocks)


def gates(facts: CardFacts) -> Section:
    """One line per gate: its question and the worst verdict."""
    if not facts.evidence:
        return Section("Gates", [Paragraph("It has not been through any gate.", is_gap=True)])
    return Section("Gates", [Grid(("Gate", "Question", "Verdict", "Reason"), list(_gates(facts)), verdict=2)])


def signatures(facts: CardFacts) -> Section:
    """Approvals, refusals and waivers."""
    said = [each for each in facts.approvals if each.say is not Say.WAIVED]
    waived = [each for each in facts.approvals if each.say is Say.WAIVED]
    blocks: list[Block] = []
    if said:
        blocks.append(Grid(("Who", "Said", "When", "Holds until", "Why"), [_signature(each) for each in said]))
    else:
        blocks.append(Paragraph("Nobody has signed it."))
    if waived:
        blocks.append(
            Grid(
                ("Gate", "Waived by", "When", "Until", "Why"),
                [
                    (
                        words(each.gate or NONE),
                        each.principal,
                        instant(each.said_at),
                        instant(each.valid_until),
                        each.reason or NONE,
                    )
                    for each in waived
                ],
            )
        )
    return Section("Approvals and waivers", blocks)


def worst(rows: Sequence[Evidence]) -> Evidence:
    """The row that says most about a gate."""
    return min(rows, key=lambda row: (not row.judgement.blocks, WORST_FIRST.index(row.judgement.verdict)))


def _gates(facts: CardFacts) -> Iterator[tuple[str, str, str, str]]:
    by_gate: dict[str, list[Evidence]] = {}
    for row in facts.evidence:
        if row.rule is not None:
            by_gate.setdefault(row.measurement.gate, []).append(row)
    for gate, rows in by_gate.items():
        telling = worst(rows)
        bad = [row for row in rows if row.judgement.verdict is not Verdict.PASSED]
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        reason = f"{telling.judgement.reason}{more}" if bad else f"{len(rows)} of {len(rows)} rules"
        yield words(gate), facts.questions.get(gate, NONE), telling.judgement.verdict.value, reason


def _signature(approval: Approval) -> tuple[str, ...]:
    until = instant(approval.valid_until) if approval.valid_until else "no end"
    return (approval.principal, approval.say.value, instant(approval.said_at), until, approval.reason or NONE)
