"""What probes have in common."""

from collections.abc import Callable

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.maturity.facts import Facts, Version
from boathouse.monitoring.maturity.findings import Finding, not_measured, not_met

NO_VERSION = "No version has been registered."


def of_subject(look: Callable[[Version], Finding]) -> Callable[[Facts], Finding]:
    """A probe that looks at the version in production, else at the newest."""

    def probe(facts: Facts) -> Finding:
        version = facts.subject()
        return not_met(NO_VERSION) if version is None else look(version)

    return probe


def told_by_others(practice: str, by: str) -> Callable[[Facts], Finding]:
    """A probe of something that only another room can judge."""

    def probe(facts: Facts) -> Finding:
        return facts.reported(practice) or not_measured(f"{by} does not report it yet.")

    return probe


def day(milliseconds: int) -> str:
    return from_epoch_ms(milliseconds).date().isoformat()
