"""Drift and quality: figures of a monitor that are beyond a bound in its newest windows. Asked after each refresh, and
remembered until the next, so that what a brake has put off asks again."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from boathouse.catalog.events.nouns import EventType
from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.retraining.nouns import Signal
from boathouse.monitoring.retraining.policy import OnMetric, TriggerKind
from boathouse.monitoring.retraining.triggers.contract import Asked, Figure, Looked, MetricQuestion

_MOST_SHOWN = 10


def look_at(kind: TriggerKind) -> Callable[[Asked], Looked]:
    """The look of drift or of quality."""

    def look(asked: Asked) -> Looked:
        said: OnMetric = asked.settings
        refreshed = [each for each in asked.events if _is_refresh_of(said.table, each.type, each.subject)]
        memory: Mapping[str, Any] = asked.memory
        if refreshed or asked.is_pressed or not memory:
            found = asked.world.figures(asked.principal, _question(kind, said, asked.until))
            memory = {"beyond": [asdict(each) for each in beyond(found, said)]}
        figures = [Figure(**each) for each in memory["beyond"]]
        return Looked(memory, (_signal(kind, asked, said, figures),) if figures else ())

    return look


def beyond(figures: Sequence[Figure], said: OnMetric) -> list[Figure]:
    """The newest figure of each column whose last windows are all beyond the bound, the farthest first. What has no
    value says nothing, and so ends a row of windows."""
    found: list[Figure] = []
    newest = max((each.window_end for each in figures), default=0)
    ordered = sorted(figures, key=lambda each: (each.column, each.granularity or "", -each.window_end))
    for _, group in groupby(ordered, key=lambda each: (each.column, each.granularity)):
        windows = list(group)[: said.windows]
        # A column that the newest window no longer has is gone, not drifting.
        if (
            len(windows) == said.windows
            and windows[0].window_end == newest
            and all(_is_beyond(each, said) for each in windows)
        ):
            found.append(windows[0])
    return sorted(found, key=lambda each: -_distance(each, said))


def _is_beyond(figure: Figure, said: OnMetric) -> bool:
    value = figure.value
    if value is None or math.isnan(value):
        return False
    return (said.above is not None and value > said.above) or (said.below is not None and value < said.below)


def _distance(figure: Figure, said: OnMetric) -> float:
    value = figure.value or 0.0
    return max(
        value - said.above if said.above is not None else -math.inf,
        said.below - value if said.below is not None else -math.inf,
    )


def _is_refresh_of(table: str, type: str, subject: str) -> bool:
    return type == EventType.MONITOR_REFRESHED and subject.lower() == table.lower()


def _question(kind: TriggerKind, said: OnMetric, until: int | None) -> MetricQuestion:
    return MetricQuestion(
        said.table,
        kind is TriggerKind.DRIFT,
        said.metric_table,
        said.metric,
        said.column,
        said.against,
        said.granularity,
        said.model_id,
        until,
    )


def _signal(kind: TriggerKind, asked: Asked, said: OnMetric, figures: Sequence[Figure]) -> Signal:
    first = figures[0]
    bound = f"above {said.above:g}" if said.above is not None and _over(first, said) else f"below {said.below:g}"
    others = f" and {len(figures) - 1} more" if len(figures) > 1 else ""
    shown = from_epoch_ms(first.window_end).isoformat(timespec="seconds")
    value = "none" if first.value is None else f"{first.value:.4g}"
    told = f"{said.metric} of {first.column}{others} in {said.table} is {value}, {bound}"
    return Signal(
        kind,
        asked.name,
        f"{kind.value}:{asked.name}:{first.granularity or 'snapshot'}:{first.window_end}",
        f"{told}, in the window that ended at {shown}.",
        {
            "table": said.table,
            "metric": said.metric,
            "above": said.above,
            "below": said.below,
            "columns": [_figure_json(each) for each in figures[:_MOST_SHOWN]],
            "columns_beyond": len(figures),
        },
        first.window_end,
        lasts=True,
    )


def _over(figure: Figure, said: OnMetric) -> bool:
    return said.above is not None and figure.value is not None and figure.value > said.above


def _figure_json(figure: Figure) -> dict[str, Any]:
    start, end = (
        from_epoch_ms(each).isoformat(timespec="seconds") for each in (figure.window_start, figure.window_end)
    )
    value = figure.value if figure.value is not None and math.isfinite(figure.value) else str(figure.value)
    return {"column": figure.column, "value": value, "window_start": start, "window_end": end}
