"""A job trained the version, not somebody's notebook."""

from boathouse.monitoring.maturity.facts import Version
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import of_subject


def look(version: Version) -> Finding:
    if version.job is None:
        return not_met(f"Version {version.number} was not trained by a job.")
    return met(f"The job {version.job} trained version {version.number}.")


PRACTICE = Practice(
    "trained_by_job",
    "A job trains the model",
    of_subject(look),
    "Make the training a task of a job: boathouse bundle init writes one.",
    2,
)
