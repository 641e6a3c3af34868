"""What the sections of a monitor's page have in common."""

from dataclasses import dataclass

from boathouse.monitoring.alerts.service import Standing
from boathouse.monitoring.monitors.nouns import Monitor, MonitorStanding
from boathouse.monitoring.readings.nouns import Choices
from boathouse.server.ui.pages.monitoring.asked import WHOLE_TABLE, WINDOWS, Asked, slice_name
from boathouse.server.ui.parts.choosing import Choice
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.visitor import Visitor

SNAPSHOT = "snapshots"


@dataclass(frozen=True, slots=True)
class Seen:
    """A monitor, its alerts, and who looks at it."""

    visitor: Visitor
    standing: MonitorStanding
    alerts: tuple[Standing, ...]
    may_manage: bool = False

    @property
    def monitor(self) -> Monitor:
        return self.standing.monitor

    @property
    def table(self) -> str:
        return self.monitor.table_name

    async def choices(self) -> Choices:
        """What can be asked for."""
        return await self.visitor.ask(self.visitor.plane.readings.choices, self.table)


def nothing_measured(seen: Seen) -> None:
    """Before the first refresh."""
    command = f"boathouse monitor refresh {seen.table}" if seen.may_manage else None
    empty("Nothing has been measured yet: the monitor's first refresh has not ended.", command)


def of_series(choices: Choices, asked: Asked) -> dict[str, Choice]:
    """Fields for the window's length, the slice and the model; those without a choice are not shown."""
    wanted = asked.wanted
    chosen = "" if wanted.slice_key is None else slice_name(wanted.slice_key, wanted.slice_value)
    slices = {"": WHOLE_TABLE} | {name: name for name in (slice_name(*each) for each in choices.slices)}
    return {
        "granularity": Choice(
            "Windows", {each or "": each or SNAPSHOT for each in choices.granularities}, wanted.granularity or ""
        ),
        "slice": Choice("Slice", slices, chosen),
        "model": Choice("Model", {"": "all together"} | {each: each for each in choices.models}, wanted.model or ""),
    }


def of_time(asked: Asked) -> dict[str, Choice]:
    """The field for how far back."""
    return {"windows": Choice("Show the last", WINDOWS, str(asked.wanted.windows))}
