"""Somebody has signed what is in production, where its policy asks for that."""

from boathouse.monitoring.maturity.facts import Facts
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import day


def look(facts: Facts) -> Finding:
    decided = next((each for each in facts.production() if each.approvals is not None), None)
    if decided is None:
        return not_met("No version came to production by a decision that signatures could count for.")
    if decided.approvals:
        many = "signature" if decided.approvals == 1 else "signatures"
        return met(f"Version {decided.version} was promoted on {day(decided.at)} with {decided.approvals} {many}.")
    return met(f"Version {decided.version} was promoted on {day(decided.at)}; its policy asks for no signature.")


PRACTICE = Practice(
    "approved",
    "Promotions are signed as the policy asks",
    look,
    "Set the model's risk_tier in boathouse.yml, and sign with: boathouse model approve {model}",
    2,
)
