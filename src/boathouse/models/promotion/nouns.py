"""A decision and its reasons."""

from dataclasses import dataclass
from enum import StrEnum

from boathouse.models.approval.nouns import Approval
from boathouse.models.evidence.nouns import Evidence


class Standing(StrEnum):
    """Where a version stands on its way to production."""

    MAY_BE_PROMOTED = "may_be_promoted"
    AWAITS_APPROVAL = "awaits_approval"
    REFUSED = "refused"
    """Somebody who may has said no."""
    BLOCKED = "blocked"
    """A gate failed, or was inconclusive."""
    NOT_EVALUATED = "not_evaluated"


@dataclass(frozen=True, slots=True)
class Decision:
    """What evidence and approvals come to under a policy."""

    model: str
    version: int
    standing: Standing
    reasons: tuple[str, ...]
    """One sentence each: what blocks, or what speaks for it."""
    evidence: tuple[Evidence, ...]
    """As judged by the policy that was asked; the latest evaluation only."""
    approvals: tuple[Approval, ...]
    missing_approvals: int = 0
    requirements_revision: int | None = None
    """Of the requirements that were deployed; None: other rules were asked for."""

    @property
    def may_be_promoted(self) -> bool:
        return self.standing is Standing.MAY_BE_PROMOTED
