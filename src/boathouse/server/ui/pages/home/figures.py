"""The figures behind the small plots of Home: how well a model does, how far its data moved, how fresh they are."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boathouse.features.inventory.nouns import Freshness
from boathouse.monitoring.monitors.nouns import Monitor
from boathouse.monitoring.production.models import Produced
from boathouse.monitoring.production.surroundings import Around
from boathouse.monitoring.readings.nouns import Farthest, Reading, Wanted
from boathouse.server.ui.visitor import Visitor

WINDOWS = 12
MOST_MONITORS = 3
"""Tables around a model whose drift is looked at."""
MOST_TABLES = 12
"""Tables around a model that are looked at for features."""
METRICS = ("roc_auc_score.macro", "accuracy_score", "root_mean_squared_error", "mean_average_error", "log_loss")
"""What stands for quality where requirements name nothing that is measured; the first that is."""
_BY_PROXY: Mapping[str, str] = {
    "auc": "roc_auc_score.macro",
    "accuracy": "accuracy_score",
    "rmse": "root_mean_squared_error",
    "mae": "mean_average_error",
    "brier": "brier_score",
    "r2": "r2_score",
    "f1": "f1_score.macro",
}
_SHORT = {"roc_auc_score.macro": "AUC", "root_mean_squared_error": "RMSE", "mean_average_error": "MAE"}


@dataclass(frozen=True, slots=True)
class Figured:
    """One figure over the last windows of a monitored table."""

    table: str
    name: str
    values: tuple[float, ...] = ()
    end: int | None = None
    """Of the newest window, in milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Aged:
    """The feature tables of a model."""

    tables: int = 0
    kept: int = 0
    late: tuple[str, ...] = ()
    newest: int | None = None


async def quality_of(visitor: Visitor, model: Produced, around: Around, monitors: Sequence[Monitor]) -> Figured | None:
    """The metric that stands for the model's success, from the monitor of its answers; None: nothing watches them."""
    watched = next((each for each in of_tables(monitors, around.after) if each.settings.inference_log), None)
    if watched is None:
        return None
    found = await visitor.ask(visitor.plane.readings.series, _wanted(watched))
    return quality_in(watched.table_name, model.metric, found)


def quality_in(table: str, proxy: str | None, readings: Sequence[Reading]) -> Figured:
    """The first metric that was measured: what the requirements name, then what is usual."""
    asked = [_BY_PROXY.get(proxy, proxy)] if proxy else []
    for metric in (*asked, *METRICS):
        told = [(each, each.figures[metric]) for each in readings if metric in each.figures]
        if told:
            values = tuple(value for _, value in told)
            return Figured(table, _SHORT.get(metric, metric), values, told[-1][0].end)
    return Figured(table, "quality")


async def drift_of(visitor: Visitor, around: Around, monitors: Sequence[Monitor]) -> Figured | None:
    """The column that is farthest from where it was, over all tables around the model that are watched."""
    watched = of_tables(monitors, (*around.after, *around.before))[:MOST_MONITORS]
    if not watched:
        return None
    found = await asyncio.gather(*(visitor.ask(visitor.plane.readings.farthest, _wanted(each)) for each in watched))
    drifts = [drift_in(each.table_name, told) for each, told in zip(watched, found, strict=True)]
    return max(drifts, key=lambda each: each.values[-1] if each.values else -1.0)


def drift_in(table: str, found: Sequence[Farthest]) -> Figured:
    """The distances of the farthest columns; the newest gives its name."""
    if not found:
        return Figured(table, "drift")
    return Figured(table, found[-1].column, tuple(each.distance for each in found), found[-1].end)


def of_tables(monitors: Sequence[Monitor], tables: Sequence[str]) -> list[Monitor]:
    """The monitors of these tables, in the order of the tables."""
    by_name = {each.table_name: each for each in monitors}
    return [by_name[name] for name in tables if name in by_name]


def _wanted(monitor: Monitor) -> Wanted:
    """The widest windows: in them a season shows, and few rows say little."""
    granularities = monitor.settings.granularities
    return Wanted(monitor.table_name, granularity=granularities[-1] if granularities else None, windows=WINDOWS)


async def freshness_of(visitor: Visitor, around: Around) -> Aged:
    """How fresh the feature tables are that the model takes its features from."""
    return aged(await visitor.ask(visitor.plane.feature_tables.ages, around.before[:MOST_TABLES]))


def aged(tables: Mapping[str, Freshness | None]) -> Aged:
    """All of them in one line."""
    known = {name: each for name, each in tables.items() if each is not None}
    return Aged(
        len(tables),
        sum(each.is_kept is True for each in known.values()),
        tuple(name for name, each in known.items() if each.is_kept is False),
        max((each.newest_event for each in known.values() if each.newest_event is not None), default=None),
    )
