"""What it was trained and judged on, and the features it takes."""

from boathouse.models.cards.document import Block, Grid, Items, Paragraph, Section
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.wording import NONE


def data(facts: CardFacts) -> Section:
    """Tables at their versions."""
    blocks: list[Block] = []
    if facts.data:
        rows = [
            (
                each.role,
                each.table,
                str(each.version) if each.version is not None else NONE,
                each.owner or NONE,
                each.comment or NONE,
            )
            for each in facts.data
        ]
        blocks.append(Grid(("Role", "Table", "Version", "Owner", "About"), rows, numeric=frozenset({2})))
        blocks.append(Paragraph("These versions stay readable while the model version exists."))
    if not any(each.role == "training" for each in facts.data):
        gap = "No table is known that it was trained on: its run has read none through Boathouse."
        blocks.append(Paragraph(gap, is_gap=True))
    asked = facts.requirements
    if asked is not None:
        where = f", where {asked.evaluation.where}" if asked.evaluation.where else ""
        blocks.append(
            Items(
                [f"It is judged on {asked.evaluation.table}{where}; the outcome is {asked.evaluation.label}."]
                + ([f"The time of a row is {asked.evaluation.timestamp}."] if asked.evaluation.timestamp else [])
            )
        )
    return Section("Data", blocks)


def features(facts: CardFacts) -> Section | None:
    """The features that it looks up or computes, and whose they are."""
    if not facts.features:
        return None
    rows = [(each.name, each.table, each.owner or NONE, each.comment or NONE) for each in facts.features]
    return Section("Features", [Grid(("Feature", "From", "Owner", "About"), rows)])
