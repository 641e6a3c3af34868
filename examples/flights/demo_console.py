"""What the demo shows while it works: a bar that moves on a terminal, one line per finished step everywhere."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@dataclass(slots=True)
class Step:
    """One line of the story; whoever works on it says how far it is."""

    title: str
    progress: Progress
    bar: int
    seconds: float = 0.0
    detail: str = ""

    def at(self, done: int, of: int, what: str) -> None:
        """Show that ``done`` of ``of`` parts are ready and ``what`` is being worked on."""
        self.progress.update(self.bar, completed=done, total=of, what=what)


@dataclass(slots=True)
class Story:
    """The steps so far."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    steps: list[Step] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @contextmanager
    def step(self, title: str) -> Generator[Step]:
        """Do something that takes a moment; when it is done, one line says what and how long."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.fields[what]}"))
        bars = Progress(*columns, TimeElapsedColumn(), console=self.console, transient=True)
        # Without a terminal nothing can be redrawn: only the finished lines are printed.
        bars.disable = not self.console.is_terminal
        with bars:
            step = Step(title, bars, bars.add_task(title, total=None, what=""))
            began = time.monotonic()
            yield step
            step.seconds = time.monotonic() - began
        self.steps.append(step)
        self.console.print(f"[green]✓[/] {step.title:<34} {step.seconds:5.1f} s  [dim]{step.detail}[/]", soft_wrap=True)

    def failed(self, reason: str, output: str = "") -> None:
        """Say what went wrong, with the end of what the failed part had printed."""
        self.console.print(f"[red]✗ The demo stopped after {self.seconds:.0f} s.[/]")
        self.console.print(reason, markup=False, soft_wrap=True)
        for line in output.rstrip().splitlines()[-30:]:
            self.console.print(f"    {line}", markup=False, soft_wrap=True, style="dim")
