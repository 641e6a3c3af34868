"""Runs a text through the statement verbs, as REST does: in a query process, shown while it runs, and cancelled on
demand."""

import asyncio
import time
from collections.abc import Callable

from nicegui import ui

from boathouse.server.ui.pages.sql.editor import SqlEditor
from boathouse.server.ui.pages.sql.parameters import ParameterFields
from boathouse.server.ui.pages.sql.result import ResultPanel
from boathouse.server.ui.parts.asking import button
from boathouse.server.ui.parts.problems import problem
from boathouse.server.ui.parts.text import preformatted, words
from boathouse.server.ui.parts.times import in_words
from boathouse.server.ui.visitor import Visitor
from boathouse.session.saved_queries.nouns import Plot
from boathouse.session.statements.nouns import Disposition, Format, State, StatementRecord, StatementRequest

LIMITS = {1_000: "1,000 rows", 10_000: "10,000 rows", 100_000: "100,000 rows", 1_000_000: "1,000,000 rows"}
MOST_BYTES = 512 << 20
_PAUSES = (0.02, 0.25)


class Runner:
    """Editor, parameters, buttons and result, working together."""

    def __init__(
        self,
        visitor: Visitor,
        text: str,
        values: dict[str, str] | None = None,
        *,
        on_ran: Callable[[str], None] | None = None,
    ) -> None:
        self._visitor = visitor
        self._on_ran = on_ran
        self._is_busy = False
        self._running: str | None = None
        self.editor = SqlEditor(visitor, text, on_run=self.run)
        self.parameters = ParameterFields(values)
        self.parameters.show(text)
        self.editor.on_change(lambda: self.parameters.show(self.editor.text))
        self.buttons = ui.element("div").classes("bh-row bh-actions")
        with self.buttons:
            self._run_button = button("Run", self.run, style="bh-primary")
            self._cancel = button("Cancel", self._end, style="bh-danger")
            self._cancel.set_visibility(False)
            self._limit = ui.select(LIMITS, label="Limit", value=1_000).props("outlined dense options-dense")
            self._limit.classes("bh-select")
            self._state = words("Ctrl+Enter runs, Ctrl+Space completes.", style="bh-note").props("role=status")
        self.failure = ui.element("div")
        self.result: ResultPanel | None = None

    def place_result(self, plot: Plot | None = None) -> None:
        """The result stands where this is called."""
        self.result = ResultPanel(self._visitor, plot)

    @property
    def plot(self) -> Plot | None:
        """How the result is drawn now."""
        return self.result.plot if self.result else None

    async def run(self) -> None:
        """Run what stands in the editor."""
        if self._is_busy or self._running is not None:
            return
        self._is_busy = True
        self._run_button.props("disable")
        self._clear()
        request = StatementRequest(
            self.editor.text,
            self.parameters.typed,
            row_limit=int(self._limit.value or 1_000),
            byte_limit=MOST_BYTES,
            disposition=Disposition.EXTERNAL_LINKS,
            format=Format.ARROW_STREAM,
        )
        try:
            record = await self._visitor.ask(self._visitor.plane.statements.execute, request)
            if self._on_ran is not None:
                self._on_ran(record.id)  # the address names it while it runs: who loads the page again finds it
            await self._follow(record.id)
        except Exception as error:  # noqa: BLE001 (shown where the result would stand)
            with self.failure:
                problem(error)
        finally:
            self._is_busy = False
            self._running = None
            self._run_button.props(remove="disable")
            self._cancel.set_visibility(False)

    async def show(self, record: StatementRecord) -> None:
        """A statement that ran before, with its rows as long as they are kept."""
        match record.state:
            case State.SUCCEEDED:
                self._state.text = "This ran before; its result is kept for an hour."
                await self._show_rows(record)
            case State.FAILED:
                self._fail(record.outcome.error or "The statement failed.")
            case State.CLOSED:
                self._state.text = "This ran before; its rows are gone. Run it again."
            case State.CANCELED:
                self._state.text = "This was cancelled."
            case _:
                await self._follow(record.id)

    async def _follow(self, statement_id: str) -> None:
        statements, began, pause = self._visitor.plane.statements, time.monotonic(), _PAUSES[0]
        self._running = statement_id
        while statements.is_under_way(statement_id) and not self.buttons.is_deleted:
            if (passed := time.monotonic() - began) > 0.3:
                self._cancel.set_visibility(True)
                self._state.text = f"Running for {in_words(passed * 1000)} …"
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _PAUSES[1])
        if self.buttons.is_deleted:
            return
        record = await self._visitor.ask(statements.get, statement_id)
        self._state.text = ""
        self._running = None
        self._cancel.set_visibility(False)
        match record.state:
            case State.SUCCEEDED:
                await self._show_rows(record)
            case State.CANCELED:
                self._state.text = "Cancelled."
            case _:
                self._fail(record.outcome.error or "The statement failed.")
        if self._on_ran is not None:
            self._on_ran(record.id)

    async def _show_rows(self, record: StatementRecord) -> None:
        if self.result is not None:
            await self.result.show(record)

    def _fail(self, error: str) -> None:
        first, _, rest = error.partition("\n")
        with self.failure, ui.element("div").classes("bh-problem").props("role=alert"):
            words("This did not run", "strong")
            words(first, "p")
            if rest:
                preformatted(rest)
        self.editor.mark(error)

    def _clear(self) -> None:
        self.failure.clear()
        if self.result is not None:
            self.result.clear()
        self.editor.mark(None)

    async def _end(self) -> None:
        if self._running is not None:
            await self._visitor.ask(self._visitor.plane.statements.cancel, self._running)
