"""A revision of a model's requirements: what held from when until when, and where it came from."""

from dataclasses import dataclass, field
from typing import Any

from boathouse.foundation.errors import NotFound
from boathouse.models.requirements.requirements import Requirements


class NoRequirements(NotFound):
    """Nobody has said what this model has to meet, or not at that time."""


@dataclass(frozen=True, slots=True)
class Source:
    """What brought a revision; all of it is empty for one that somebody put by hand."""

    bundle: str | None = None
    target: str | None = None
    deployment_id: str | None = None
    git_commit: str | None = None
    git_branch: str | None = None
    git_dirty: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Without what nobody knows."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Revision:
    """What a model had to meet for a while."""

    model: str
    revision: int
    """Counted from 1; never used twice for a model."""
    requirements: Requirements
    principal: str
    valid_from: int
    """Milliseconds since 1970-01-01 UTC."""
    valid_to: int | None = None
    """None: it holds."""
    card_text: str | None = None
    """What the file named by ``card`` said."""
    source: Source = field(default_factory=Source)
    ended_by: str | None = None
    """Who put the next one or withdrew this one; None while it holds, and when the model was deleted."""
