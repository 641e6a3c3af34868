"""The training code came to the server by a pipeline: a service principal deployed a clean commit."""

from boathouse.monitoring.maturity.facts import Facts
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import NO_VERSION, day


def look(facts: Facts) -> Finding:
    if facts.subject() is None:
        return not_met(NO_VERSION)
    found = facts.deployed()
    if found is None:
        return not_met("The code of its training was not deployed as a bundle.")
    told = f"{found.what} was deployed by {found.principal} on {day(found.at)}"
    if not found.is_program:
        return not_met(f"{told}: a person, not a pipeline.")
    if found.commit is None or found.is_dirty:
        return not_met(f"{told}, not from a clean commit.")
    return met(f"{told} from commit {found.commit[:12]}.")


PRACTICE = Practice(
    "deployed_by_pipeline",
    "A pipeline deploys the code",
    look,
    "Let CI run boathouse bundle deploy with the token of a service principal.",
    3,
)
