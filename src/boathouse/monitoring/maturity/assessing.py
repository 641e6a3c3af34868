"""From facts to levels: every practice is probed once, and each scale is read off."""

from collections.abc import Mapping, Sequence

from boathouse.monitoring.maturity.facts import Facts
from boathouse.monitoring.maturity.findings import Finding, Standing
from boathouse.monitoring.maturity.nouns import Level, Maturity, Practice, Scale, Standpoint
from boathouse.monitoring.maturity.practices import PRACTICES
from boathouse.monitoring.maturity.scales import SCALES

_WITHIN_REACH = (Standing.NOT_MET, Standing.NOT_MEASURED)
"""What can be done something about comes before what nobody can tell."""


def assess(facts: Facts, practices: Sequence[Practice] = PRACTICES, scales: Sequence[Scale] = SCALES) -> Maturity:
    """How mature the work on a model is."""
    findings = {practice.name: practice.probe(facts) for practice in practices}
    subject = facts.subject()
    efforts = {practice.name: practice.effort for practice in practices}
    standpoints = tuple(standpoint(scale, findings, efforts) for scale in scales)
    return Maturity(facts.model, subject.number if subject else None, findings, standpoints)


def standpoint(scale: Scale, findings: Mapping[str, Finding], efforts: Mapping[str, int]) -> Standpoint:
    """Where these findings stand on a scale."""
    level = _level(scale, findings, (Standing.MET,))
    possible = _level(scale, findings, (Standing.MET, Standing.NOT_MEASURED))
    cheapest = {each.number: found for each in scale.levels if (found := _cheapest(each, findings, efforts))}
    return Standpoint(scale, level, possible, cheapest)


def _level(scale: Scale, findings: Mapping[str, Finding], counts: tuple[Standing, ...]) -> int:
    reached = 0
    for level in scale.levels:
        if not all(findings[name].standing in counts for name in level.practices):
            break
        reached = level.number
    return reached


def _cheapest(level: Level, findings: Mapping[str, Finding], efforts: Mapping[str, int]) -> str | None:
    missing = [name for name in level.practices if not findings[name].is_met]
    if not missing:
        return None
    return min(missing, key=lambda name: (_WITHIN_REACH.index(findings[name].standing), efforts[name]))
