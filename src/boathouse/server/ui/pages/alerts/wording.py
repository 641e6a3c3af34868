"""A rule as one reads it aloud."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.alerts.asking import Points
from boathouse.monitoring.alerts.judging import judge
from boathouse.monitoring.alerts.nouns import Firing, Point, Say, Series
from boathouse.monitoring.alerts.rules import AlertRule

MOST_LINES = 6
"""Series that one plot shows: more are a tangle."""


def rule_in_words(rule: AlertRule) -> str:
    """What it watches, when that is wrong, and who is told: whole sentences."""
    return " ".join([f"It fires when {_what(rule)} {_when(rule)}.", *_more(rule)])


def _what(rule: AlertRule) -> str:
    if rule.events is not None:
        about = f" of {rule.events.subject}" if rule.events.subject else ""
        return f"the event {' or '.join(rule.events.types)}{about}"
    if rule.metric is None:
        return f"{rule.subject} has"
    columns = rule.columns or []
    whole = columns == [":table"] or (not columns and rule.metric == "count")
    of = "" if rule.rows is not None else " of the whole table" if whole else f" of {_either(columns)}"
    slices = " in any slice" if rule.slices == "all" else ""
    if isinstance(rule.slices, dict):
        slices = " where " + " or ".join(f"{name} is {value}" for name, value in rule.slices.items())
    window = f" in a window of {rule.granularity}" if rule.granularity else ""
    against = ""
    if rule.is_drift:
        against = " against the window before" if rule.drift == "consecutive" else " against the baseline"
    model = f" of the model {rule.model}" if rule.model else ""
    return f"{rule.metric}{of}{model}{slices} in {rule.subject}{window}{against}"


def _either(columns: Sequence[str]) -> str:
    return " or ".join(columns) if columns else "any column"


def _when(rule: AlertRule) -> str:
    if rule.events is not None:
        return "happens"
    if rule.missing is not None:
        return f"no new data for {rule.missing}"
    times = f" in {rule.for_windows} windows in a row" if rule.for_windows > 1 else ""
    if rule.change is not None:
        share = "as a share of the value before " if rule.change.relative else ""
        bounds = _bounds(rule.change.above, rule.change.below)
        return f"changes {share}from one window to the next by {bounds}{times}"
    if rule.anomaly is not None:
        side = {"both": "away from", "above": "above", "below": "below"}[rule.anomaly.direction]
        least = f" and at least {rule.anomaly.minimum_change:g} away" if rule.anomaly.minimum_change else ""
        return (
            f"lies more than {rule.anomaly.z:g} robust deviations {side} the median of the last "
            f"{rule.anomaly.windows} windows{least}{times}"
        )
    return f"is {_bounds(rule.above, rule.below)}{times}"


def _bounds(above: float | None, below: float | None) -> str:
    told = [f"above {above:g}"] if above is not None else []
    return " or ".join([*told, f"below {below:g}"] if below is not None else told)


def _more(rule: AlertRule) -> Iterator[str]:
    if rule.minimum_rows is not None:
        yield f"A window of fewer than {rule.minimum_rows:,} rows is not judged."
    if rule.tell:
        yield f"It tells {', '.join(rule.tell)}."
    for step in rule.escalate:
        yield f"When nobody has acknowledged it after {step.after}, it tells {', '.join(step.tell)}."
    if rule.incident is not None:
        playbook = f" with the playbook {rule.incident.playbook}" if rule.incident.playbook else ""
        starts = ", which starts by itself" if rule.incident.start else ""
        yield f"It opens an incident{playbook}{starts}."
    if rule.paused:
        yield "It is paused."


# --- what is drawn


def lines_of(points: Points, firing: Sequence[Series] = ()) -> dict[str, tuple[Series, list[Point]]]:
    """The series that are drawn: those that fire first, then those that were measured latest; of windows of different
    lengths the shortest."""
    lengths = {series.get("granularity"): _length(told) for series, told in points.items() if told}
    shortest = min(lengths, key=lambda each: lengths[each], default=None)
    told = [(series, sorted(each, key=lambda one: one.start)) for series, each in points.items()
            if each and series.get("granularity") == shortest]  # fmt: skip
    told.sort(key=lambda each: (each[0] not in firing, -each[1][-1].start, each[0].text))
    return {each[0].text or "value": each for each in told[:MOST_LINES]}


def _length(points: Sequence[Point]) -> int:
    return points[0].end - points[0].start


def wrong_stretches(rule: AlertRule, points: Sequence[Point]) -> list[tuple[int, int, str]]:
    """Windows that the rule finds wrong, those side by side as one: from when to when, and why."""
    if rule.metric is None:
        return []
    found: list[tuple[int, int, str]] = []
    for verdict in judge(rule, points):
        if verdict.say is not Say.BREACH:
            continue
        start, end = verdict.point.start, max(verdict.point.end, verdict.point.start)
        if found and found[-1][1] >= start:
            found[-1] = (found[-1][0], end, verdict.why)
        else:
            found.append((start, end, verdict.why))
    return found


def drawn(points: Sequence[Point]) -> list[tuple[datetime, float | None]]:
    return [(from_epoch_ms(each.start), each.value) for each in points]


def thresholds(rule: AlertRule) -> Mapping[str, float]:
    """Numbers that values are compared with as they are."""
    told = {} if rule.above is None else {f"above {rule.above:g}": rule.above}
    return told if rule.below is None else {**told, f"below {rule.below:g}": rule.below}


def known_then(then: Points, now: Points, firings: Sequence[Firing]) -> dict[str, list[Point]]:
    """Of the series that fired, the windows that looked otherwise when they did, each with the one before."""
    found: dict[str, list[Point]] = {}
    for firing in firings:
        told = sorted(then.get(firing.series, ()), key=lambda each: each.start)
        known = {each.start: each.value for each in now.get(firing.series, ())}
        places = [place for place, each in enumerate(told) if each.start in known and each.value != known[each.start]]
        if places:
            found[firing.series.text or "value"] = told[max(0, places[0] - 1) : places[-1] + 2]
    return found
