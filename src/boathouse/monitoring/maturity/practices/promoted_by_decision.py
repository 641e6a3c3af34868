"""Production came about by a decision over evidence, not by hand."""

from boathouse.monitoring.maturity.facts import Facts
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import day


def look(facts: Facts) -> Finding:
    moves = facts.production()
    if not moves:
        return not_met("Nothing has been promoted.")
    last = moves[0]
    if not last.is_decided:
        return not_met(f"Version {last.version} was put into production by hand on {day(last.at)}.")
    return met(f"Version {last.version} came into production on {day(last.at)} by a decision over its evidence.")


PRACTICE = Practice(
    "promoted_by_decision",
    "Promotion is a decision over evidence",
    look,
    "boathouse model promote {model}@VERSION instead of moving the alias",
    1,
)
