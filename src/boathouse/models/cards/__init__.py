"""Model cards: what anybody may ask of a version, gathered from facts, with what only people know beside it."""

from boathouse.models.cards.facts import CardFacts, DataUsed, FeatureUsed, Origin, RunTold
from boathouse.models.cards.gathering import CardPorts, Cards
from boathouse.models.cards.html import as_html
from boathouse.models.cards.markdown import as_markdown

__all__ = [
    "CardFacts",
    "CardPorts",
    "Cards",
    "DataUsed",
    "FeatureUsed",
    "Origin",
    "RunTold",
    "as_html",
    "as_markdown",
]
