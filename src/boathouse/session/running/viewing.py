# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""CREATE VIEW, ALTER VIEW: a query is tried as whoever makes the view, and kept with the columns that it gave."""

import dataclasses
from collections.abc import Sequence

import pyarrow as pa

from boathouse.catalog import Column, Dependency, LineageNode, NewView, NodeKind, SecurableKind, View
from boathouse.catalog.columns import columns_from_delta, with_comment
from boathouse.foundation.errors import AlreadyExists, InvalidInput, NotFound
from boathouse.session.result import Result
from boathouse.session.running.access import Access
from boathouse.session.running.governing import done
from boathouse.session.running.queries import PreparedQuery, prepare_query
from boathouse.session.running.temporary import TemporaryView
from boathouse.session.sql.reading import read_query
from boathouse.session.sql.statements import AlterView, CreateView, ViewColumn
from boathouse.session.sql.views import Wording, with_full_names


def create_view(access: Access, statement: CreateView) -> Result:
    """CREATE [OR REPLACE] [TEMPORARY] VIEW [IF NOT EXISTS] ... AS."""
    if statement.temporary:
        return _create_temporary(access, statement)
    name = access.namespace.table(statement.name)
    if statement.if_not_exists and _is_there(access, str(name)):
        return done()
    tried = _tried(access, statement.query, statement.columns)
    new = NewView(name, tried.view, tried.columns, statement.comment, statement.properties)
    access.law.create_view(access.principal, new, replace=statement.replace)
    tried.record(access, str(name))
    return done()


def alter_view(access: Access, statement: AlterView) -> Result:
    """ALTER VIEW ... AS."""
    name = access.namespace.table(statement.name)
    tried = _tried(access, statement.query, ())
    access.law.alter_view(access.principal, name, tried.view, tried.columns)
    tried.record(access, str(name))
    return done()


@dataclasses.dataclass(frozen=True, slots=True)
class _Tried:
    """A query that runs, and what it gives."""

    view: View
    columns: tuple[Column, ...]
    sources: list[LineageNode]

    def record(self, access: Access, name: str) -> None:
        target = LineageNode(NodeKind.TABLE, name)
        columns = access.trace.into([column.name for column in self.columns], target)
        access.record(self.sources, target, "VIEW", columns)


def _tried(access: Access, text: str, names: Sequence[ViewColumn]) -> _Tried:
    tree = read_query(text)
    definition = with_full_names(Wording(text, tree), access.namespace, access.temporary)
    if definition.temporary:
        raise InvalidInput(
            f"The view would read the temporary view {definition.temporary[0]}, which is gone when this session ends.",
            hint="Write the query of the temporary view in its place, or create a TEMPORARY view.",
        )
    prepared = prepare_query(access, tree)
    schema = prepared.columns_of_rows(access)
    columns = _columns(schema, names)
    view = View(definition.text, tuple(schema.names), _with_columns(definition.dependencies, prepared))
    return _Tried(view, columns, prepared.sources)


def _columns(schema: pa.Schema, names: Sequence[ViewColumn]) -> tuple[Column, ...]:
    """The columns of the view, under the names that the statement gives them.

    Raises:
        InvalidInput: Two have one name, there are more or fewer names than columns, or a column has no storable type.
    """
    if names and len(names) != len(schema.names):
        raise InvalidInput(f"The view names {len(names)} columns, but its query gives {len(schema.names)}.")
    given = [each.name for each in names] or list(schema.names)
    for position, name in enumerate(given):
        if name.lower() in [other.lower() for other in given[:position]]:
            raise InvalidInput(f"Two columns of the view are named {name}.", hint=f"Rename one: {name} AS something.")
    for position, name in enumerate(schema.names):
        if name in schema.names[:position]:
            raise InvalidInput(f"Two columns of the query are named {name}.", hint=f"Rename one: {name} AS something.")
    columns = described(pa.schema([field.with_name(name) for field, name in zip(schema, given, strict=True)]))
    comments = [each.comment for each in names] or [None] * len(columns)
    return tuple(with_comment(column, comment) for column, comment in zip(columns, comments, strict=True))


def described(schema: pa.Schema) -> tuple[Column, ...]:
    """The columns as the catalog describes them.

    Raises:
        InvalidInput: A column has a type that no table could store.
    """
    from deltalake import Schema

    for field in schema:
        if pa.types.is_null(field.type):
            raise InvalidInput(f"The column {field.name} is always NULL and has no type.",
                               hint=f"Say which: CAST(NULL AS STRING) AS {field.name}.")  # fmt: skip
        if pa.types.is_interval(field.type) or pa.types.is_duration(field.type):
            raise InvalidInput(f"The column {field.name} is an interval, which no table can hold.",
                               hint="Make it a number, as with datediff or extract.")  # fmt: skip
    nullable = pa.schema([field.with_nullable(True) for field in schema])
    return columns_from_delta(Schema.from_arrow(nullable).to_json())


def _with_columns(dependencies: Sequence[Dependency], prepared: PreparedQuery) -> tuple[Dependency, ...]:
    """The dependencies with the columns that their tables have now."""
    found = {node.name: prepared.schemas.get(alias) or () for alias, node in prepared.nodes.items()}
    return tuple(
        dataclasses.replace(each, columns=found.get(each.full_name, ())) if each.kind is SecurableKind.TABLE else each
        for each in dependencies
    )


def _create_temporary(access: Access, statement: CreateView) -> Result:
    if len(statement.name) != 1:
        raise InvalidInput("A temporary view has a name of one part.", hint=f"Write {statement.name[-1]}.")
    name = statement.name[0].lower()
    if name in access.temporary and not statement.replace:
        if statement.if_not_exists:
            return done()
        raise AlreadyExists(f"There is already a temporary view {name}.", hint="Use CREATE OR REPLACE TEMPORARY VIEW.")
    tree = read_query(statement.query)
    definition = with_full_names(Wording(statement.query, tree), access.namespace, access.temporary)
    columns = tuple(each.name for each in statement.columns)
    view = TemporaryView(name, definition.text, columns, statement.comment)
    tried = dataclasses.replace(access, temporary={**access.temporary, name: view})
    prepared = prepare_query(tried, read_query(f"SELECT * FROM `{name.replace('`', '``')}`"))
    prepared.columns_of_rows(tried)
    access.temporary[name] = view
    return done()


def _is_there(access: Access, name: str) -> bool:
    try:
        access.law.get(access.principal, SecurableKind.TABLE, name)
    except NotFound:
        return False
    return True
