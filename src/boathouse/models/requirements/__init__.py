"""Requirements as code: what a team asks of a model before it may decide anything. ``models`` of ``boathouse.yml``."""

from boathouse.models.requirements.nouns import NoRequirements, Revision, Source
from boathouse.models.requirements.requirements import (
    ApprovalPolicy,
    Constraints,
    CostMatrix,
    Deployment,
    EvaluationSource,
    Problem,
    Requirements,
    SliceSource,
    Success,
    Tier,
)

__all__ = [
    "ApprovalPolicy",
    "Constraints",
    "CostMatrix",
    "Deployment",
    "EvaluationSource",
    "NoRequirements",
    "Problem",
    "Requirements",
    "Revision",
    "SliceSource",
    "Source",
    "Success",
    "Tier",
]
