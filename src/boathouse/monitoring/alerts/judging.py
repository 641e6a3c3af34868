"""What is said of a window: threshold, change, anomaly. Pure; each takes the values of one series in their order."""

import math
from collections.abc import Sequence
from statistics import median

from boathouse.monitoring.alerts.nouns import Point, Say, Verdict
from boathouse.monitoring.alerts.rules import AlertRule, Anomaly, Change

_TO_SIGMA = 0.6745
"""The 0.75 quantile of the normal distribution: median absolute deviations per standard deviation."""
_MEAN_TO_SIGMA = 1.253314
"""The square root of pi/2: the same for the mean absolute deviation, where more than half the values are equal."""
_NOISE = 1e-9
"""A difference of this share of the median is rounding."""


def judge(rule: AlertRule, points: Sequence[Point]) -> list[Verdict]:
    """A verdict for each point, in time; a point is only compared with those before it.

    Raises:
        ValueError: The rule judges no values.
    """
    ordered = sorted(points, key=lambda each: each.start)
    return [_judged(rule, point, ordered[:place]) for place, point in enumerate(ordered)]


def _judged(rule: AlertRule, point: Point, before: Sequence[Point]) -> Verdict:
    if point.value is None or math.isnan(point.value):
        return Verdict(point, Say.UNKNOWN, "nothing was measured")
    if rule.minimum_rows is not None and point.rows is not None and point.rows < rule.minimum_rows:
        return Verdict(point, Say.UNKNOWN, f"the window has {point.rows} rows, fewer than {rule.minimum_rows}")
    known = [each for each in before if each.value is not None and not math.isnan(each.value) and _counts(rule, each)]
    if rule.change is not None:
        return _changed(rule.change, point, known)
    if rule.anomaly is not None:
        return _anomalous(rule.anomaly, point, known)
    if rule.above is None and rule.below is None:
        raise ValueError("The rule judges no values.")
    return _beyond(rule, point, point.value)


def _counts(rule: AlertRule, point: Point) -> bool:
    return rule.minimum_rows is None or point.rows is None or point.rows >= rule.minimum_rows


def _beyond(rule: AlertRule, point: Point, value: float) -> Verdict:
    if rule.above is not None and value > rule.above:
        return Verdict(point, Say.BREACH, f"{shown(value)} is above {shown(rule.above)}", rule.above)
    if rule.below is not None and value < rule.below:
        return Verdict(point, Say.BREACH, f"{shown(value)} is below {shown(rule.below)}", rule.below)
    return Verdict(
        point, Say.FINE, f"{shown(value)} is within bounds", rule.above if rule.above is not None else rule.below
    )


def _changed(rule: Change, point: Point, known: Sequence[Point]) -> Verdict:
    """Against the last window before that was measured."""
    value = point.value
    assert value is not None
    if not known:
        return Verdict(point, Say.UNKNOWN, "there is no window before")
    before = known[-1].value
    assert before is not None
    by = value - before
    if math.isnan(by):  # infinite twice
        by = 0.0
    if rule.relative and by:
        by = by / abs(before) if before else math.copysign(math.inf, by)
    told = f"{shown(value)} after {shown(before)}: a change of {_percent(by) if rule.relative else shown(by)}"
    if rule.above is not None and by > rule.above:
        return Verdict(point, Say.BREACH, told, rule.above)
    if rule.below is not None and by < rule.below:
        return Verdict(point, Say.BREACH, told, rule.below)
    return Verdict(point, Say.FINE, told, rule.above if rule.above is not None else rule.below)


def _anomalous(rule: Anomaly, point: Point, known: Sequence[Point]) -> Verdict:
    value = point.value
    assert value is not None
    history = [each.value for each in known[-rule.windows :] if each.value is not None and math.isfinite(each.value)]
    if len(history) < rule.minimum_windows:
        return Verdict(point, Say.UNKNOWN, f"only {len(history)} windows are known before it")
    score, middle = robust_z(value, history)
    distance = abs(value - middle)
    is_wrong_way = (rule.direction == "above" and value < middle) or (rule.direction == "below" and value > middle)
    told = (
        f"{shown(value)} is {shown(score)} robust deviations from {shown(middle)}, the median of {len(history)} windows"
    )
    if abs(score) > rule.z and distance > rule.minimum_change and not is_wrong_way:
        return Verdict(point, Say.BREACH, told, rule.z)
    return Verdict(point, Say.FINE, told, rule.z)


def robust_z(value: float, history: Sequence[float]) -> tuple[float, float]:
    """How far a value lies from the median of others, in robust standard deviations, and that median.

    The modified z-score of Iglewicz and Hoaglin (1993): 0.6745 (x - median) / MAD. Where more than half of the values
    are equal, the mean absolute deviation stands in for the MAD; where all are, any difference is infinitely far.
    """
    middle = median(history)
    deviations = [abs(each - middle) for each in history]
    spread = median(deviations) / _TO_SIGMA or sum(deviations) / len(deviations) * _MEAN_TO_SIGMA
    distance = value - middle
    if abs(distance) <= _NOISE * abs(middle):
        return 0.0, middle
    return (distance / spread if spread else math.copysign(math.inf, distance)), middle


def shown(value: float | None) -> str:
    """A number for people."""
    return "nothing" if value is None else f"{value:.6g}"


def _percent(value: float) -> str:
    return f"{value:.1%}" if math.isfinite(value) else "any percent"
