"""The deployment job: each new version of a model that has one is evaluated, gated, approved and promoted by it."""

from boathouse.models.deployment.nouns import DeploymentStart, StartState
from boathouse.models.deployment.runner import BuiltInJob, JobRunner

__all__ = ["BuiltInJob", "DeploymentStart", "JobRunner", "StartState"]
