"""It is known which versions of which tables the version was trained on."""

from boathouse.monitoring.maturity.facts import Version
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import of_subject

_SHOWN = 3


def look(version: Version) -> Finding:
    if not version.tables:
        return not_met(f"No table that version {version.number} was trained on is known.")
    more = f" and {len(version.tables) - _SHOWN} more" if len(version.tables) > _SHOWN else ""
    return met(f"Version {version.number} was trained on {', '.join(version.tables[:_SHOWN])}{more}.")


PRACTICE = Practice(
    "data_versions",
    "Training data have versions",
    of_subject(look),
    "Read training data through Boathouse (bh.table, bh.sql) in a job's task.",
    2,
)
