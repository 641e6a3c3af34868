"""The policies that hold now, from the requirements that are deployed."""

from dataclasses import dataclass
from typing import Protocol

from boathouse.foundation.errors import Conflict
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.models.gates.policy import DEFAULT_STAGES, Policy, policy_of
from boathouse.models.requirements.nouns import Revision
from boathouse.models.requirements.requirements import Requirements

_STAGE_OF_MLFLOW = "production"


class Deployed(Protocol):
    """Where requirements are kept."""

    def deployed(self, model: str) -> Revision | None: ...


@dataclass(frozen=True, slots=True)
class DeployedPolicy:
    """What a model has to meet now."""

    policy: Policy
    requirements: Requirements
    revision: int


class ProtectedAlias(Conflict):
    """The alias moves by promotion and rollback only."""


class Policies:
    """Answers which policy holds of a model."""

    def __init__(self, requirements: Deployed) -> None:
        self._requirements = requirements

    def of(self, model: str) -> DeployedPolicy | None:
        """What holds now; None: nobody has said what the model has to meet."""
        revision = self._requirements.deployed(model)
        if revision is None:
            return None
        policy = policy_of(revision.requirements, what=f"Revision {revision.revision} of the requirements of {model}")
        return DeployedPolicy(policy, revision.requirements, revision.revision)

    def policy(self, model: str) -> Policy | None:
        found = self.of(model)
        return found.policy if found else None

    def guard(self, _: Principal, name: ModelName, alias: str, version: int | None) -> None:
        """Refuse to move an alias directly that the policy protects; administrators too.

        Raises:
            ProtectedAlias: Says what to do instead.
        """
        policy = self.policy(str(name))
        if policy is None or not _is_protected(alias, policy, is_set=version is not None):
            return
        instead = f"Use: boathouse model promote {name}@{version}"
        if version is None:
            instead = "Withdraw the model's requirements first, or promote another version"
        raise ProtectedAlias(
            f"The alias {alias!r} of {name} is protected by its policy (tier {policy.tier.value}): "
            "it moves by promotion and rollback only.",
            hint=f"{instead}, or go back with: boathouse model rollback {name}",
        )

    def guard_stage(self, _: Principal, name: ModelName, stage: str, version: int) -> None:
        """Refuse MLflow's own stage Production of a model whose production is protected: clients load by it too.

        Raises:
            ProtectedAlias: Says what to do instead.
        """
        policy = self.policy(str(name))
        if policy is None or not policy.protected_aliases or stage.casefold() != _STAGE_OF_MLFLOW:
            return
        raise ProtectedAlias(
            f"{name} is protected by its policy (tier {policy.tier.value}): nothing comes to MLflow's stage {stage} "
            "past its gates.",
            hint=f"Use: boathouse model promote {name}@{version}, and load it by its alias {policy.production_alias!r}",
        )


def _is_protected(alias: str, policy: Policy, *, is_set: bool) -> bool:
    """Whether an alias is protected, or would be taken for one that is: ``Champion``. The latter may always go."""
    if alias in policy.protected_aliases:
        return True
    return is_set and alias.casefold() in {each.casefold() for each in policy.protected_aliases}


def stages_of(requirements: Requirements | None) -> dict[str, str]:
    """Stage to alias, as requirements name them."""
    return {**DEFAULT_STAGES, **(requirements.stages if requirements else {})}
