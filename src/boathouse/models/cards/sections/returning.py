"""How to go back: to what, and with which words."""

from boathouse.models.cards.document import Block, Commands, Grid, Paragraph, Section
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.wording import NONE, instant
from boathouse.models.gates.policy import PRODUCTION
from boathouse.models.promotion.policies import stages_of

_MOST_MOVES = 10


def returning(facts: CardFacts) -> Section:
    """The champions before, and the commands."""
    name, version = facts.model.name, facts.version.version
    production = stages_of(facts.requirements)[PRODUCTION]
    moves = [move for move in facts.history if move.alias == production]
    before = [move for move in moves if move.to_version is not None and move.to_version != version]
    blocks: list[Block] = []
    if before:
        told = (
            f"Version {before[0].to_version} was {production} last, besides this one ({instant(before[0].moved_at)})."
        )
        blocks.append(Paragraph(told))
    else:
        blocks.append(
            Paragraph(f"No other version has ever been {production}: there is nothing to go back to.", is_gap=True)
        )
    blocks.append(
        Commands(
            [
                f"boathouse model rollback {name} --reason WHY",
                f"boathouse model rollback-drill {name}",
                f"boathouse model why {name}@{production}",
            ]
        )
    )
    if moves:
        rows = [
            (
                instant(move.moved_at),
                f"{move.from_version or NONE} → {move.to_version or NONE}",
                move.principal,
                move.reason or NONE,
            )
            for move in moves[:_MOST_MOVES]
        ]
        blocks.append(Grid(("When", production, "Who", "Why"), rows))
    return Section("How to roll back", blocks)
