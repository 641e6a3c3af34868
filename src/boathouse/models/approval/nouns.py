"""An approval, a refusal, a waiver: what people say of a version."""

from dataclasses import dataclass
from enum import StrEnum


class Say(StrEnum):
    """What somebody has said."""

    APPROVED = "approved"
    REFUSED = "refused"
    WAIVED = "waived"
    """One gate does not count, for a while."""


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
    gate: str | None = None
    """Of a waiver: which gate."""
    evaluation_id: str | None = None
    """The evidence that lay before the person; newer evidence ends the approval."""
    through: str = "boathouse"
    """``boathouse``, or ``mlflow`` for the tag of a model version."""
