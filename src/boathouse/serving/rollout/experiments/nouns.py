"""What an A/B test has come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from boathouse.serving.endpoints.policy import Experiment
from boathouse.serving.rollout.experiments.sequences import Arm, Difference


class ExperimentState(StrEnum):
    RUNNING = "running"
    DECIDED = "decided"
    STOPPED = "stopped"
    """It cannot be decided: shares that are off, another declaration, or its time is over."""


class Winner(StrEnum):
    TREATMENT = "treatment"
    CONTROL = "control"
    """The treatment is worse, not better by as much as asked for, or a guard has fallen."""
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What was gathered from the inference table and the table of outcomes."""

    arms: Mapping[str, Arm]
    """By the name of the served entity."""
    guards: Mapping[str, Mapping[str, Arm]] = field(default_factory=dict[str, Mapping[str, Arm]])
    """By guard, then by served entity."""
    excluded: int = 0
    """Keys that more than one entity has answered: after a change of shares, or by a canary."""
    first_keys: Mapping[str, int] = field(default_factory=dict[str, int])
    """Keys by entity, its canary's among them, since the shares are what they are."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One treatment beside the control."""

    treatment: str
    difference: Difference | None
    winner: Winner
    reason: str
    guards: Mapping[str, Difference | None] = field(default_factory=dict[str, Difference | None])


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of an experiment at a look."""

    state: ExperimentState
    reason: str
    winner: str | None
    """The name of a served entity; None while it is open, or when it cannot be decided."""
    compared: tuple[Compared, ...]
    outcomes: Outcomes
    ratio_p_value: float | None = None
    """Of the chi-square test that the shares of keys are those of the routes."""


@dataclass(frozen=True, slots=True)
class Running:
    """An experiment as it is kept."""

    experiment_id: str
    endpoint_id: str
    endpoint: str
    declared: Experiment
    arms: tuple[str, ...]
    """Served entities with a share, the control first."""
    state: ExperimentState
    began_at: int
    revision: int = 0
    looked_at: int | None = None
    ended_at: int | None = None
    report: Mapping[str, object] | None = None
    evidence_id: str | None = None
