"""The nouns of this room: models, versions, aliases and how they moved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model with a three-level name and numbered versions."""

    name: str
    comment: str | None = None
    aliases: dict[str, int] = field(default_factory=dict[str, int])
    tags: dict[str, str] = field(default_factory=dict[str, str])
    created_at: int = 0
    updated_at: int = 0


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a registered model; its number is never used twice."""

    model: str
    version: int
    source: str
    run_id: str | None = None
    comment: str | None = None
    aliases: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict[str, str])
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version that has just been made."""

    model: str
    version: int
    run_id: str | None
    principal: str
    """Who made it; ``system`` when it was only found."""
    starts_job: bool = True
    """Whether it is a candidate, which its model's deployment job looks at."""


@dataclass(frozen=True, slots=True)
class AliasMove:
    """An alias came to point somewhere else: who moved it, when, from where to where, why and through which door."""

    model: str
    alias: str
    from_version: int | None
    """None: the alias did not exist before."""
    to_version: int | None
    """None: the alias was removed."""
    principal: str
    moved_at: int
    reason: str | None = None
    through: str = "boathouse"
    """``boathouse`` for our own verb, ``promotion`` and ``rollback`` for what was decided, ``mlflow`` for MLflow's API,
    ``reconciled`` when only the result was found."""
    request_id: str = ""
    decision_id: str | None = None
    """The decision that it carried out, with its evidence and signatures; None: somebody just moved it."""


class DecisionKind(StrEnum):
    """Why an alias was moved on evidence."""

    PROMOTION = "promotion"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class AliasDecision:
    """What was decided before an alias moved, kept with the move."""

    decision_id: str
    kind: DecisionKind
    model: str
    version: int
    alias: str
    document: Mapping[str, Any]
    """JSON: the standing, its reasons, the evidence as it was judged, signatures, the requirements' revision."""
    principal: str
    decided_at: int
    """Milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class RunInput:
    """A table version that a run has read."""

    run_id: str
    table_id: str
    table_name: str
    version: int
    location: str


STARTS_JOB = "starts_job"
"""A detail of the intent to make a version: ``no`` for one that is no candidate."""


class IntentKind(StrEnum):
    """What is about to change in MLflow's database and in ours."""

    CREATE_EXPERIMENT = "create_experiment"
    RENAME_EXPERIMENT = "rename_experiment"
    CREATE_MODEL = "create_model"
    RENAME_MODEL = "rename_model"
    UPDATE_MODEL = "update_model"
    DELETE_MODEL = "delete_model"
    CREATE_VERSION = "create_version"
    DELETE_VERSION = "delete_version"
    MOVE_ALIAS = "move_alias"


@dataclass(frozen=True, slots=True)
class Intent:
    """A change of both databases, written to ours before MLflow is asked."""

    id: str
    kind: IntentKind
    subject: str
    """The experiment's or the model's name."""
    principal: str
    details: dict[str, str] = field(default_factory=dict[str, str])
    created_at: int = 0


class AnyVersion(StrEnum):
    """Says that an alias may point anywhere before it moves."""

    ANY = "any"


ANY = AnyVersion.ANY
