"""What is in production went through its gates."""

from boathouse.monitoring.maturity.facts import Facts
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import NO_VERSION, day


def look(facts: Facts) -> Finding:
    subject = facts.subject()
    if subject is None:
        return not_met(NO_VERSION)
    last = next((each for each in facts.judged() if each.version == subject.number), None)
    if last is None:
        return not_met(f"Version {subject.number} has not been evaluated.")
    return met(f"Version {subject.number} went through its gates on {day(last.at)}.")


PRACTICE = Practice(
    "gated",
    "Gates judge versions",
    look,
    "Write the model's requirements in boathouse.yml and deploy, then: boathouse model deploy {model}",
    2,
)
