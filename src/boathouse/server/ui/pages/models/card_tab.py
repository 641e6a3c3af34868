"""A version's card on the page: the same document that the command line writes as HTML and Markdown."""

from nicegui import ui

from boathouse.models.cards.document import (
    Block,
    Commands,
    CurvePicture,
    Facts,
    Grid,
    Items,
    Paragraph,
    SlicePicture,
    Written,
)
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.html import written_as_html
from boathouse.models.cards.sections import document_of
from boathouse.server.ui.parts.grid import State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.plots import bars, plot
from boathouse.server.ui.parts.text import facts as facts_list
from boathouse.server.ui.parts.text import note, preformatted, words


def card_sections(facts: CardFacts) -> None:
    """Every section of the card."""
    document = document_of(facts)
    note(document.subtitle)
    for section in document.sections:
        with card(section.title):
            for block in section.blocks:
                _block(block, section.title)


def _block(block: Block, title: str) -> None:
    match block:
        case Paragraph(text):
            words(text, "p")
        case Items(lines):
            with ui.element("ul"):
                for line in lines:
                    words(line, "li")
        case Facts(pairs):
            facts_list(dict(pairs))
        case Commands(lines):
            preformatted("\n".join(lines))
        case Written(markdown):
            # HTML in it is shown as text; pictures and addresses that run something are left out.
            ui.html(written_as_html(markdown), sanitize=False).classes("bh-written")
        case Grid():
            _grid(block, title)
        case SlicePicture():
            names = [point.label for point in block.points]
            bars(names, {block.metric: [point.value for point in block.points]}, label=block.title)
        case CurvePicture():
            _curve(block)


def _grid(block: Grid, title: str) -> None:
    rows = [
        [State(cell) if place == block.verdict else cell for place, cell in enumerate(cells)] for cells in block.rows
    ]
    grid(block.titles, rows, label=f"{title}: {block.titles[0]}")


def _curve(picture: CurvePicture) -> None:
    points = [list(pair) for pair in zip(picture.answered, picture.observed, strict=False)]
    options = {
        "xAxis": {"type": "value", "name": "answered", "min": 0, "max": 1},
        "yAxis": {"type": "value", "name": "came true", "min": 0, "max": 1},
        "series": [
            {"name": "observed", "type": "line", "data": points},
            {"name": "as answered", "type": "line", "data": [[0, 0], [1, 1]], "lineStyle": {"type": "dashed"}},
        ],
    }
    plot(options, label=picture.title)
