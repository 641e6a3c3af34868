"""A card as a document: sections of a few kinds of blocks, which each rendering writes in its own way.

All texts are plain and untrusted; only a rendering knows how they are escaped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain text."""

    text: str
    is_gap: bool = False
    """Whether it says that something is missing."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list of plain lines."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; numbers stand to the right, verdicts have a colour."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    verdict: int | None = None
    """Which column holds a verdict."""


@dataclass(frozen=True, slots=True)
class Commands:
    """What to type."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Written:
    """Markdown that people have written."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its interval, under a label or at a place."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class SlicePicture:
    """Values by slice, beside that of all rows."""

    title: str
    metric: str
    points: Sequence[Point]
    overall: float | None = None
    bound: float | None = None


@dataclass(frozen=True, slots=True)
class CurvePicture:
    """What was answered against what came true."""

    title: str
    answered: Sequence[float]
    observed: Sequence[float]
    rows: Sequence[int] = ()


Block = Paragraph | Items | Facts | Grid | Commands | Written | SlicePicture | CurvePicture


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with blocks."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole card."""

    title: str
    subtitle: str
    badges: Sequence[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """A word and its mood: ``good``, ``bad``, ``open`` or ``plain``."""
    sections: Sequence[Section] = ()
