"""The live log of a task: its end first, then what it goes on to print; the rest on demand."""

from nicegui import ui
from nicegui.element import Element

from boathouse.foundation.principals import Principal
from boathouse.jobs.logs import LogReader
from boathouse.jobs.records import TaskRun
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.pages.runs.log_text import LogText, plain
from boathouse.server.ui.parts.asking import button
from boathouse.server.ui.parts.later import every
from boathouse.server.ui.parts.text import link, words
from boathouse.server.ui.visitor import Visitor

FIRST_BYTES = 128 * 1024
EARLIER_BYTES = 256 * 1024
READ_SECONDS = 0.4
MOST_READS = 8
"""Pieces that one look takes, so that a task that prints much does not hold the page."""


class Log(Element, component="log.js"):
    """The element in the browser."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.props["label"] = label


class LogPanel:
    """Shows the log of one attempt at a task and follows it while it grows. The reader was handed out by the verb that
    judges who may see it; each look asks again who is there."""

    def __init__(self, visitor: Visitor, task: TaskRun, attempt: int) -> None:
        self._visitor = visitor
        self._task, self._attempt = task, attempt
        self._text = LogText()
        self._reader: LogReader | None = None
        self._is_empty = True
        with ui.element("div"):
            with ui.element("div").classes("bh-row bh-log-tools"):
                self._earlier = button("Show earlier lines", self._show_earlier)
                self._earlier.set_visibility(False)
                where = f"/api/boathouse/v1/jobs/runs/{task.task_run_id}/logs"
                link("Whole log as text", with_query(where, attempt=attempt)).props('target="_blank"')
                self._state = words("", style="bh-note").props("role=status")
            self._log = Log(f"Log of {task.place}, attempt {attempt + 1}")
        self._timer = every(READ_SECONDS, self._look)

    async def _look(self) -> None:
        reader = self._reader = self._reader or await self._open()
        for _ in range(MOST_READS):
            piece = await self._visitor.ask(lambda _: reader.read())
            if piece is None:
                self._timer.cancel()
                self._state.text = "It printed nothing." if self._is_empty else "The log has ended."
                return
            if not piece:
                self._state.text = "Waiting for what it prints …" if self._is_empty else "Following …"
                return
            self._add(piece)

    async def _open(self) -> LogReader:
        jobs, task_run_id = self._visitor.plane.jobs, self._task.task_run_id
        reader = await self._visitor.ask(jobs.task_logs, task_run_id, attempt=self._attempt, last_bytes=FIRST_BYTES)
        self._earlier.set_visibility(reader.left_out_bytes > 0)
        return reader

    def _add(self, piece: bytes) -> None:
        self._is_empty = False
        self._log.run_method("add", self._text.read(piece))

    async def _show_earlier(self) -> None:
        reader = self._reader
        if reader is None:
            return

        def read(_: Principal) -> bytes:
            return reader.read_before(EARLIER_BYTES)

        self._log.run_method("put_before", plain((await self._visitor.ask(read)).decode(errors="replace")))
        self._earlier.set_visibility(reader.left_out_bytes > 0)
