"""What a statement does to the rows of a table, in the words that the lake and whoever asks it share.

The rows that change, and the values that they get, are computed by the engine as one query. Each row of its answer says
where the changed row stands (:data:`FILE` and :data:`ROW`, null for a new one), which clause has chosen it, and the
value of each column that any clause sets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from boathouse.lake.duckdb_views import FILE, ROW
from boathouse.lake.engine import EngineQuery
from boathouse.lake.snapshots import Snapshot

CLAUSE = "_boathouse_clause"
"""The column that numbers the clause; null where no clause holds."""

SOURCE_ROW = "_boathouse_source"
"""The column that tells the rows of a merge's source apart."""

TARGET, SOURCE = "__bh_target", "__bh_source"
"""The tables that the query finds beside those it brings: the one that changes, and the rows that are merged."""


class ChangeKind(StrEnum):
    UPDATE = "update"
    DELETE = "delete"
    INSERT = "insert"


@dataclass(frozen=True, slots=True)
class Clause:
    """One way in which rows change."""

    kind: ChangeKind
    columns: tuple[str, ...] = ()
    """The columns it sets. An update leaves the others as they are; in a new row they are null."""


@dataclass(frozen=True, slots=True)
class Check:
    """A condition that every row which is written must fulfil, as SQL of the engine over the table's columns."""

    name: str
    written: str
    sql: str


@dataclass(frozen=True, slots=True)
class MergeSource:
    """The rows that are merged, computed once; and what narrows down the files they can meet."""

    keys: tuple[tuple[str, str], ...] = ()
    """Columns of the table with what must equal them, as SQL over :data:`SOURCE`."""
    condition: str | None = None
    """A query that reads just the table, with what must hold for it by itself."""
    meets_every_row: bool = False
    """Whether rows that no source row meets are asked for, too."""
    may_meet_twice: bool = False
    """Whether it does no harm that several source rows meet one row: all they do is delete it."""


@dataclass(frozen=True, slots=True)
class RowChanges:
    """Everything that one statement changes in one table."""

    operation: str
    """As the table's history shall call it: ``DELETE``, ``UPDATE``, ``MERGE``."""
    sources: EngineQuery
    """What the query reads beside the table. Its text is the query itself, or that of the merge's source."""
    sql: str
    """The query; gives :data:`FILE`, :data:`ROW`, :data:`CLAUSE`, of a merge :data:`SOURCE_ROW`, and ``columns``."""
    clauses: tuple[Clause, ...]
    columns: tuple[str, ...] = ()
    """The columns that any clause sets, in the order of the answer."""
    merge: MergeSource | None = None
    follows: frozenset[str] = frozenset()
    """The sources that are the same table as it is now: they must be of the same version."""
    checks: tuple[Check, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the table's history tells of the statement."""

    def at(self, snapshot: Snapshot) -> EngineQuery:
        """The sources, with those that follow the table at its version."""
        if not self.follows:
            return self.sources
        return replace(self.sources, snapshots={**self.sources.snapshots, **dict.fromkeys(self.follows, snapshot)})


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """What became of it."""

    version: int
    updated: int = 0
    deleted: int = 0
    inserted: int = 0

    @property
    def affected(self) -> int:
        return self.updated + self.deleted + self.inserted


__all__ = [
    "CLAUSE",
    "FILE",
    "ROW",
    "SOURCE",
    "SOURCE_ROW",
    "TARGET",
    "ChangeKind",
    "ChangeReport",
    "Check",
    "Clause",
    "MergeSource",
    "RowChanges",
]
