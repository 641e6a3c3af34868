"""Where an imported version comes from. What was measured there is shown, and counts for nothing here."""

from boathouse.models.cards.document import Block, Facts, Grid, Paragraph, Section
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.wording import count, instant, interval, number, words


def origin(facts: CardFacts) -> Section | None:
    """The other server's version, its signer, and its evidence."""
    found = facts.origin
    if found is None:
        return None
    pairs = [
        ("Version there", found.version),
        ("Signed by", found.signer),
        ("Imported", f"{instant(found.imported_at)} by {found.imported_by}"),
        ("Manifest", found.archive),
    ]
    blocks: list[Block] = [Facts(pairs)]
    rows = [
        (
            words(row.measurement.gate),
            words(row.measurement.metric),
            number(row.measurement.value),
            interval(row.measurement),
            count(row.measurement.rows),
            row.judgement.verdict.value,
        )
        for row in found.evidence
        if row.measurement.slice is None and row.measurement.value is not None
    ]
    if rows:
        blocks.append(Paragraph("What was measured there; it counts for nothing here:"))
        titles = ("Gate", "Metric", "Value", "95 % interval", "Rows", "Verdict there")
        blocks.append(Grid(titles, rows, numeric=frozenset({2, 3, 4}), verdict=5))
    return Section("Where it was imported from", blocks)
