"""What a statement gave back: its rows as a grid, a plot of them, and the way to take them along."""

from collections.abc import Callable, Sequence

from nicegui import ui

from boathouse.foundation.principals import Principal
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.pages.sql.plotting import Columns, missing, options, suggested
from boathouse.server.ui.parts.grid import Exact, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.plots import plot as draw
from boathouse.server.ui.parts.text import link, note, words
from boathouse.server.ui.parts.times import in_words
from boathouse.server.ui.visitor import Visitor
from boathouse.session.saved_queries.nouns import MOST_LINES, Plot, PlotKind
from boathouse.session.statements.exporting import FileKind
from boathouse.session.statements.formatting import text_rows
from boathouse.session.statements.nouns import StatementRecord

MOST_SHOWN = 1_000
"""Rows in the grid; all others come with the export."""
MOST_DRAWN = 10_000
MOST_CELLS_SHOWN, MOST_CELLS_DRAWN = 50_000, 500_000
"""Of a wide result fewer rows are shown and drawn: each cell takes memory in the server while the page is open."""
TextRows = list[list[str | None]]


class ResultPanel:
    """The place below the editor."""

    def __init__(self, visitor: Visitor, plot: Plot | None) -> None:
        self._visitor = visitor
        self.plot = plot
        self._place = ui.element("div").props('aria-live="polite"')

    def clear(self) -> None:
        self._place.clear()

    async def show(self, record: StatementRecord) -> None:
        """The rows of a statement that has succeeded."""
        self._place.clear()
        columns = Columns.of(record.outcome.columns)
        rows = await self._visitor.ask(lambda principal: self._rows(principal, record)) if columns.names else []
        with self._place:
            if not columns.names:
                with card():
                    note("Done. The statement gives no rows.")
                return
            _Plotting(self, columns, rows).build()
            with card("Result"):
                self._summary(record, len(rows))
                shown = rows[: rows_within(len(columns.names), MOST_SHOWN, MOST_CELLS_SHOWN)]
                grid(columns.names, _cells(columns, shown), label="Result", nothing="No rows.")

    def _rows(self, principal: Principal, record: StatementRecord) -> TextRows:
        """The first rows as text, as many as may be drawn."""
        found: TextRows = []
        most = rows_within(len(record.outcome.columns), MOST_DRAWN, MOST_CELLS_DRAWN)
        for chunk in record.outcome.chunks:
            part = self._visitor.plane.statements.chunk(principal, record.id, chunk.index)
            found += text_rows(part.rows.slice(0, most - len(found)))
            if len(found) >= most:
                break
        return found

    def _summary(self, record: StatementRecord, count: int) -> None:
        with ui.element("div").classes("bh-row bh-actions"):
            words(said_of(record), style="bh-note")
            if not count:
                return
            words("Export:", style="bh-note")
            for kind in FileKind:
                where = f"/api/boathouse/v1/statements/{record.id}/result"
                link(kind.value.capitalize() if kind is not FileKind.CSV else "CSV", with_query(where, kind=kind.value))


def said_of(record: StatementRecord) -> str:
    """How many rows there are and how long it took; what was left out is said."""
    total, took = record.outcome.row_count, in_words((record.finished_at or 0) - record.created_at)
    rows = f"{total:,} row{'' if total == 1 else 's'}"
    if record.outcome.truncated:
        return f"The first {rows} in {took}: there are more; raise the limit, or ask for less."
    most = rows_within(len(record.outcome.columns), MOST_SHOWN, MOST_CELLS_SHOWN)
    shown = f", the first {most:,} are shown" if total > most else ""
    return f"{rows} in {took}{shown}"


def rows_within(columns: int, most_rows: int, most_cells: int) -> int:
    """How many rows of so many columns are taken, at least one."""
    return max(1, min(most_rows, most_cells // max(columns, 1)))


def _cells(columns: Columns, rows: Sequence[Sequence[str | None]]) -> list[list[Exact]]:
    numeric = [name in columns.numbers for name in columns.names]
    return [
        [Exact(text, _key(text) if is_number else None) for text, is_number in zip(row, numeric, strict=True)]
        for row in rows
    ]


def _key(text: str | None) -> float:
    """What a number is sorted by; nulls come last whatever it is."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


class _Plotting:
    """The choice of what to draw, and the drawing."""

    def __init__(self, panel: ResultPanel, columns: Columns, rows: TextRows) -> None:
        self._panel = panel
        self._columns = columns
        self._rows = rows

    def build(self) -> None:
        if not self._columns.numbers or not self._rows:
            return
        plot = self._panel.plot
        with card("Plot"):
            with ui.element("div").classes("bh-row bh-actions"):
                kinds = ["none", *(kind.value for kind in PlotKind)]
                self._kind = self._select("Kind", kinds, plot.kind.value if plot else "none", self._chosen)
                guess = plot or suggested(self._columns)
                names = list(dict.fromkeys(self._columns.names))
                self._x = self._select("Across", names, guess.x if guess and guess.x in names else names[0], self._draw)
                numbers = list(dict.fromkeys(self._columns.numbers))
                up = [name for name in (guess.y if guess else ()) if name in numbers] or numbers[:1]
                self._y = ui.select(numbers, label="Up", value=up, multiple=True, on_change=self._draw)
                self._y.props(f"outlined dense options-dense max-values={MOST_LINES}").classes("bh-select")
            self._drawing = ui.element("div")
            self._chosen()

    def _select(self, label: str, values: list[str], value: str, changed: Callable[[], None]) -> ui.select:
        field = ui.select(values, label=label, value=value, on_change=lambda _: changed())
        return field.props("outlined dense options-dense").classes("bh-select")

    def _chosen(self) -> None:
        is_drawn = self._kind.value != "none"
        self._x.set_visibility(is_drawn)
        self._y.set_visibility(is_drawn)
        self._draw()

    def _draw(self) -> None:
        self._drawing.clear()
        if self._kind.value == "none" or not self._y.value:
            self._panel.plot = None
            return
        plot = Plot(PlotKind(str(self._kind.value)), str(self._x.value), tuple(self._y.value))
        self._panel.plot = plot
        with self._drawing:
            if gone := missing(plot, self._columns):
                note(f"The result has no column {gone[0]}.")
                return
            draw(options(plot, self._columns, self._rows), label=f"{', '.join(plot.y)} over {plot.x}",
                 height_pixels=320)  # fmt: skip
            if len(self._rows) >= rows_within(len(self._columns.names), MOST_DRAWN, MOST_CELLS_DRAWN):
                note(f"The first {len(self._rows):,} rows are drawn.")
