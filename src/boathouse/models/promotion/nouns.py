"""A decision and its reasons."""

from dataclasses import dataclass
from enum import StrEnum

from boathouse.models.approval.nouns import Approval
from boathouse.models.evidence.nouns import Evidence
from boathouse.models.nouns import AliasDecision, AliasMove


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


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version that came to a stage."""

    decision: Decision
    move: AliasMove | None
    """None: it is there already, and nobody knows how it came there."""
    stage: str
    is_new: bool = True
    """False: the alias pointed there already, and nothing has changed."""


@dataclass(frozen=True, slots=True)
class InProduction:
    """What an alias pointed at, at an instant."""

    model: str
    stage: str
    alias: str
    at: int
    """Milliseconds since 1970-01-01 UTC."""
    version: int | None
    """None: at nothing."""
    since: AliasMove | None
    """The move that brought it there."""
    until: AliasMove | None
    """The next move; None: there has been none."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a version is where it is, or is not."""

    address: str
    model: str
    version: int
    aliases: tuple[str, ...]
    """Those that point at it now."""
    move: AliasMove | None
    """How the alias that was asked about, or the production alias, came to it; None: it never did."""
    decided: AliasDecision | None
    """What was decided before that move; None: somebody just moved it."""
    now: Decision | None
    """What evidence and signatures come to now; None: the model has no requirements."""
