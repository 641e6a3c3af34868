"""The explanation as a picture: one line per input, one dot per row, coloured by how large the input is."""

from pathlib import Path
from typing import Any

import numpy as np

from boathouse.models.gates.explaining.explained import Array, Explained

_SHOWN = 15
_MOST_DOTS = 500


def draw(found: Explained, file: Path, title: str) -> None:
    """Write a PNG of the inputs that matter most."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    order = np.argsort(-found.importances, kind="stable")[:_SHOWN]
    figure = Figure(figsize=(8, 1.4 + 0.32 * len(order)), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots()
    dice = np.random.default_rng(0)
    rows = np.sort(dice.permutation(found.rows)[:_MOST_DOTS])
    for place, at in enumerate(order[::-1]):
        values = found.values[rows, at, -1]
        height = place + dice.uniform(-0.3, 0.3, len(rows))
        axes.scatter(values, height, c=_shades(found.inputs[rows, at]), cmap="coolwarm", vmin=0, vmax=1, s=6, lw=0)
    axes.axvline(0, color="0.6", lw=0.8)
    axes.set_yticks(range(len(order)), [_short(found.names[at]) for at in order[::-1]])
    axes.set_xlabel(f"what it adds to the {found.unit} (red: large values of the input, blue: small ones)")
    axes.set_title(title, fontsize=10)
    figure.savefig(file, dpi=110, format="png")


def _shades(inputs: Array) -> Array:
    """Each value's rank among the others, from 0 to 1; the middle where it is no number."""
    there = np.isfinite(inputs)
    shades = np.full(len(inputs), 0.5)
    if there.sum() > 1:
        distinct, place = np.unique(inputs[there], return_inverse=True)
        shades[there] = place / max(len(distinct) - 1, 1)
    return shades


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"
