"""What the demo shows while it works: a bar that moves on a terminal, one line per finished step everywhere."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Stopped(Exception):
    """Another step has failed, so this one need not end."""


@dataclass(slots=True)
class Step:
    """One line of the story; whoever works on it says how far it is."""

    title: str
    progress: Progress
    bar: TaskID
    detail: str = ""

    def at(self, done: int, of: int, what: str) -> None:
        """Show that ``done`` of ``of`` parts are ready and ``what`` is being worked on."""
        self.progress.update(self.bar, completed=done, total=of, what=what)


class Story:
    """The steps so far; several may be under way at once."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.started = time.monotonic()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.fields[what]}"))
        self.refusal = ""
        """What was said to development when it wanted to write to production."""
        self._stopped = Event()
        self._bars = Progress(*columns, TimeElapsedColumn(), console=self.console, transient=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def __enter__(self) -> Self:
        if self.console.is_terminal:  # elsewhere nothing can be redrawn: only the finished lines are printed
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.console.is_terminal:
            self._bars.stop()

    @contextmanager
    def stopping_together(self) -> Generator[None]:
        """Whatever ends the block before its time also ends the steps that are under way in it."""
        try:
            yield
        except BaseException:
            self._stopped.set()
            raise

    def require_going_on(self) -> None:
        if self._stopped.is_set():
            raise Stopped

    @contextmanager
    def step(self, title: str) -> Generator[Step]:
        """Do something that takes a moment; when it is done, one line says what and how long."""
        step = Step(title, self._bars, self._bars.add_task(title, total=None, what=""))
        began = time.monotonic()
        try:
            yield step
        finally:
            self._bars.remove_task(step.bar)
        seconds = time.monotonic() - began
        self.console.print(f"[green]✓[/] {title:<34} {seconds:5.1f} s  [dim]{step.detail}[/]", soft_wrap=True)

    def failed(self, reason: str, output: str = "") -> None:
        """Say what went wrong, with the end of what the failed part had printed."""
        self.console.print(f"[red]✗ The demo stopped after {self.seconds:.0f} s.[/]")
        self.console.print(reason, markup=False, soft_wrap=True)
        for line in output.rstrip().splitlines()[-30:]:
            self.console.print(f"    {line}", markup=False, soft_wrap=True, style="dim")
