"""What is told of feature tables: how fresh they are, where they are published, who takes their features."""

from dataclasses import dataclass

from boathouse.features.online.nouns import Publication
from boathouse.features.tables.feature_tables import FeatureTable


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the newest values of a feature table are."""

    newest_event: int | None
    """Milliseconds since 1970-01-01 UTC; None where the table is empty, has no time, or its log does not tell."""
    age_seconds: float | None
    """At the instant that was asked about."""
    promised_seconds: float | None
    is_kept: bool | None
    """None where there is no promise, or nobody knows."""


@dataclass(frozen=True, slots=True)
class AgeAtCommit:
    """How old the newest values were when a commit came."""

    at: int
    """Milliseconds since 1970-01-01 UTC."""
    before_seconds: float | None
    """Right before it; None where nobody knows."""
    after_seconds: float


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A feature table with its state."""

    table: FeatureTable
    version: int | None
    """Of the Delta table; None for who may not read it."""
    freshness: Freshness | None
    published: tuple[Publication, ...]
    consumers: int


@dataclass(frozen=True, slots=True)
class Consumer:
    """Something that reads features of a table."""

    kind: str
    """``model_version``, ``function`` (a feature spec), ``table``, ``run``, ``job``, ..."""
    name: str
    """For a job, its id."""
    version: int | None = None
    title: str | None = None
    how: str = ""
    """``FEATURES`` for what looks features up, ``TRAINED``, ``WRITE`` for a table made from it, ``READ``."""
    features: tuple[str, ...] | None = None
    """The columns that it takes; None where only the table as a whole is known."""
    last_at: int | None = None
    """Milliseconds since 1970-01-01 UTC."""
