"""The version says what it takes and gives."""

from boathouse.monitoring.maturity.facts import Version
from boathouse.monitoring.maturity.findings import Finding, met, not_measured, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import of_subject


def look(version: Version) -> Finding:
    if version.has_signature is None:
        return not_measured(f"The files of version {version.number} cannot be read here.")
    if not version.has_signature:
        return not_met(f"Version {version.number} has no signature.")
    return met(f"Version {version.number} has a signature.")


PRACTICE = Practice(
    "signature",
    "Versions are registered with a signature",
    of_subject(look),
    "Log the model with signature= or input_example=.",
    2,
)
