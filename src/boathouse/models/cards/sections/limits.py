"""What the facts say against relying on the version, and what nobody can say."""

from collections.abc import Iterator

from boathouse.models.cards.document import Items, Paragraph, Section
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.wording import words
from boathouse.models.evidence.nouns import Verdict

_MOST = 30


def limits(facts: CardFacts) -> Section:
    """Everything that did not pass, and what it was not tried on."""
    lines = list(dict.fromkeys(_lines(facts)))
    if not lines:
        return Section("Limits", [Paragraph("The facts name none beyond what is written above.")])
    more = len(lines) - _MOST
    return Section("Limits", [Items([*lines[:_MOST], *([f"… and {more} more"] if more > 0 else [])])])


def missing(facts: CardFacts) -> Section | None:
    """What could not be said, and why."""
    if not facts.missing:
        return None
    return Section(
        "What this card could not say", [Items([f"{words(what)}: {why}" for what, why in facts.missing.items()])]
    )


def _lines(facts: CardFacts) -> Iterator[str]:
    if not facts.evidence:
        yield "No gate has measured it, so nothing is known of how well it answers."
    for row in facts.evidence:
        verdict = row.judgement.verdict
        if row.rule is None or verdict is Verdict.PASSED:
            continue
        where = f" ({row.measurement.slice})" if row.measurement.slice is not None else ""
        yield f"{words(row.measurement.gate)}{where} {verdict.value}: {row.judgement.reason}"
    evaluated = {
        (row.evaluation.data_table, row.evaluation.data_version)
        for row in facts.evidence
        if row.evaluation.data_table is not None
    }
    for table, version in sorted(evaluated, key=str):
        at = f" at version {version}" if version is not None else ""
        yield f"It was measured on {table}{at}, and on nothing else."
    if facts.contents is not None and not facts.contents.inputs:
        yield "It has no signature: what it is asked is not checked."
