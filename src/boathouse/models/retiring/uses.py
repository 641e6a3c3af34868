"""Who uses a version. Each room that may answers for itself; nothing is retired while one says something."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from boathouse.foundation.errors import Conflict
from boathouse.foundation.principals import Principal

_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Use:
    """Something that needs a version to be there."""

    version: int
    what: str
    """``alias champion``, ``job train (17)``, ``endpoint delay``."""
    how: str
    """``points at it``, ``loaded it at 2026-03-01 10:00 UTC``."""

    def __str__(self) -> str:
        return f"{self.what} {self.how}"


UsesOf = Callable[[Principal, str, int], Iterable[Use]]
"""The uses of a model's version. What the principal may not know of is named without its name."""


class InUse(Conflict):
    """Somebody needs the version."""

    def __init__(self, model: str, uses: Sequence[Use]) -> None:
        self.uses = tuple(uses)
        told = "".join(f"\n  version {each.version}: {each}" for each in self.uses[:_MOST_TOLD])
        more = f"\n  and {len(uses) - _MOST_TOLD} more" if len(uses) > _MOST_TOLD else ""
        super().__init__(
            f"{model} cannot be retired while it is used:{told}{more}",
            hint="\nMove the aliases and change the jobs first, then retire it.",
        )
