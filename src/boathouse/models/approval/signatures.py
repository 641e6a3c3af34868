"""What surrounds a signature: what somebody says, how it stands then, and what the book asks of other rooms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from boathouse.models.approval.nouns import Say, Tally
from boathouse.models.gates.policy import ApprovalRules, Policy


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the book has to know of the rooms beside it."""

    policy: Callable[[str], Policy | None]
    """What holds of a model now."""
    evaluation: Callable[[str, int], str | None]
    """The latest time that a version went through its gates."""
    versions: Callable[[str], Sequence[int]]
    author_of_run: Callable[[str], str | None]
    """Who has made an MLflow run."""
    show: Callable[[str, int, Tally], None] = lambda model, version, tally: None
    """Lets MLflow's users see how it stands."""
    asked_since: Callable[[str], int] = lambda model: 0
    """When what versions of a model have to meet was changed the last time."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """How the signatures of a version stand."""

    model: str
    version: int
    tally: Tally
    rules: ApprovalRules
    authors: frozenset[str]
    evaluation_id: str | None

    @property
    def who(self) -> str:
        """Who may sign, in words."""
        return who_may_sign(self.model, self.rules, self.authors)


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody says of a version."""

    say: Say
    reason: str | None = None
    gate: str | None = None
    until: datetime | None = None
    evaluation_id: str | None = None
    """The evaluation that the person has seen; a newer one is a conflict. None: the latest."""
    through: str = "boathouse"


def who_may_sign(model: str, rules: ApprovalRules, authors: frozenset[str] = frozenset()) -> str:
    """Who may sign, as the subject of a sentence."""
    who = f"Members of {' or '.join(rules.groups)}" if rules.groups else f"Whoever may manage {model}"
    if rules.author_may_approve:
        return who
    return f"{who}, but not {' or '.join(sorted(authors)) or 'its author'},"
