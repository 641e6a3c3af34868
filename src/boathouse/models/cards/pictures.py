"""Pictures of a card as SVG that takes its colours from the page around it: light, dark, or printed."""

import re
import threading
import uuid
import warnings
from collections.abc import Sequence
from io import StringIO
from typing import Any

from boathouse.models.cards.document import CurvePicture, Point, SlicePicture
from boathouse.models.cards.wording import number, printable

_DRAWING = threading.Lock()
"""Settings of matplotlib belong to the process."""
_COLOURS = {"#010101": "var(--ink)", "#020202": "var(--faint)", "#030303": "var(--accent)", "#040404": "var(--bad)"}
_INK, _FAINT, _ACCENT, _BAD = _COLOURS
_LONGEST_LABEL = 34
_SETTINGS = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "text.parse_math": False,
}


def picture_of_slices(picture: SlicePicture) -> str:
    """A dot with its interval per slice; lines for all rows and for the bound."""
    with _DRAWING, _settings(picture):
        height = 1.0 + 0.3 * len(picture.points)
        figure, axes = _figure(6.4, height)
        for at, point in enumerate(reversed(picture.points)):
            if point.low is not None and point.high is not None:
                axes.plot([point.low, point.high], [at, at], color=_ACCENT, linewidth=1.6, solid_capstyle="butt")
            axes.plot([point.value], [at], "o", color=_ACCENT, markersize=5)
        axes.set_yticks(range(len(picture.points)), [_label(point) for point in reversed(picture.points)])
        axes.set_ylim(-0.6, len(picture.points) - 0.4)
        axes.set_xlabel(picture.metric.replace("_", " "))
        if picture.overall is not None:
            axes.axvline(picture.overall, color=_INK, linewidth=1, linestyle=(0, (4, 3)))
        if picture.bound is not None:
            axes.axvline(picture.bound, color=_BAD, linewidth=1)
        axes.tick_params(length=0)
        return _svg(figure, _told_of_slices(picture))


def picture_of_curve(picture: CurvePicture) -> str:
    """What came true over what was answered, with the diagonal."""
    with _DRAWING, _settings(picture):
        figure, axes = _figure(4.4, 3.9)
        low, high = _range(picture)
        axes.plot([low, high], [low, high], color=_FAINT, linewidth=1, linestyle=(0, (4, 3)))
        axes.plot(picture.answered, picture.observed, "o-", color=_ACCENT, markersize=4, linewidth=1.4)
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
        axes.set_aspect("equal")
        axes.set_xlabel("answered")
        axes.set_ylabel("came true")
        pairs = zip(picture.answered, picture.observed, strict=True)
        points = ", ".join(f"{number(answered)} came true {number(observed)}" for answered, observed in pairs)
        return _svg(figure, f"{picture.title}: {points}")


def _range(picture: CurvePicture) -> tuple[float, float]:
    """From nought to one for probabilities; else as far as the numbers go."""
    values = [*picture.answered, *picture.observed]
    if min(values) >= 0 and max(values) <= 1:
        return 0.0, 1.0
    margin = (max(values) - min(values)) * 0.05
    return min(values) - margin, max(values) + margin


def told_lines(picture: SlicePicture) -> Sequence[str]:
    """What the lines in the picture mean."""
    lines = [f"dashed: all rows ({number(picture.overall)})"] if picture.overall is not None else []
    return [*lines, f"red: the bound ({number(picture.bound)})"] if picture.bound is not None else lines


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure, figure.add_subplot()


def _settings(picture: SlicePicture | CurvePicture) -> Any:
    import matplotlib

    # names inside the SVG come from this salt: the same picture is the same text, and two on a page do not clash
    salt = str(uuid.uuid5(uuid.NAMESPACE_OID, repr(picture)))
    settings: dict[Any, Any] = {**_SETTINGS, "svg.hashsalt": salt}
    return matplotlib.rc_context(settings)


def _svg(figure: Any, told: str) -> str:
    """The figure as an element for the middle of a page; the words for those who cannot see it come with it."""
    written = StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that this machine has no font for; the reader's may
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = written.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' id="(?:figure|axes|patch|line2d|matplotlib\.axis|text|xtick|ytick|PathCollection)_\d+"', "", text)
    for drawn, wanted in _COLOURS.items():
        text = text.replace(drawn, wanted)
    text = re.sub(r'(<svg[^>]*?) width="([\d.]+)pt" height="[\d.]+pt"', r'\1 style="max-width:\2pt"', text)
    text = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 system-ui, sans-serif", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{_attribute(told)}"', 1).strip()


def _attribute(text: str) -> str:
    from html import escape

    return escape(printable(text), quote=True)


def _label(point: Point) -> str:
    label = " ".join(printable(point.label).split())
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def _told_of_slices(picture: SlicePicture) -> str:
    points = ", ".join(f"{point.label}: {number(point.value)}" for point in picture.points)
    return f"{picture.title}. {points}"
