"""A card as Markdown. Pictures are left out: the numbers behind them stand in tables."""

import re
from collections.abc import Iterator, Sequence

from boathouse.models.cards.document import (
    Block,
    Commands,
    CurvePicture,
    Document,
    Facts,
    Grid,
    Items,
    Paragraph,
    SlicePicture,
    Written,
)
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.sections import document_of
from boathouse.models.cards.wording import printable

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&])")
_LINE_START = re.compile(r"^(\s*)(-|\d+[.)])(?=\s)")
_HEADING = re.compile(r"^(#{1,6})(?=\s)", re.MULTILINE)
_FENCE = re.compile(r"^\s*(```|~~~)")
_TAG_OR_CODE = re.compile(r"(`+[^`]*`+)|<(?=[A-Za-z/!?])")


def as_markdown(facts: CardFacts) -> str:
    """The card as one Markdown file."""
    return render_markdown(document_of(facts))


def render_markdown(document: Document) -> str:
    lines = [f"# {escaped(document.title)}", "", escaped(document.subtitle), ""]
    if document.badges:
        lines += [" · ".join(f"**{escaped(word)}**" for word, _ in document.badges), ""]
    for section in document.sections:
        lines += [f"## {escaped(section.title)}", ""]
        for block in section.blocks:
            lines += [*_lines(block), ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def escaped(text: str) -> str:
    """The text with nothing in it that Markdown would act on, on one line."""
    flat = " ".join(printable(text).split())
    return _LINE_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", flat))


def lowered(markdown: str, by: int = 2) -> str:
    """People's Markdown with its headings below ours and its HTML as text; code is left as it is."""
    in_code, lines = False, list[str]()
    for line in printable(markdown).strip().splitlines():
        if _FENCE.match(line):
            in_code = not in_code
        if not in_code:
            line = _HEADING.sub(lambda found: "#" * min(6, len(found[1]) + by), line)
            line = _TAG_OR_CODE.sub(lambda found: found[1] or "&lt;", line)
        lines.append(line)
    return "\n".join([*lines, "```"] if in_code else lines)


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text, is_gap):
            yield f"*{escaped(text)}*" if is_gap else escaped(text)
        case Items(lines):
            yield from (f"- {escaped(line)}" for line in lines)
        case Facts(pairs):
            yield from (f"- **{escaped(name)}:** {escaped(what)}" for name, what in pairs)
        case Commands(lines):
            yield from ("```console", *(line.replace("`", "'") for line in lines), "```")
        case Grid():
            yield from _grid(block)
        case Written(markdown):
            yield lowered(markdown)
        case SlicePicture() | CurvePicture():
            return


def _grid(grid: Grid) -> Iterator[str]:
    yield _row(grid.titles)
    yield _row(["---:" if at in grid.numeric else "---" for at in range(len(grid.titles))], escape=False)
    yield from (_row(row) for row in grid.rows)


def _row(cells: Sequence[str], *, escape: bool = True) -> str:
    return "| " + " | ".join(escaped(cell) if escape else cell for cell in cells) + " |"
