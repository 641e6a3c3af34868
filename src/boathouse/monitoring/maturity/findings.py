"""What was found of a practice."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """Whether a practice is lived."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_MEASURED = "not_measured"
    """Nobody can tell; it counts as not met."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a practice, in one sentence."""

    standing: Standing
    evidence: str

    @property
    def is_met(self) -> bool:
        return self.standing is Standing.MET


def met(evidence: str) -> Finding:
    return Finding(Standing.MET, evidence)


def not_met(evidence: str) -> Finding:
    return Finding(Standing.NOT_MET, evidence)


def not_measured(evidence: str) -> Finding:
    return Finding(Standing.NOT_MEASURED, evidence)
