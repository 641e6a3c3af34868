# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""What the rest of the house asks of an engine: answer one query over given snapshots, files and frames.

An engine reads what the query names and nothing else. It knows no catalog and no principal: whoever calls it has
resolved and authorised the names before.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from boathouse.lake.files import FileSource
from boathouse.lake.select_guard import ParsedSelect
from boathouse.lake.snapshots import Snapshot

Parameters = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ArrowFunction:
    """A function that is computed outside of the engine, a batch of rows at a time."""

    parameters: tuple[str, ...] | None
    """Types in the engine's spelling; None where a value of any type is taken."""
    returns: str
    call: Callable[..., Any]
    """Takes one Arrow array per parameter and gives one of the same length."""
    deterministic: bool = False


def _nothing() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class EngineQuery:
    """One SELECT in DuckDB's dialect; its table names are the keys of the sources."""

    sql: str
    snapshots: Mapping[str, Snapshot] = field(default_factory=_nothing)
    files: Mapping[str, FileSource] = field(default_factory=_nothing)
    arrow: Mapping[str, Any] = field(default_factory=_nothing)
    """Frames in memory: anything with the Arrow PyCapsule interface."""
    parameters: Parameters | None = None
    functions: Mapping[str, ArrowFunction] = field(default_factory=_nothing)
    """Functions that the text calls beside those of the engine."""
    release: Callable[[], None] | None = None
    """Called once the answer needs the sources and functions no more."""


@dataclass(frozen=True, slots=True)
class Workbench:
    """A DuckDB instance with the sources of a query laid out, for work in several steps."""

    connection: Any
    parsed: ParsedSelect
    """The query, as it has passed the engine's wall."""


class Rows(Protocol):
    """The answer. Its rows are computed when they are first asked for, and may be asked for once."""

    @property
    def schema(self) -> pa.Schema: ...

    def reader(self) -> pa.RecordBatchReader:
        """The rows as a stream."""
        ...

    def arrow(self) -> pa.Table:
        """The rows in memory."""
        ...

    def relation(self) -> Any:
        """The rows as a DuckDB relation, to go on querying; an engine without DuckDB brings its rows into one."""
        ...

    def close(self) -> None:
        """Let go of what the answer holds."""
        ...


class Kept(Protocol):
    """A query over frames alone that is asked again and again. For many threads; holds an instance until closed."""

    def run(self, frames: Mapping[str, Any]) -> pa.Table:
        """The answer for these frames, by the names that they have in the query."""
        ...

    def close(self) -> None: ...


class Engine(Protocol):
    """Answers queries."""

    def run(self, query: EngineQuery) -> Rows:
        """Prepare a query; mistakes in it show here, before any row is computed.

        Raises:
            InvalidInput: The statement is not a single SELECT over the given sources, or contradicts their schemas.
            DamagedTable: A file of a snapshot is missing or broken.
            Unavailable: The machine ran out of memory or disk.
        """
        ...

    def keep(self, query: EngineQuery, frames: Set[str]) -> Kept:
        """Prepare a query without parameters that reads nothing but frames of these names, which it is given each time.

        Raises:
            InvalidInput: The statement is not a single SELECT over them.
        """
        ...

    def scan(self, snapshot: Snapshot, columns: Sequence[str] | None = None, predicate: str | None = None) -> Rows:
        """The rows of one snapshot, narrowed to columns and by an SQL condition."""
        ...

    def workbench(self, query: EngineQuery, *, also: Set[str], folder: str | None) -> AbstractContextManager[Workbench]:
        """An instance in which the query can be run step by step, and which may read and write files below the folder,
        if any. The query may name the tables ``also``, which the caller lays out."""
        ...
