"""An approval, a refusal, a waiver: what people say of a version."""

from dataclasses import dataclass
from enum import StrEnum


class Say(StrEnum):
    """What somebody has said."""

    APPROVED = "approved"
    REFUSED = "refused"
    WAIVED = "waived"
    """One gate does not count, for a while."""
    WITHDRAWN = "withdrawn"
    """What the same person has said before no longer holds; with a gate, only the waiver of it."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A signature. It is never changed: a later one of the same person takes its place."""

    approval_id: int
    model: str
    version: int
    say: Say
    principal: str
    reason: str | None
    said_at: int
    """Milliseconds since 1970-01-01 UTC."""
    valid_until: int | None = None
    """Of a waiver: its end. How long an approval holds is said by the policy that is asked."""
    gate: str | None = None
    """Of a waiver: which gate."""
    evaluation_id: str | None = None
    """The evidence that lay before the person; newer evidence ends the approval."""
    through: str = "boathouse"
    """``boathouse``, or ``mlflow`` for the tag of a model version."""
    is_author: bool = False
    """Whether the person has made the version, or its run."""
    groups: tuple[str, ...] = ()
    """The person's groups at that moment, so that the rules of another policy can be asked too."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A signature that does not count any more, and why."""

    approval: Approval
    why: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What signatures come to at an instant under a policy."""

    needed: int
    approved: tuple[Approval, ...] = ()
    refused: tuple[Approval, ...] = ()
    waived: tuple[Approval, ...] = ()
    ended: tuple[Ended, ...] = ()

    @property
    def missing(self) -> int:
        return max(0, self.needed - len(self.approved))

    @property
    def is_complete(self) -> bool:
        """Enough have signed and nobody has said no."""
        return self.missing == 0 and not self.refused

    @property
    def waived_gates(self) -> frozenset[str]:
        return frozenset(each.gate for each in self.waived if each.gate is not None)
