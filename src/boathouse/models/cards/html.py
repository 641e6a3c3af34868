"""A card as one page that needs nothing else: no script, no address outside, light and dark."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape as html_escape
from importlib.resources import files

from boathouse.models.cards.document import (
    Block,
    Commands,
    CurvePicture,
    Document,
    Facts,
    Grid,
    Items,
    Paragraph,
    Section,
    SlicePicture,
    Written,
)
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.markdown import lowered
from boathouse.models.cards.pictures import picture_of_curve, picture_of_slices, told_lines
from boathouse.models.cards.sections import document_of
from boathouse.models.cards.wording import printable

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_SLUG = re.compile(r"[^a-z0-9]+")
_MOST_OPEN_ROWS = 25
_GAP = ' class="gap"'


def as_html(facts: CardFacts) -> str:
    """The card as one HTML file."""
    return render_html(document_of(facts))


def render_html(document: Document) -> str:
    badges = "".join(f'<span class="badge {escape(mood)}">{escape(word)}</span>' for word, mood in document.badges)
    links = "".join(f'<a href="#{_slug(each)}">{escape(each.title)}</a>' for each in document.sections)
    body = "\n".join(_section(each) for each in document.sections)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(document.title)}</title>
<style>
{_style()}
</style>
</head>
<body>
<header>
<h1>{escape(document.title)}</h1>
<p class="lead">{escape(document.subtitle)}</p>
<p class="badges">{badges}</p>
</header>
<nav aria-label="Sections">{links}</nav>
<main>
{body}
</main>
</body>
</html>
"""


def escape(text: str) -> str:
    """The text as it stands between tags and in attributes."""
    return html_escape(printable(text), quote=True)


def _section(section: Section) -> str:
    blocks = "\n".join(_block(each) for each in section.blocks)
    return f'<section id="{_slug(section)}">\n<h2>{escape(section.title)}</h2>\n{blocks}\n</section>'


def _block(block: Block) -> str:
    match block:
        case Paragraph(text, is_gap):
            return f"<p{_GAP if is_gap else ''}>{escape(text)}</p>"
        case Items(lines):
            return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
        case Facts(pairs):
            inside = "".join(f"<dt>{escape(name)}</dt><dd>{escape(what)}</dd>" for name, what in pairs)
            return f"<dl>{inside}</dl>"
        case Commands(lines):
            return f"<pre><code>{escape(chr(10).join(lines))}</code></pre>"
        case Grid():
            return _grid(block)
        case Written(markdown):
            return f'<div class="written">{written_as_html(markdown)}</div>'
        case SlicePicture():
            caption = escape("; ".join([block.title, *told_lines(block)]))
            return f"<figure>{picture_of_slices(block)}<figcaption>{caption}</figcaption></figure>"
        case CurvePicture():
            return f"<figure>{picture_of_curve(block)}<figcaption>{escape(block.title)}</figcaption></figure>"


def _grid(grid: Grid) -> str:
    titles = "".join(f"<th{_number(grid, at)}>{escape(title)}</th>" for at, title in enumerate(grid.titles))
    rows = "\n".join(f"<tr>{''.join(_cells(grid, row))}</tr>" for row in grid.rows)
    table = f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>\n{rows}\n</tbody></table></div>'
    if len(grid.rows) <= _MOST_OPEN_ROWS:
        return table
    return f"<details><summary>{len(grid.rows)} rows</summary>{table}</details>"


def _cells(grid: Grid, row: Sequence[str]) -> Iterator[str]:
    for at, cell in enumerate(row):
        inside = escape(cell)
        if at == grid.verdict:
            inside = f'<span class="verdict {escape(_SLUG.sub("-", cell.lower()))}">{inside}</span>'
        yield f"<td{_number(grid, at)}>{inside}</td>"


def _number(grid: Grid, at: int) -> str:
    return ' class="number"' if at in grid.numeric else ""


def written_as_html(markdown: str) -> str:
    """People's Markdown. HTML in it is shown as text, pictures and addresses that run something are left out."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return reader.render(lowered(markdown, by=2))


def _slug(section: Section) -> str:
    return _SLUG.sub("-", section.title.lower()).strip("-")


@cache
def _style() -> str:
    return files("boathouse.models.cards").joinpath("card.css").read_text(encoding="utf-8").strip()
