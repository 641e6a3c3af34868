"""The code that trained the version is a commit, and nothing but the commit."""

from boathouse.monitoring.maturity.facts import Version
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import of_subject


def look(version: Version) -> Finding:
    if version.commit is None:
        return not_met(f"The run of version {version.number} names no commit.")
    if version.is_dirty:
        return not_met(f"Version {version.number} was trained from {version.commit[:12]} with uncommitted changes.")
    return met(f"Version {version.number} was trained from commit {version.commit[:12]}.")


PRACTICE = Practice(
    "code_in_git",
    "Training code is under version control",
    of_subject(look),
    "Commit, deploy with boathouse bundle deploy, and train by the job of the bundle.",
    1,
)
