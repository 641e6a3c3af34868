"""Which figure a monitor's page shows: what the address says, and what matters most where it says nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from boathouse.monitoring.alerts.nouns import Firing
from boathouse.monitoring.alerts.rules import AlertRule, matching
from boathouse.monitoring.alerts.service import Standing
from boathouse.monitoring.monitors.settings import TABLE, MonitorSettings
from boathouse.monitoring.readings.nouns import Choices, Reading, Wanted

WHOLE_TABLE = "whole table"
_QUALITY = ("roc_auc_score.macro", "accuracy_score", "root_mean_squared_error", "mean_average_error", "log_loss")
_FIRST = ("percent_null", "avg", "median", "stddev", "min", "max", "count", "percent_distinct", "js_distance")
WINDOWS = {"60": "60 windows", "400": "400 windows", "2000": "2,000 windows"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is shown."""

    wanted: Wanted
    metric: str


def asked_for(
    table: str, query: Mapping[str, str], choices: Choices, settings: MonitorSettings, alerts: Sequence[Standing] = ()
) -> Asked:
    """Every part of the address that means nothing here is taken as not said."""
    column, metric = query.get("column", ""), query.get("metric", "")
    if column not in choices.columns:
        told = first_metric(choices, settings, alerts)
        column = told[0]
        metric = metric or told[1]
    slice_key, slice_value = chosen_slice(query.get("slice", ""), choices)
    windows = query.get("windows", "")
    wanted = Wanted(
        table,
        column,
        chosen_granularity(query.get("granularity", ""), choices, column, alerts),
        slice_key,
        slice_value,
        query.get("model") if query.get("model") in choices.models else None,
        int(windows) if windows in WINDOWS else 400,
    )
    return Asked(wanted, metric)


def first_metric(choices: Choices, settings: MonitorSettings, alerts: Sequence[Standing]) -> tuple[str, str]:
    """What is looked at first: what an alert fires about, what one watches, how good the answers are, else a column."""
    for standing in sorted(alerts, key=lambda each: (not each.open, -each.alert.rule.severity.rank)):
        rule = standing.alert.rule
        if rule.metric is None:
            continue
        firing = [each.series.get("column") for each in standing.open]
        watched = [each for each in choices.columns if matching(rule.columns, each)]
        for column in (*firing, *_plain(rule.columns), *watched):
            if column is not None and column in choices.columns:
                return column, rule.metric
    if settings.inference_log is not None:
        return TABLE, ""
    own = [each for each in choices.columns if each not in (TABLE, settings.timestamp)]
    return (own[0] if own else TABLE), ""


def _plain(patterns: Sequence[str] | None) -> list[str]:
    return [each for each in patterns or () if "*" not in each and not each.startswith("!")]


def chosen_granularity(said: str, choices: Choices, column: str, alerts: Sequence[Standing]) -> str | None:
    """What was said, else what the alerts on the column look at, else the shortest."""
    if said in choices.granularities:
        return said
    watched = [
        each.alert.rule.granularity
        for each in sorted(alerts, key=lambda one: not one.open)
        if each.alert.rule.granularity in choices.granularities and matching(each.alert.rule.columns, column)
    ]
    return watched[0] if watched else (choices.granularities[0] if choices.granularities else None)


def slice_name(key: str, value: str | None) -> str:
    return f"{key} = {'null' if value is None else value}"


def chosen_slice(said: str, choices: Choices) -> tuple[str | None, str | None]:
    return next((each for each in choices.slices if slice_name(*each) == said), (None, None))


def metrics_of(readings: Iterable[Reading]) -> list[str]:
    """The figures that there are of a series, the usual ones first."""
    known = {name for each in readings for name in each.figures}
    first = [name for name in (*_QUALITY, *_FIRST) if name in known]
    return [*first, *sorted(known - set(first))]


def shown_metric(said: str, known: Sequence[str]) -> str:
    return said if said in known else (known[0] if known else said)


def metric_words(name: str) -> str:
    """``js_distance`` is of the baseline; ``consecutive.js_distance`` of the window before."""
    if name.startswith("consecutive."):
        return f"{name.removeprefix('consecutive.')} against the window before"
    return name


# --- alerts on a figure


def watching(standings: Iterable[Standing], asked: Asked) -> list[Standing]:
    """The alerts on a metric of a column, in windows of this length."""
    return [each for each in standings if _watches(each.alert.rule, asked)]


def _watches(rule: AlertRule, asked: Asked) -> bool:
    wanted, metric = asked.wanted, rule.metric
    if metric is not None and rule.is_drift and rule.drift == "consecutive":
        metric = f"consecutive.{metric}"
    return (
        metric == asked.metric
        and matching(rule.columns, wanted.column)
        and rule.granularity in (None, wanted.granularity)
        and (rule.model or None) == wanted.model
        and (rule.slices is None) == (wanted.slice_key is None)
    )


def thresholds_of(rules: Iterable[AlertRule]) -> dict[str, float]:
    """The numbers that alerts judge by; what compares with other windows has none."""
    found: dict[str, float] = {}
    for rule in rules:
        found |= {f"above {rule.above:g}": rule.above} if rule.above is not None else {}
        found |= {f"below {rule.below:g}": rule.below} if rule.below is not None else {}
    return found


def wrong_windows(firings: Iterable[Firing], wanted: Wanted) -> list[Firing]:
    """What fired, or fires, about the series that is shown."""
    return [
        each
        for each in firings
        if each.series.get("column") == wanted.column
        and each.series.get("granularity") == wanted.granularity
        and each.series.get("slice_key") == wanted.slice_key
        and each.series.get("slice_value") == wanted.slice_value
    ]
