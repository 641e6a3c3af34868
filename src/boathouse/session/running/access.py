"""What every running statement has at hand: who asks, whom to ask, what has been read so far."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from boathouse.catalog import ColumnFlow, Function, LineageEdge, LineageNode, NodeKind, Table
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.lake import as_url
from boathouse.lake.engine import ArrowFunction, Engine
from boathouse.session.law import Intent, Law, Statement, TableRequest
from boathouse.session.running.temporary import TEMPORARY, TemporaryView
from boathouse.session.running.tracing import Trace
from boathouse.session.sql.namespace import Namespace
from boathouse.session.sql.parameters import Parameters

LONGEST_TEXT = 2_000
"""Characters of a statement that the audit log is told."""

_READING = frozenset({"SELECT", "READ_TABLE", "EXPLAIN"})


@dataclass(slots=True)
class Told:
    """What a statement found out while it wrote."""

    set_aside: int = 0
    """Rows that went to the quarantine table."""


@dataclass(frozen=True, slots=True)
class Access:
    """A principal at the law and an engine, with one statement to run."""

    principal: Principal
    law: Law
    engine: Engine
    statement: Statement
    namespace: Namespace = field(default_factory=Namespace)
    parameters: Parameters = field(default_factory=Parameters)
    trace: Trace = field(default_factory=Trace)
    session_id: str | None = None
    temporary: dict[str, TemporaryView] = field(default_factory=dict[str, TemporaryView])
    """The session's own views, by name; shared with the session, so that a statement can add to them."""

    drafts: Mapping[str, Function] = field(default_factory=dict[str, Function])
    """Functions that are being tried before they are created, by full name."""

    functions: Mapping[str, ArrowFunction] = field(default_factory=dict[str, ArrowFunction])
    """What the statement calls beside the engine's functions and the catalog's, by the engine's name for it."""

    told: Told = field(default_factory=Told)

    def resolve(self, *requests: TableRequest) -> list[Table]:
        return self.law.resolve_tables(self.principal, requests, self.statement)

    def resolve_one(self, name: TableName, intent: Intent) -> Table:
        (table,) = self.resolve(TableRequest(name, intent))
        return table

    @property
    def temporary_names(self) -> dict[str, str]:
        """What binding takes for the full names of the session's own views."""
        return {name: f"{TEMPORARY}.session.{name}" for name in self.temporary}

    def is_own(self, name: TableName) -> bool:
        """Whether binding has put the name in the place of one of the session's own views."""
        return name.catalog == TEMPORARY and name.name in self.temporary

    @property
    def writes(self) -> bool:
        """Whether rows of a query are going to be stored, so that it matters where its columns come from."""
        return self.statement.kind not in _READING

    def record(
        self,
        sources: list[LineageNode],
        target: LineageNode | None,
        operation: str,
        columns: Mapping[LineageNode, ColumnFlow] | None = None,
    ) -> None:
        """Remember where data came from and went to; one edge per source, or one without a source."""
        if not sources and target is None:
            return
        through = [replace(edge, statement_id=self.statement.id) for edge in self.trace.through]
        self.trace.through.clear()
        known = columns or {}
        edges = [
            LineageEdge(
                source,
                target,
                operation,
                self.statement.id,
                session_id=self.session_id,
                columns=known.get(source) if source else None,
            )
            for source in (sources or [None])
        ]
        self.law.record_lineage(self.principal, [*through, *edges])

    def commit_info(self) -> dict[str, str]:
        """What a commit in the table's own history says of us."""
        return {
            "boathouse.principal": self.principal.name,
            "boathouse.statementId": self.statement.id,
            "boathouse.operation": self.statement.kind,
        }

    def with_statement(self, kind: str, text: str) -> "Access":
        return replace(self, statement=new_statement(kind, text))


@contextmanager
def by_name(name: TableName, location: str) -> Generator[None]:
    """Let errors in the block speak of the table by its name: where it lies is nobody's business."""
    try:
        yield
    except BoathouseError as error:
        location = as_url(location)
        if location not in error.message:
            raise
        message = error.message
        for spelled in (f"the table at {location}", f"the Delta table at {location}"):
            message = message.replace(spelled, f"table {name}")
            message = message.replace(spelled[0].upper() + spelled[1:], f"Table {name}")
        raise type(error)(message.replace(location, str(name)), hint=error.hint) from error


def new_statement(kind: str, text: str, id: str | None = None) -> Statement:
    return Statement(id or new_id(), text[:LONGEST_TEXT], kind)


def table_node(name: TableName, version: int) -> LineageNode:
    return LineageNode(NodeKind.TABLE, str(name), version)


def row_count(value: Any) -> int | None:
    """The number of rows of something in memory, where it knows."""
    for attribute in ("num_rows", "height"):
        count = getattr(value, attribute, None)
        if isinstance(count, int):
            return count
    return None
