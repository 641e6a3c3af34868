"""The sections of a card, one file each, in the order in which they are read."""

from boathouse.models.cards.document import Document, Section
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.sections import (
    data,
    explaining,
    limits,
    lineage,
    making,
    origin,
    performance,
    purpose,
    returning,
    standing,
)

_SECTIONS = (
    purpose.purpose,
    purpose.use,
    standing.standing,
    standing.gates,
    standing.signatures,
    performance.metrics,
    performance.slices,
    performance.calibration,
    explaining.explaining,
    limits.limits,
    data.data,
    data.features,
    making.making,
    origin.origin,
    making.interface,
    lineage.lineage,
    returning.returning,
    limits.missing,
)


def document_of(facts: CardFacts) -> Document:
    """The card that the facts make."""
    sections = [section for make in _SECTIONS if (section := make(facts)) is not None]
    return Document(
        f"{facts.model.name}, version {facts.version.version}",
        facts.requirements.objective if facts.requirements else facts.model.comment or "No objective is stated.",
        standing.badges(facts),
        sections,
    )


__all__ = ["Section", "document_of"]
