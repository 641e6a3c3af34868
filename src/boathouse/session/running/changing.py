# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""DELETE, UPDATE and TRUNCATE: the statement becomes a query for the rows that change, and the lake changes them.

So a condition or a value in them means exactly what it means in a SELECT.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
from sqlglot import exp

from boathouse.catalog import ColumnFlow, Table
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.lake import Snapshot, open_snapshot
from boathouse.lake.changed_rows import value_name
from boathouse.lake.engine import EngineQuery
from boathouse.lake.rewriting import change_rows
from boathouse.lake.row_changes import CLAUSE, FILE, ROW, TARGET, ChangeKind, ChangeReport, Check, Clause, RowChanges
from boathouse.session.law import Intent, TableRequest
from boathouse.session.result import Result, result_of
from boathouse.session.running.access import Access, by_name, table_node
from boathouse.session.running.constraints import checks_of
from boathouse.session.running.guarding import contract_checks
from boathouse.session.running.queries import PreparedQuery, explained, prepare_with
from boathouse.session.sql.assigning import set_values
from boathouse.session.sql.dialect import databricks_sql, engine_sql
from boathouse.session.sql.statements import Delete, Truncate, Update


@dataclass(frozen=True, slots=True)
class Target:
    """The table that a statement changes, under the name that the statement has for it."""

    name: TableName
    alias: str
    snapshot: Snapshot
    contract: tuple[Check, ...] = ()
    """What the contract of the table asks of rows."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """What every row that is written has to fulfil."""
        return (*checks_of(self.snapshot), *self.contract)

    @classmethod
    def of(cls, access: Access, parts: Sequence[str], alias: str | None) -> "Target":
        """Find the table.

        Raises:
            NotFound, Denied: There is no such table for the principal.
            InvalidInput: It is a view or a system table.
        """
        name = access.namespace.table(parts)
        table = access.law.table(access.principal, name)  # rights to change it are asked for with all that is read
        if table.view is not None:
            raise InvalidInput(f"{name} is a view; its rows cannot be changed.", hint="Change the table that it reads.")
        location = table.storage_location or access.resolve_one(name, Intent.WRITE).storage_location
        return cls(name, alias or parts[-1], open_snapshot(location), contract_checks(table))

    def node(self) -> exp.Table:
        """The table as the query names it."""
        return exp.Table(
            this=exp.to_identifier(self.name.name, quoted=True),
            db=exp.to_identifier(self.name.schema, quoted=True),
            catalog=exp.to_identifier(self.name.catalog, quoted=True),
            alias=exp.TableAlias(this=exp.to_identifier(self.alias, quoted=True)),
        )

    def place(self, column: str) -> exp.Expr:
        """A column that tells where a row stands."""
        return exp.column(column, table=exp.to_identifier(self.alias, quoted=True), quoted=True)


def delete(access: Access, statement: Delete | Truncate) -> Result:
    """DELETE FROM and TRUNCATE TABLE."""
    where = statement.where if isinstance(statement, Delete) else None
    alias = statement.alias if isinstance(statement, Delete) else None
    target = Target.of(access, statement.table, alias)
    select = exp.Select(expressions=_places(target), from_=exp.From(this=target.node()))
    if where is not None:
        select.set("where", exp.Where(this=where.copy()))
    wanted = Change("DELETE", (Clause(ChangeKind.DELETE),), (), {} if where is None else {"predicate": told(where)})
    return affected(change(access, target, select, wanted))


def update(access: Access, statement: Update) -> Result:
    """UPDATE ... SET."""
    target = Target.of(access, statement.table, statement.alias)
    values = set_values(statement.assignments, target.snapshot, qualifiers_of(target))
    columns = tuple(values)
    items = [named(value, position) for position, value in enumerate(values.values())]
    select = exp.Select(expressions=[*items, *_places(target)], from_=exp.From(this=target.node()))
    if statement.where is not None:
        select.set("where", exp.Where(this=statement.where.copy()))
    why = {} if statement.where is None else {"predicate": told(statement.where)}
    return affected(
        change(access, target, select, Change("UPDATE", (Clause(ChangeKind.UPDATE, columns),), columns, why))
    )


@dataclass(frozen=True, slots=True)
class Change:
    """What a query for rows that change is about."""

    operation: str
    clauses: tuple[Clause, ...]
    columns: tuple[str, ...]
    parameters: Mapping[str, str]


def change(access: Access, target: Target, select: exp.Select, wanted: Change) -> ChangeReport:
    """Authorise the query, let the lake change the rows, and record it."""
    prepared = prepared_change(access, target, select, wanted.columns)
    assert isinstance(prepared.tree, exp.Select)
    tree = prepared.tree
    tree.args["from_"].this.set("this", exp.to_identifier(TARGET, quoted=True))
    sources, follows = other_sources(prepared, target, tree)
    sql = engine_sql(tree)
    changes = RowChanges(
        wanted.operation,
        replace(sources, sql=sql),
        sql,
        wanted.clauses,
        wanted.columns,
        follows=follows,
        checks=target.checks,
        parameters=wanted.parameters,
    )
    return carried_out(access, target, prepared, changes)


def prepared_change(access: Access, target: Target, select: exp.Select, columns: Sequence[str]) -> PreparedQuery:
    """The query, authorised to read and to change what it names."""
    prepared, table = prepare_with(access, select, TableRequest(target.name, Intent.WRITE))
    assert isinstance(table, Table)
    access.trace.names = tuple(item.alias_or_name for item in select.expressions)
    return prepared


def other_sources(prepared: PreparedQuery, target: Target, tree: exp.Expr) -> tuple[EngineQuery, frozenset[str]]:
    """What the query reads beside the rows of the target, and which of that is the target once more."""
    query = prepared.for_engine()
    read = {table.name for table in tree.find_all(exp.Table)}
    snapshots = {alias: snapshot for alias, snapshot in query.snapshots.items() if alias in read}
    follows = {
        alias
        for alias, snapshot in snapshots.items()
        if alias in prepared.current and snapshot.location == target.snapshot.location
    }
    return replace(query, snapshots=snapshots), frozenset(follows)


def carried_out(
    access: Access,
    target: Target,
    prepared: PreparedQuery,
    changes: RowChanges,
    *,
    read_version: int | None = None,
) -> ChangeReport:
    """Change the rows; then record from where the new values came."""
    location = target.snapshot.location
    try:
        with by_name(target.name, location):
            report = change_rows(
                access.engine, location, changes, read_version=read_version, commit_info=access.commit_info()
            )
    except InvalidInput as error:
        raise explained(error, prepared.columns) from error
    if report.affected:
        node = table_node(target.name, report.version)
        columns = access.trace.into(changes.columns, node)
        sources = [
            source
            for source in prepared.sources
            if (source.kind, source.name) != (node.kind, node.name) or _feeds_another_column(columns.get(source))
        ]
        access.record(sources, node, "WRITE", columns)
    return report


def _feeds_another_column(flow: ColumnFlow | None) -> bool:
    """Whether the table changes from itself in a way worth telling: ``SET a = b``."""
    return flow is not None and bool(flow.direct)


def named(value: exp.Expr, position: int) -> exp.Expr:
    """A value under the name that the lake expects."""
    return exp.Alias(this=value, alias=exp.to_identifier(value_name(position), quoted=True))


def affected(report: ChangeReport) -> Result:
    """The result of a statement that tells only how many rows it has changed."""
    return result_of({"num_affected_rows": [report.affected]}, pa.schema([("num_affected_rows", pa.int64())]))


def _places(target: Target) -> list[exp.Expr]:
    clause = exp.alias_(exp.Literal.number(0), exp.to_identifier(CLAUSE, quoted=True))
    return [target.place(FILE), target.place(ROW), clause]


def qualifiers_of(target: Target) -> tuple[str, ...]:
    """What may stand before a column of the table."""
    name = target.name
    return target.alias, name.name, f"{name.schema}.{name.name}", str(name)


def told(condition: exp.Expr) -> str:
    """A condition as the table's history tells it."""
    return databricks_sql(condition)[:1000]
