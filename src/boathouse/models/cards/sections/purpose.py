"""What the model is for, and how it is meant to be used."""

from collections.abc import Iterator

from boathouse.models.cards.document import Block, Facts, Paragraph, Section, Written
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.wording import number, words
from boathouse.models.requirements.requirements import Requirements


def purpose(facts: CardFacts) -> Section:
    """Objective, decision, users, owner, what success is."""
    asked = facts.requirements
    if asked is None:
        comment = [Paragraph(facts.model.comment)] if facts.model.comment else []
        return Section("What it is for", [*comment, Paragraph("No requirements are deployed for it.", is_gap=True)])
    return Section("What it is for", [Facts(list(_pairs(asked)))])


def use(facts: CardFacts) -> Section:
    """What people of the project have written."""
    if facts.free_text and facts.free_text.strip():
        block: Block = Written(facts.free_text)
    else:
        told = "Nobody has written how it is meant to be used: card in boathouse.yml names a file for it."
        block = Paragraph(told, is_gap=True)
    return Section("How it is meant to be used", [block])


def _pairs(asked: Requirements) -> Iterator[tuple[str, str]]:
    yield "Objective", asked.objective
    yield "Decision", asked.decision
    if asked.users:
        yield "Users", ", ".join(asked.users)
    yield "Owner", asked.owner
    yield "On call", asked.on_call or "nobody is named"
    yield "Risk", f"{asked.risk_tier.value} tier"
    yield "Answers", words(asked.problem.value)
    target = f", target {asked.success.target}" if asked.success.target else ""
    yield "Success", f"{asked.success.metric}{target}; measured as {asked.success.proxy}"
    if constraints := list(_constraints(asked)):
        yield "Constraints", "; ".join(constraints)
    if asked.cost_matrix is not None:
        cost = asked.cost_matrix
        worth = (
            ("true positive", cost.true_positive),
            ("false positive", cost.false_positive),
            ("true negative", cost.true_negative),
            ("false negative", cost.false_negative),
        )
        yield "Worth of a decision", ", ".join(f"{name} {number(value)} {cost.currency}" for name, value in worth)
    if asked.fallback:
        yield "When it cannot answer", ", then ".join(asked.fallback)
    if asked.rollout.steps:
        yield "Rollout", " → ".join(f"{number(step)} %" for step in asked.rollout.steps)


def _constraints(asked: Requirements) -> Iterator[str]:
    kept = asked.constraints
    if kept.latency_p99_ms is not None:
        yield f"99 % of the answers within {number(kept.latency_p99_ms)} ms"
    if kept.throughput_per_second is not None:
        yield f"{number(kept.throughput_per_second)} answers a second"
    if kept.memory_mb is not None:
        yield f"{number(kept.memory_mb)} MB of memory"
    if kept.freshness is not None:
        yield f"features at most {kept.freshness} old"
    if kept.explainability:
        yield "each answer can be explained"
