"""A measurement and a rule give a judgement. Nothing else decides, now or when a rule is asked again later.

A rule that finds nothing to judge is inconclusive: a gate that measured nothing cannot pass.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from boathouse.models.evidence.nouns import End, Judgement, Measurement, Rule, Scope, Verdict

NOT_ASKED = "the gate was not asked"
"""The reason where a rule finds nothing of its whole gate: it was added, or named, after the evaluation."""


def judge(measurement: Measurement, rule: Rule) -> Judgement:
    """What the rule says of one measurement of its metric."""
    if measurement.problem is not None:
        return _inconclusive(rule, measurement.problem)
    if measurement.rows < rule.minimum_rows:
        few = "1 row is" if measurement.rows == 1 else f"{measurement.rows} rows are"
        return _inconclusive(rule, f"{few} too few; at least {rule.minimum_rows} are needed")
    value = _looked_at(measurement, rule.judged_by)
    if value is None or math.isnan(value):
        return _inconclusive(rule, f"the {rule.judged_by.value} of {rule.metric} is not a number")
    shown = f"{rule.metric} {'' if rule.judged_by is End.VALUE else f'({rule.judged_by.value} end) '}{_shown(value)}"
    if rule.minimum is not None and (value < rule.minimum or (rule.is_strict and value == rule.minimum)):
        return _failed(measurement, f"{shown} is {'not above' if rule.is_strict else 'below'}", rule.minimum)
    if rule.maximum is not None and (value > rule.maximum or (rule.is_strict and value == rule.maximum)):
        return _failed(measurement, f"{shown} is {'not below' if rule.is_strict else 'above'}", rule.maximum)
    least, most = ("more than", "less than") if rule.is_strict else ("at least", "at most")
    bounds = [f"{least} {_shown(rule.minimum)}"] if rule.minimum is not None else []
    bounds += [f"{most} {_shown(rule.maximum)}"] if rule.maximum is not None else []
    bound = rule.minimum if rule.minimum is not None else rule.maximum
    return Judgement(Verdict.PASSED, f"{shown}, {' and '.join(bounds) or 'as asked'}", bound)


def judge_all(
    measurements: Sequence[Measurement], rules: Iterable[Rule]
) -> Iterator[tuple[Rule, Measurement, Judgement]]:
    """Every rule with all that it judges; a rule without any gets a measurement of nothing."""
    asked = {each.gate for each in measurements}
    for rule in rules:
        found = [each for each in measurements if _belongs(each, rule)]
        missing = _missing_scopes(found, rule)
        for each in found:
            yield rule, each, judge(each, rule)
        for what in missing:
            problem = f"nothing was measured of {what}" if rule.gate in asked else NOT_ASKED
            nothing = Measurement(rule.gate, rule.metric, None, 0, problem=problem)
            yield rule, nothing, judge(nothing, rule)


def _belongs(measurement: Measurement, rule: Rule) -> bool:
    if (measurement.gate, measurement.metric) != (rule.gate, rule.metric):
        return False
    match rule.scope:
        case Scope.ALL_ROWS:
            return measurement.slice is None
        case Scope.EACH_SLICE:
            return measurement.slice is not None
        case Scope.BOTH:
            return True


def _missing_scopes(found: Sequence[Measurement], rule: Rule) -> list[str]:
    missing: list[str] = []
    if rule.scope is not Scope.EACH_SLICE and not any(each.slice is None for each in found):
        missing.append("all rows")
    if rule.scope is not Scope.ALL_ROWS and not any(each.slice is not None for each in found):
        missing.append("any slice")
    return missing


def _looked_at(measurement: Measurement, end: End) -> float | None:
    if end is End.VALUE:
        return measurement.value
    if measurement.interval is None:
        return None
    return measurement.interval[0 if end is End.LOWER else 1]


def _failed(measurement: Measurement, what: str, threshold: float) -> Judgement:
    which = measurement.details.get("which")
    reason = f"{what} {_shown(threshold)}{f': {which}' if which else ''}"
    return Judgement(Verdict.FAILED, reason, threshold, blocks=True)


def _shown(number: float) -> str:
    return f"{number + 0.0:.6g}"  # no minus before a nought


def _inconclusive(rule: Rule, reason: str) -> Judgement:
    return Judgement(Verdict.INCONCLUSIVE, reason, blocks=rule.inconclusive_blocks)
