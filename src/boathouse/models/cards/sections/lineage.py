"""Where the version comes from, and where it has gone."""

from boathouse.models.cards.document import Block, Grid, Paragraph, Section
from boathouse.models.cards.facts import CardFacts


def lineage(facts: CardFacts) -> Section:
    """Steps up and down the lineage graph."""
    blocks: list[Block] = []
    for title, passages in (("Comes from", facts.upstream), ("Goes to", facts.downstream)):
        if passages:
            rows = [(each.source, each.operation, each.target) for each in passages]
            blocks.append(Grid((title, "By", "To"), rows))
    if not blocks:
        blocks.append(Paragraph("Nothing is recorded.", is_gap=True))
    if facts.hidden:
        blocks.append(Paragraph(f"{facts.hidden} things beside these are not shown to you."))
    return Section("Lineage", blocks)
