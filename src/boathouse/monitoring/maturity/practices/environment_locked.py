"""The environment of the training can be made again."""

from boathouse.monitoring.maturity.facts import Version
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import of_subject


def look(version: Version) -> Finding:
    if not version.has_lock:
        return not_met(f"No lock of the environment that trained version {version.number} was kept.")
    return met(f"The run of version {version.number} keeps the lock of its environment.")


PRACTICE = Practice(
    "environment_locked",
    "The environment is locked",
    of_subject(look),
    "Train in a job whose task names an environment.",
    2,
)
