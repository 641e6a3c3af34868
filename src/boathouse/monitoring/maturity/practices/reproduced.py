"""The training was repeated, and came to the same."""

from boathouse.monitoring.maturity.facts import Facts
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import day


def look(facts: Facts) -> Finding:
    repeated = facts.repeated()
    if not repeated:
        return not_met("No version has been trained again and compared.")
    equal = next((each for each in repeated if each.status == "equal"), None)
    if equal is None:
        last = repeated[0]
        return not_met(f"Version {last.version} was repeated on {day(last.at)} and {_said(last.status)}.")
    return met(f"Version {equal.version} was repeated on {day(equal.at)} and came out equal.")


def _said(status: str) -> str:
    return "did not come out equal" if status == "differs" else "did not come to its end"


PRACTICE = Practice(
    "reproduced", "Training was repeated with the same result", look, "boathouse model reproduce {model}", 1
)
