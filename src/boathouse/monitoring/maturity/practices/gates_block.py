"""Gates have really kept something from production: a gate that never closes may be none."""

from boathouse.monitoring.maturity.facts import Facts
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import day


def look(facts: Facts) -> Finding:
    judged = facts.judged()
    if not judged:
        return not_met("No version has been evaluated.")
    blocked = next((each for each in judged if each.blocked_by), None)
    if blocked is None:
        return not_met(f"No gate has blocked a version; evaluated so far: {len(judged)}.")
    return met(f"Version {blocked.version} was blocked on {day(blocked.at)} by {', '.join(blocked.blocked_by)}.")


PRACTICE = Practice(
    "gates_block",
    "A gate has kept a bad version back",
    look,
    "Register a version that is bad on purpose (trained on shuffled labels) and see it stopped.",
    2,
)
