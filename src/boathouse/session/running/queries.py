# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Running a query: bind its names, ask the law once for all of them, open the snapshots, let the engine do the rest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
from sqlglot import exp

from boathouse.catalog import Function, LineageNode, NodeKind, Table
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.lake import BrokenFile, EngineQuery, Rows, Snapshot, open_snapshot
from boathouse.lake.errors import VersionNotFound
from boathouse.lake.history import ChangeFeed
from boathouse.session.law import Intent, TableRequest
from boathouse.session.result import Result
from boathouse.session.running.access import Access, by_name, table_node
from boathouse.session.running.opening import Opening
from boathouse.session.running.volume_files import VolumeFiles
from boathouse.session.sql.binding import ALIAS_PREFIX, Scope, Sources, TableReference, bind
from boathouse.session.sql.column_lineage import flow_of_query
from boathouse.session.sql.dialect import engine_sql
from boathouse.session.sql.translate import SessionFacts, name_columns, translate
from boathouse.session.system_tables import SYSTEM_FORMAT

MAX_ENGINE_TEXT = 5_000_000
"""Characters of a translated statement: some translations repeat their arguments."""


class UnknownColumn(InvalidInput):
    """A column that no table of the query has."""

    def __init__(self, name: str, known: list[str]) -> None:
        hint = did_you_mean(name.lower(), known) or (f"There are {', '.join(known[:20])}." if known else None)
        super().__init__(f"There is no column {name} here.", hint=hint)


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A query that has been authorised, with everything it reads fixed."""

    query: EngineQuery
    sources: list[LineageNode]
    columns: list[str]
    """The columns of all its tables, for suggestions."""
    volumes: tuple[VolumeFiles, ...] = ()
    """What it reads by ``read_files``."""
    schemas: dict[str, tuple[str, ...] | None] = field(default_factory=dict[str, tuple[str, ...] | None])
    """The columns of what it reads, by alias; None for files, which the engine looks into."""
    nodes: dict[str, LineageNode] = field(default_factory=dict[str, LineageNode])
    """What it reads, by alias."""
    python: dict[str, Function] = field(default_factory=dict[str, Function])
    """The Python functions that it calls, by the name that the engine has for them."""
    current: frozenset[str] = frozenset()
    """The aliases of tables that are read as they are now, not at a version that was asked for."""
    tree: exp.Expr | None = None
    """The query for the engine, before it became text."""

    def run(self, access: Access) -> Rows:
        """Let the engine prepare the rows.

        Raises:
            InvalidInput: The query does not fit its tables.
        """
        rows = self._bound(access)
        if access.writes:
            access.trace.names = tuple(rows.schema.names)
        return rows

    def columns_of_rows(self, access: Access) -> pa.Schema:
        """What the rows would be; none is computed. Raises as :meth:`run`."""
        rows = self._bound(access)
        try:
            relation = rows.relation()
            found = relation.limit(0).to_arrow_table().schema
            names = list(relation.columns)  # a limit would rename those that are there twice
        finally:
            rows.close()
        access.trace.names = tuple(names)
        return pa.schema([field.with_name(name) for field, name in zip(found, names, strict=True)])

    def for_engine(self) -> EngineQuery:
        """The query with the Python functions that it calls, ready to be computed."""
        if not self.python:
            return self.query
        from boathouse.session.python_functions import PythonFunctions

        python = PythonFunctions(self.python)
        return replace(self.query, functions=python.for_engine(), release=python.close)

    def _bound(self, access: Access) -> Rows:
        query = self.for_engine()
        if access.functions:
            query = replace(query, functions={**query.functions, **access.functions})
        try:
            rows = access.engine.run(query)
        except BrokenFile as error:
            raise self.volumes[0].explained(error) if self.volumes else error from error
        except InvalidInput as error:
            raise explained(error, self.columns) from error
        return rows


def run_query(access: Access, tree: exp.Expr) -> Result:
    """The rows of a query; that it reads its tables is recorded before."""
    prepared = prepare_query(access, tree)
    rows = prepared.run(access)  # a query that cannot run has read nothing
    access.record(prepared.sources, None, "READ")
    return result_after(rows, lambda: prepared.run(access))


def result_after(first: Rows, again: Any) -> Result:
    """A result whose first reading uses rows that are prepared already."""
    ready = [first]
    return Result(lambda: ready.pop() if ready else again())


def prepare_query(access: Access, tree: exp.Expr, *, also: TableRequest | None = None) -> PreparedQuery:
    """Authorise a query and fix the versions it reads."""
    prepared, _ = prepare_with(access, tree, also)
    return prepared


def prepare_with(access: Access, tree: exp.Expr, also: TableRequest | None) -> tuple[PreparedQuery, Table | None]:
    """As :func:`prepare_query`; one more table, such as the target of an INSERT, is resolved by the same call."""
    tree = tree.copy()
    name_columns(tree)
    sources = bind(tree, access.namespace, access.parameters, Scope(temporary=access.temporary_names))
    opening = Opening(access, sources)
    opening.open_functions(tree)
    opening.open_temporary(tree)
    bound = tree.copy() if access.writes else None
    tables, extra = _resolved(access, sources, also)
    opening.open_views(tree, tables)
    tables |= opening.known
    behind = _resolved_behind(access, sources, tables)
    opening.open_views(tree, behind)
    tables |= behind | opening.known
    here = access.namespace
    facts = SessionFacts(access.principal.name, here.catalog, here.schema, access.principal.groups)
    translated = translate(tree, facts)
    values = access.parameters.used_in(translated)
    text = engine_sql(translated)
    if len(text) > MAX_ENGINE_TEXT:
        raise InvalidInput("The statement becomes too long for the engine.", hint="Split it into several tables.")
    prepared = replace(_prepared(access, text, values, opening, tables), tree=translated)
    if bound is not None:
        access.trace.prepared(flow_of_query(bound, prepared.schemas), prepared.nodes)
    return prepared, extra


def _resolved(access: Access, sources: Sources, also: TableRequest | None) -> tuple[dict[str, Table], Table | None]:
    wanted = {alias: each for alias, each in sources.tables.items() if not each.via and not access.is_own(each.name)}
    names = list(dict.fromkeys(reference.name for reference in wanted.values()))
    requests = [TableRequest(name, Intent.READ) for name in names]
    found = access.resolve(*requests, *([also] if also else []))
    by_name = dict(zip(names, found[: len(names)], strict=True))
    tables = {alias: by_name[reference.name] for alias, reference in wanted.items()}
    return tables, found[-1] if also else None


def _resolved_behind(access: Access, sources: Sources, known: Mapping[str, Table]) -> dict[str, Table]:
    """The system tables that views and functions read: they show each reader what that reader may see."""
    rest = {
        alias: each.name
        for alias, each in sources.tables.items()
        if alias not in known and not access.is_own(each.name)
    }
    if not rest:
        return {}
    found = access.resolve(*(TableRequest(name, Intent.READ) for name in rest.values()))
    return dict(zip(rest, found, strict=True))


def _prepared(
    access: Access, text: str, values: dict[str, Any], opening: Opening, tables: Mapping[str, Table]
) -> PreparedQuery:
    sources = opening.sources
    snapshots: dict[str, Snapshot] = {}
    frames: dict[str, Any] = {}
    nodes: dict[str, LineageNode] = {}
    schemas: dict[str, tuple[str, ...] | None] = dict.fromkeys(sources.files)
    columns: list[str] = []
    for alias, table in tables.items():
        reference = sources.tables[alias]
        schemas[alias] = tuple(column.name for column in table.columns)
        columns += [column.name for column in table.columns]
        if table.data_source_format == SYSTEM_FORMAT:
            frames[alias] = _system_rows(access, reference)
            continue
        if table.view is not None:
            nodes[alias] = LineageNode(NodeKind.TABLE, str(reference.name))
            continue
        if reference.changes is not None:
            first, last = reference.changes
            feed = ChangeFeed(table.storage_location, first, table.at_version if last is None else last)
            with by_name(reference.name, table.storage_location):
                frames[alias], schemas[alias] = feed, tuple(feed.schema.names)
            nodes[alias] = table_node(reference.name, feed.last_version)
            columns += feed.schema.names
            continue
        snapshot = open_reference(table, reference)
        snapshots[alias] = snapshot
        schemas[alias] = tuple(snapshot.fields)
        columns += list(snapshot.fields)
        nodes[alias] = table_node(reference.name, snapshot.version)
    volumes = {alias: VolumeFiles.at(access, each.path, Intent.READ) for alias, each in sources.files.items()}
    nodes |= {alias: LineageNode(NodeKind.VOLUME, str(each.volume_name)) for alias, each in volumes.items()}
    files = {alias: each.source(dict(sources.files[alias].options)) for alias, each in volumes.items()}
    query = EngineQuery(text, snapshots=snapshots, files=files, arrow=frames, parameters=values or None)
    opening.trace(nodes)
    read, known = list(dict.fromkeys(nodes.values())), list(dict.fromkeys(columns))
    asked = [alias for alias, each in sources.tables.items() if each.version is None and each.timestamp is None]
    used = tuple(volumes.values())
    return PreparedQuery(query, read, known, used, schemas, nodes, opening.python, frozenset(asked))


def open_reference(table: Table, reference: TableReference) -> Snapshot:
    """The snapshot that a reference means.

    Raises:
        VersionNotFound: The table has no such version.
    """
    is_open = reference.version is None and reference.timestamp is None
    version = table.at_version if is_open else reference.version
    try:
        return open_snapshot(table.storage_location, version=version, timestamp=reference.timestamp)
    except VersionNotFound as error:
        named = error.message.replace(f"The table at {table.storage_location}", f"Table {reference.name}")
        raise VersionNotFound(named, hint=error.hint) from error


def _system_rows(access: Access, reference: TableReference) -> Any:
    if reference.version is not None or reference.timestamp is not None:
        raise InvalidInput(f"{reference.name} has no versions.")
    return access.law.system_table(access.principal, reference.name)


_MISSING = (
    re.compile(r'Referenced column "(?P<name>.+?)" (?:was )?not found'),
    re.compile(r'Column "(?P<name>.+?)" in .* not found'),
    re.compile(r'does not have a column named "(?P<name>.+?)"'),
    re.compile(r"Column with name (?P<name>\S+?) does not exist"),
)


def explained(error: InvalidInput, columns: list[str]) -> InvalidInput:
    """An error of the engine without the names that only we know, and with suggestions."""
    for pattern in _MISSING:
        if match := pattern.search(error.message):
            return UnknownColumn(match["name"], columns)
    if ALIAS_PREFIX in error.message:
        return type(error)(re.sub(rf"{ALIAS_PREFIX}\d+", "table", error.message), hint=error.hint)
    return error
