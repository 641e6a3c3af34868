"""What an alert judges, drawn: as it is known now, and as it was known when the alert fired, which a repair hides."""

import asyncio
from collections.abc import Sequence

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.monitoring.alerts.asking import Points
from boathouse.monitoring.alerts.nouns import Firing
from boathouse.monitoring.alerts.rules import AlertRule
from boathouse.server.ui.pages.alerts.wording import drawn, known_then, lines_of, thresholds, wrong_stretches
from boathouse.server.ui.pages.monitoring.windows import window_cell, window_name
from boathouse.server.ui.parts.grid import grid
from boathouse.server.ui.parts.layout import fold
from boathouse.server.ui.parts.plots import Stretch, over_time
from boathouse.server.ui.parts.text import note
from boathouse.server.ui.visitor import Visitor


async def plotted(visitor: Visitor, name: str, rule: AlertRule, firings: Sequence[Firing]) -> None:
    """The values of an alert's series; ``firings`` are those of interest, the newest first."""
    at = firings[0].fired_at if firings else None
    verb = visitor.plane.alerting.alerts.points
    points, then = await asyncio.gather(visitor.ask(verb, name), _then(visitor, name, at))
    wanted = [each.series for each in firings]
    lines = lines_of(points, wanted)
    before = known_then(then, points, firings)
    wrong = [each for _, told in lines.values() for each in wrong_stretches(rule, told)]
    wrong += [(each.began, each.window_end, each.why) for each in firings]
    shown = {label: drawn(told) for label, (_, told) in lines.items()}
    shown |= {f"{label}, when it fired": drawn(told) for label, told in before.items()}
    over_time(
        shown,
        label=f"{rule.metric} over time, {len(shown)} lines",
        thresholds=thresholds(rule),
        stretches=[Stretch(from_epoch_ms(start), from_epoch_ms(end), why) for start, end, why in wrong],
        in_utc=any(window_name(each.start, each.end) for _, told in lines.values() for each in told[:1]),
        height_pixels=300,
    )
    _words(points, len(lines), has_changed=bool(before), wrong=wrong)


async def _then(visitor: Visitor, name: str, at: int | None) -> Points:
    """As it was known at an instant; of old metric tables that may be forgotten."""
    if at is None:
        return {}
    try:
        return await visitor.ask(visitor.plane.alerting.alerts.points, name, at=at)
    except BoathouseError:
        return {}


def _words(points: Points, shown: int, *, has_changed: bool, wrong: Sequence[tuple[int, int, str]]) -> None:
    told = ["Red ground: windows that the rule finds wrong, or found wrong when it fired."] if wrong else []
    if has_changed:
        told.append("What was measured has been computed anew since; the other lines are what the alert saw.")
    if len(points) > shown:
        told.append(f"{shown} of {len(points)} series are drawn.")
    if told:
        note(" ".join(told))
    if wrong:
        with fold("The wrong windows in words"):
            grid(
                ["Window", "Why"],
                [[window_cell(start, end), why] for start, end, why in sorted(set(wrong), reverse=True)],
                label="Wrong windows",
                per_page=10,
            )
