"""What a card is made from. Nothing here is written for the card: every fact has another home."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from boathouse.models.approval.nouns import Approval
from boathouse.models.evidence.nouns import Evidence
from boathouse.models.nouns import AliasMove, ModelVersion, RegisteredModel
from boathouse.models.promotion.nouns import Decision
from boathouse.models.requirements.requirements import Requirements


@dataclass(frozen=True, slots=True)
class DataUsed:
    """A version of a table that the model was trained or judged on."""

    table: str
    version: int | None
    role: str
    """``training`` or ``evaluation``."""
    owner: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class FeatureUsed:
    """A feature that the model takes, and whose it is."""

    name: str
    table: str
    """The feature table, or the function that computes it."""
    owner: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class RunTold:
    """The run behind a version, as MLflow knows it."""

    run_id: str
    name: str | None = None
    user: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    """The last value of each."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    experiment_id: str | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """What the files of a version say about themselves."""

    flavours: tuple[str, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    """Name and type of each column."""
    outputs: tuple[tuple[str, str], ...] = ()
    size_bytes: int = 0
    files: int = 0
    environment: tuple[str, ...] = ()
    """Lines of the lock of the run's environment, what the model asks for first; else of its own requirements."""
    is_locked: bool = False
    """Whether those lines are a lock."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One step of lineage, in words."""

    source: str
    operation: str
    target: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Another server's version that this one was imported from, and what was measured of it there."""

    version: str
    """``dev.flights.delay@3``."""
    signer: str
    imported_at: int
    imported_by: str
    archive: str
    """SHA-256 of the archive's manifest."""
    evidence: Sequence[Evidence] = ()


@dataclass(frozen=True, slots=True)
class CardFacts:
    """All that a card says of one version. What could not be had stands in ``missing``, with the reason."""

    model: RegisteredModel
    version: ModelVersion
    requirements: Requirements | None = None
    requirements_revision: int | None = None
    free_text: str | None = None
    """Markdown that people of the project have written."""
    author: str | None = None
    decision: Decision | None = None
    evidence: Sequence[Evidence] = ()
    approvals: Sequence[Approval] = ()
    history: Sequence[AliasMove] = ()
    """Moves of the model's aliases, newest first."""
    run: RunTold | None = None
    contents: Contents | None = None
    origin: Origin | None = None
    """None: it was made here."""
    data: Sequence[DataUsed] = ()
    features: Sequence[FeatureUsed] = ()
    upstream: Sequence[Passage] = ()
    downstream: Sequence[Passage] = ()
    hidden: int = 0
    """Neighbours in the lineage that the reader may not know of."""
    questions: Mapping[str, str] = field(default_factory=dict[str, str])
    """What each gate asks, by its name."""
    missing: Mapping[str, str] = field(default_factory=dict[str, str])
