"""A result as a plot: which columns, and what ECharts is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from boathouse.session.saved_queries.nouns import Plot, PlotKind

Rows = Sequence[Sequence[str | None]]
NUMBERS = frozenset({"BYTE", "SHORT", "INT", "LONG", "FLOAT", "DOUBLE", "DECIMAL"})
INSTANTS = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_NTZ"})


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a result: names and types, as statements describe them."""

    names: tuple[str, ...]
    types: tuple[str, ...]

    @classmethod
    def of(cls, described: Sequence[dict[str, Any]]) -> "Columns":
        return cls(tuple(str(each["name"]) for each in described), tuple(str(each["type_name"]) for each in described))

    @property
    def numbers(self) -> list[str]:
        return [name for name, kind in zip(self.names, self.types, strict=True) if kind in NUMBERS]

    def place(self, name: str) -> int | None:
        return self.names.index(name) if name in self.names else None


def suggested(columns: Columns) -> Plot | None:
    """A plot that may fit: the first column across, the first numbers up. None where nothing can be drawn."""
    y = [name for name in columns.numbers if name != columns.names[0]][:3]
    if not columns.names or not y:
        return None
    kind = PlotKind.LINE if columns.types[0] in INSTANTS | NUMBERS else PlotKind.BAR
    return Plot(kind, columns.names[0], tuple(y))


def missing(plot: Plot, columns: Columns) -> list[str]:
    """Columns of the plot that the result does not have."""
    return [name for name in (plot.x, *plot.y) if name not in columns.names]


def options(plot: Plot, columns: Columns, rows: Rows) -> dict[str, Any]:
    """What ECharts draws. Every value of the result is data or text on a canvas, never HTML."""
    x = columns.names.index(plot.x)
    axis = _axis(columns.types[x], plot.kind)
    lines = [columns.names.index(name) for name in plot.y]
    across = [_value(row[x]) if axis == "value" else row[x] for row in rows]
    series = [
        {
            "name": columns.names[line],
            "type": plot.kind.value,
            "showSymbol": len(rows) < 60,
            "data": [_value(row[line]) for row in rows]
            if axis == "category"
            else [[at, _value(row[line])] for at, row in zip(across, rows, strict=True)],
        }
        for line in lines
    ]
    x_axis: dict[str, Any] = {"type": axis, "name": plot.x, "nameLocation": "middle", "nameGap": 28, "scale": True}
    if axis == "category":
        x_axis["data"] = ["null" if each is None else each for each in across]
    return {"xAxis": x_axis, "yAxis": {"type": "value", "scale": plot.kind is not PlotKind.BAR}, "series": series}


def _axis(kind: str, plot: PlotKind) -> str:
    if plot is PlotKind.BAR:
        return "category"
    if kind in INSTANTS:
        return "time"
    return "value" if kind in NUMBERS else "category"


def _value(text: str | None) -> float | None:
    """A number as ECharts takes it: what is none, or not finite, is a gap."""
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < float("inf") else None
