"""What each risk tier brings: gates, signatures, protection. A project states only what differs.

low     A wrong answer is a nuisance. The numbers have to be right and the model has to answer; no signature.
medium  A wrong answer costs money. Data, calibration and documentation count too; one signature, the author's will do.
high    A wrong answer hurts. Everything is asked; somebody else signs, and somebody moves production.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from boathouse.models.requirements.requirements import ApprovalPolicy, Problem, Requirements, Tier

Condition = Callable[[Requirements], bool]


def _always(_: Requirements) -> bool:
    return True


def _answers_with_classes(requirements: Requirements) -> bool:
    return requirements.problem is not Problem.REGRESSION


def _has_slices(requirements: Requirements) -> bool:
    return bool(requirements.slices)


def _has_cost_matrix(requirements: Requirements) -> bool:
    return requirements.cost_matrix is not None


def _has_to_explain(requirements: Requirements) -> bool:
    return requirements.constraints.explainability is True


@dataclass(frozen=True, slots=True)
class TierGate:
    """A gate that a tier brings."""

    name: str
    when: Condition = _always
    """Without it the gate has nothing to look at: no cost matrix, no business value."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Where the tier is stricter than the gate by itself."""


@dataclass(frozen=True, slots=True)
class TierDefaults:
    """Everything that a tier brings."""

    gates: tuple[TierGate, ...]
    approval: ApprovalPolicy
    """Complete: every field is set, but for ``groups``, where None means whoever may manage the model."""
    automatic_promotion: bool
    is_protected: bool
    """Whether the production alias moves by promotion and rollback only."""
    may_be_waived: bool
    """Whether whoever may sign may also let one gate not count, for a while."""


_LOW = (
    TierGate("metric"),
    TierGate("against_champion"),
    TierGate("against_baseline"),
    TierGate("business_value", _has_cost_matrix),
    TierGate("serving_checks"),
)
_MEDIUM = (
    TierGate("metric"),
    TierGate("against_champion"),
    TierGate("against_baseline"),
    TierGate("slices", _has_slices),
    TierGate("calibration", _answers_with_classes),
    TierGate("business_value", _has_cost_matrix),
    TierGate("training_data"),
    TierGate("evaluation_data"),
    TierGate("leakage"),
    TierGate("explainability", _has_to_explain),
    TierGate("serving_checks"),
    TierGate("documentation"),
)
_HIGH = (
    TierGate("convergence"),
    TierGate("metric"),
    TierGate("against_champion"),
    TierGate("against_baseline"),
    TierGate("slices"),
    TierGate("calibration", _answers_with_classes),
    TierGate("robustness"),
    TierGate("fairness"),
    TierGate("business_value", _has_cost_matrix),
    TierGate("training_data"),
    TierGate("evaluation_data"),
    TierGate("leakage"),
    TierGate("point_in_time"),
    TierGate("explainability"),
    TierGate("serving_checks"),
    TierGate("documentation"),
)

TIERS: Mapping[Tier, TierDefaults] = {
    Tier.LOW: TierDefaults(
        _LOW,
        ApprovalPolicy(count=0, author_may_approve=True, valid_for="30d"),
        automatic_promotion=True,
        is_protected=False,
        may_be_waived=True,
    ),
    Tier.MEDIUM: TierDefaults(
        _MEDIUM,
        ApprovalPolicy(count=1, author_may_approve=True, valid_for="14d"),
        automatic_promotion=True,
        is_protected=True,
        may_be_waived=True,
    ),
    Tier.HIGH: TierDefaults(
        _HIGH,
        ApprovalPolicy(count=1, author_may_approve=False, valid_for="7d"),
        automatic_promotion=False,
        is_protected=True,
        may_be_waived=False,
    ),
}
