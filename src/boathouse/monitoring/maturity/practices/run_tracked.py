"""The version comes from a run with parameters and metrics that one can look up."""

from boathouse.monitoring.maturity.facts import Version
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import of_subject


def look(version: Version) -> Finding:
    if version.run_id is None:
        return not_met(f"Version {version.number} comes from no run that is known here.")
    return met(f"Version {version.number} comes from run {version.run_id}.")


PRACTICE = Practice(
    "run_tracked",
    "Training is tracked",
    of_subject(look),
    "Log the model within mlflow.start_run(), and register it from there.",
    2,
)
