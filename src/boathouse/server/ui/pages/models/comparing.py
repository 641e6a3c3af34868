"""Two versions side by side: pure, so that it is known what counts as a difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boathouse.models.cards.facts import CardFacts
from boathouse.models.evidence.nouns import Evidence
from boathouse.server.ui.pages.models.telling import number, worst_by_gate


@dataclass(frozen=True, slots=True)
class Line:
    """One thing, as it is in either version."""

    what: str
    one: str | None
    other: str | None
    is_different: bool
    change: str = ""
    """Of numbers: the other minus the one."""


def compared(one: Mapping[str, object], other: Mapping[str, object]) -> list[Line]:
    """Everything that either has, differences first."""
    names = dict.fromkeys((*one, *other))
    found = [_line(name, one.get(name), other.get(name)) for name in names]
    return sorted(found, key=lambda line: (not line.is_different, line.what))


def sides(one: CardFacts, other: CardFacts) -> dict[str, list[Line]]:
    """What is compared, by heading."""
    return {
        "Metrics of the run": compared(_metrics(one), _metrics(other)),
        "Parameters": compared(_parameters(one), _parameters(other)),
        "What gates measured": compared(_measured(_judged(one)), _measured(_judged(other))),
        "Gates": compared(_verdicts(_judged(one)), _verdicts(_judged(other))),
        "Data": compared(_data(one), _data(other)),
        "Features": compared(_features(one), _features(other)),
        "Made by": compared(_made(one), _made(other)),
    }


def _judged(facts: CardFacts) -> Sequence[Evidence]:
    """What a decision rests on; without requirements, all that was noted."""
    return facts.decision.evidence if facts.decision is not None else facts.evidence


def _line(what: str, one: object, other: object) -> Line:
    change = ""
    if isinstance(one, float) and isinstance(other, float) and one != other:
        change = f"{other - one:+,.4g}"
    return Line(what, _shown(one), _shown(other), one != other, change)


def _shown(value: object) -> str | None:
    if value is None:
        return None
    return number(value) if isinstance(value, float) else str(value)


def _metrics(facts: CardFacts) -> Mapping[str, object]:
    return dict(facts.run.metrics) if facts.run else {}


def _parameters(facts: CardFacts) -> Mapping[str, object]:
    return dict(facts.run.parameters) if facts.run else {}


def _measured(evidence: Sequence[Evidence]) -> Mapping[str, object]:
    """Of all rows; slices have a place of their own, and would bury these."""
    return {
        f"{each.measurement.gate}: {each.measurement.metric}": each.measurement.value
        for each in evidence
        if each.measurement.slice is None
    }


def _verdicts(evidence: Sequence[Evidence]) -> Mapping[str, object]:
    judged = [each for each in evidence if each.rule is not None]
    return dict(worst_by_gate((each.measurement.gate, each.judgement.verdict.value) for each in judged))


def _data(facts: CardFacts) -> Mapping[str, object]:
    return {f"{each.table} ({each.role})": f"version {each.version}" for each in facts.data}


def _features(facts: CardFacts) -> Mapping[str, object]:
    return {each.name: each.table for each in facts.features}


def _made(facts: CardFacts) -> Mapping[str, object]:
    run, contents = facts.run, facts.contents
    return {
        "Run": run.run_id if run else None,
        "Commit": run.tags.get("boathouse.git.commit") if run else None,
        "Job": run.tags.get("boathouse.job_name") if run else None,
        "Takes": ", ".join(f"{name}: {kind}" for name, kind in contents.inputs) if contents else None,
        "Gives": ", ".join(f"{name}: {kind}" for name, kind in contents.outputs) if contents else None,
        "Packages": ", ".join(contents.environment) if contents else None,
    }
