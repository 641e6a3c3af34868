"""The nouns of a description: what a thing is, whose, since when, from what, and used by whom."""

from dataclasses import dataclass, field
from typing import Any

from boathouse.catalog.definitions import Function
from boathouse.catalog.grants import Grant
from boathouse.catalog.lineage_graph import Graph
from boathouse.catalog.popularity import Use
from boathouse.catalog.securables import Securable, SecurableKind, Table, Volume


@dataclass(frozen=True, slots=True)
class TableState:
    """What the log of a table says of its newest version."""

    version: int
    size_bytes: int
    files: int
    rows: int | None
    """None where the log does not count them."""
    partition_columns: tuple[str, ...]
    written_at: int
    """Of the last version that changed rows, in milliseconds."""
    written_by: str | None
    operation: str
    statement_id: str | None = None


@dataclass(frozen=True, slots=True)
class JobNamed:
    """A job as it is shown beside other things."""

    job_id: int
    name: str


@dataclass(frozen=True, slots=True)
class UsedBy:
    """Who uses a thing, as far as the principal may know of them."""

    use: Use = Use()  # noqa: RUF009 (it is frozen)
    jobs: tuple[JobNamed, ...] = ()
    """The jobs that have read it in the last 30 days."""
    models: tuple[str, ...] = ()
    """The versions of models that were trained on it: ``prod.flights.delay@3``."""


@dataclass(frozen=True, slots=True)
class Description:
    """All that the catalog knows of one thing."""

    securable: Securable
    detail: Table | Volume | Function | None = None
    state: TableState | None = None
    """Of a table that the principal may read."""
    inside: dict[SecurableKind, int] = field(default_factory=dict[SecurableKind, int])
    """What lies in a catalog or schema, by kind, as far as the principal may know of it."""
    grants: tuple[Grant, ...] = ()
    upstream: Graph | None = None
    downstream: Graph | None = None
    used_by: UsedBy = UsedBy()
    more: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the room that the thing belongs to adds: versions of a model, tasks of a job."""
