"""What its answers rest on, as the gate of explanations has measured it."""

from collections.abc import Iterator
from typing import Any, cast

from boathouse.models.cards.document import Grid, Paragraph, Section
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.wording import NONE, count

_GATE = "explainability"
_MOST = 15


def explaining(facts: CardFacts) -> Section | None:
    """The inputs that explain most, and how much; left out when nothing was explained."""
    for row in facts.evidence:
        if row.measurement.gate != _GATE:
            continue
        rows = list(_inputs(row.measurement.details.get("features")))[:_MOST]
        if rows:
            method = row.measurement.details.get("method")
            told = f"Of a sample of {count(row.measurement.rows)} rows{f', by {method}' if method else ''}."
            grid = Grid(("Input", "Share of the answer", "A higher value means"), rows, numeric=frozenset({1}))
            return Section("What its answers rest on", [Paragraph(told), grid])
    return None


def _inputs(told: Any) -> Iterator[tuple[str, str, str]]:
    for each in cast(list[Any], told) if isinstance(told, list) else ():
        found = cast(dict[str, Any], each) if isinstance(each, dict) else {}
        share, way = found.get("share"), found.get("direction")
        if isinstance(share, int | float):
            means = NONE if not isinstance(way, int | float) or way == 0 else "more" if way > 0 else "less"
            yield str(found.get("feature")), f"{share:.1%}", means
