"""Putting in what views and functions stand for, before a query goes to the engine.

What a view reads becomes a common table expression in front of the query: nothing of the query is in sight there, and a
view that is read twice is written once. A call of an SQL function becomes an expression or a query in its place; one of
a Python function stays a call. Tables behind a definition were resolved by the law with its owner's rights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlglot import exp

from boathouse.catalog import Behind, Column, Dependency, Function, Language, LineageEdge, LineageNode, NodeKind, Table
from boathouse.catalog.definitions import THROUGH
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import FunctionName, TableName
from boathouse.session.running.access import Access
from boathouse.session.running.temporary import TEMPORARY
from boathouse.session.sql.binding import ALIAS_PREFIX, FunctionCall, Scope, Sources, bind
from boathouse.session.sql.casts import engine_type
from boathouse.session.sql.dialect import native
from boathouse.session.sql.inlining import arguments_of, declared, inlined_rows, inlined_value, type_of
from boathouse.session.sql.namespace import Namespace
from boathouse.session.sql.parameters import Parameters
from boathouse.session.sql.reading import read_query
from boathouse.session.sql.translate import name_columns
from boathouse.session.system_tables import is_system

Found = TypeVar("Found", Table, Function)

_NAMESPACE, _NO_PARAMETERS = Namespace(), Parameters()
"""Definitions hold full names and no parameters."""


@dataclass(slots=True)
class Opening:
    """What views and functions have added to one query."""

    access: Access
    sources: Sources
    known: dict[str, Table] = field(default_factory=dict[str, Table])
    """Tables behind definitions, by alias: resolved already."""
    through: dict[str, LineageNode] = field(default_factory=dict[str, LineageNode])
    """The view or function that reads a table, by the table's alias."""
    python: dict[str, Function] = field(default_factory=dict[str, Function])
    """Python functions, by the name under which the engine calls them."""
    _views: dict[str, exp.CTE] = field(default_factory=dict[str, exp.CTE])
    _temporary: dict[str, exp.CTE] = field(default_factory=dict[str, exp.CTE])
    _called: set[LineageNode] = field(default_factory=set[LineageNode])
    """The functions that the statement itself calls."""
    _inner_calls: dict[tuple[LineageNode, LineageNode], None] = field(
        default_factory=dict[tuple[LineageNode, LineageNode], None]
    )
    """A function, and the view or function that calls it."""

    def open_functions(self, tree: exp.Expr) -> None:
        """Replace the calls that were noted while the query was bound.

        Raises:
            NotFound, Denied: There is no such function, or the principal may not execute it.
        """
        calls = self.sources.calls
        if not calls:
            return
        functions = self._resolved(calls)
        for call in calls:
            function = functions.get(call.parts)
            if function is not None:
                self._called.add(_node_of(function))
                self._replace(call, function)

    def open_temporary(self, tree: exp.Expr) -> None:
        """Bind the session's own views that the query reads, and those that these read: all as whoever asks."""
        for alias in self.own_views:
            self._open_temporary(alias, ())
        _put_in_front(tree, self._temporary)

    def _open_temporary(self, alias: str, path: tuple[str, ...]) -> None:
        if alias in self._temporary:
            return
        reference = self.sources.tables[alias]
        name = reference.name.name
        if name in path:
            raise InvalidInput(f"The temporary view {name} leads back to itself.")
        if reference.version is not None or reference.timestamp is not None:
            raise InvalidInput(f"{name} is a view; it has no versions.", hint="Read its tables at a version.")
        view, tree = self.access.temporary[name], read_query(self.access.temporary[name].text)
        calls, self.sources.calls = self.sources.calls, []
        name_columns(tree)
        bind(tree, _NAMESPACE, _NO_PARAMETERS, Scope(self.sources, temporary=self.access.temporary_names))
        self.open_functions(tree)
        self.sources.calls = calls
        for inner in [table.name for table in tree.find_all(exp.Table) if table.name in self.own_views]:
            self._open_temporary(inner, (*path, name))
        columns = [exp.to_identifier(column, quoted=True) for column in view.columns] or None
        alias_of_rows = exp.TableAlias(this=exp.to_identifier("__view", quoted=True), columns=columns)
        rows = exp.Subquery(this=tree, alias=alias_of_rows)
        self._temporary[alias] = _named(alias, exp.Select(expressions=[exp.Star()], from_=exp.From(this=rows)))

    @property
    def own_views(self) -> list[str]:
        """The aliases that stand for views of the session."""
        return [alias for alias, reference in self.sources.tables.items() if reference.name.catalog == TEMPORARY]

    def open_views(self, tree: exp.Expr, tables: dict[str, Table]) -> None:
        """Put what the views among the tables read in front of the query.

        Raises:
            InvalidInput: A view is read at a version.
        """
        before = set(self._views)
        for alias, table in tables.items():
            self._open_view(alias, table)
        _put_in_front(tree, {alias: cte for alias, cte in self._views.items() if alias not in before})

    def trace(self, nodes: dict[str, LineageNode]) -> None:
        """Note what was read behind views and functions, at which version; among what the query itself reads a function
        then stands for its tables, and what is behind a view does not count."""
        edges = self.access.trace.through
        for alias, reader in self.through.items():
            edges.append(LineageEdge(nodes.pop(alias), reader, THROUGH))
            if reader in self._called:
                nodes[alias] = reader
        edges += [LineageEdge(function, reader, THROUGH) for function, reader in self._inner_calls]

    def _resolved(self, calls: list[FunctionCall]) -> dict[tuple[str, ...], Function]:
        """The functions by the names in the text. A plain name that nobody has given is left for the reader of
        built-in functions to explain."""
        law, who, statement = self.access.law, self.access.principal, self.access.statement
        full = {each.parts for each in calls if len(each.parts) > 1}
        names = {parts: self.access.namespace.function(parts) for parts in full}
        drafts = {name: draft for name in names.values() if (draft := self.access.drafts.get(str(name)))}
        wanted = [name for name in dict.fromkeys(names.values()) if name not in drafts]
        found = drafts | dict(zip(wanted, law.resolve_functions(who, wanted, statement), strict=True) if wanted else ())
        resolved: dict[tuple[str, ...], Function] = {parts: found[name] for parts, name in names.items()}
        if self.access.namespace.schema is not None:
            for parts in {each.parts for each in calls} - full:
                name = self.access.namespace.function(parts)
                try:
                    (resolved[parts],) = law.resolve_functions(who, [name], statement)
                except NotFound as error:
                    if not error.message.startswith(f"Function {name} was not found"):
                        raise  # it is there, and something behind it is not
        return resolved

    def _replace(self, call: FunctionCall, function: Function) -> None:
        if function.language is Language.FEATURE_SPEC:
            raise InvalidInput(
                f"{function.full_name} is a feature spec; a statement cannot call it.",
                hint="Give its name to create_training_set(feature_spec=...).",
            )
        defaults = {each.name: _expression(each.default) for each in function.parameters if each.default is not None}
        arguments = arguments_of(function, _current(call), defaults)
        if isinstance(call.node, exp.Table) or isinstance(call.node.parent, exp.Lateral):
            self._replace_rows(call.node, function, arguments)
            return
        if function.returns_rows:
            raise InvalidInput(
                f"Function {function.full_name} returns a table.", hint=f"Write FROM {function.full_name}(...)."
            )
        if function.language is Language.PYTHON:
            call.node.replace(self._python_call(function, arguments))
            return
        call.node.replace(inlined_value(function, self._body(function), arguments))

    def _replace_rows(self, node: exp.Expr, function: Function, arguments: list[exp.Expr]) -> None:
        if not function.returns_rows:
            raise InvalidInput(f"Function {function.full_name} returns a value, not a table.", hint="Write SELECT f().")
        body = self._fenced(self._body(function), function.securable.owner)
        query = exp.Subquery(this=inlined_rows(function, body, arguments))
        if not isinstance(node, exp.Table):
            node.replace(query)
            return
        alias = node.args.get("alias") or exp.TableAlias()
        if alias.this is None:
            alias.set("this", exp.to_identifier(function.full_name.rpartition(".")[2], quoted=True))
        query.set("alias", alias)
        node.replace(query)

    def _python_call(self, function: Function, arguments: list[exp.Expr]) -> exp.Expr:
        known = next((name for name, other in self.python.items() if other == function), None)
        name = known or f"{ALIAS_PREFIX}py_{len(self.python)}"
        self.python[name] = function
        holes = ", ".join(f"{{{position}}}" for position in range(len(arguments))) or "0"
        return declared(native(f'"{name}"({holes})', *arguments), function.returns)

    def _body(self, function: Function) -> exp.Expr:
        text = function.body if function.is_query else f"SELECT {function.body}\n"
        node = _node_of(function)
        tree = self._bound(text, node, function.behind or Behind())
        _require_columns(node, tree, function.dependencies, function.behind or Behind())
        if function.is_query:
            return tree
        value = tree.expressions[0].unalias()
        if isinstance(value, exp.Subquery):
            value.set("alias", None)  # the name of the column, which a subquery keeps itself
        return value

    def _bound(self, text: str, reader: LineageNode, behind: Behind) -> exp.Expr:
        """A definition's text with its tables bound and everything behind it opened."""
        tree = read_query(text)
        before, calls = set(self.sources.tables), self.sources.calls
        name_columns(tree)
        self.sources.calls = []
        via = f"{reader.kind.value} {reader.name}"
        bind(tree, _NAMESPACE, _NO_PARAMETERS, Scope(self.sources, via))
        inner, self.sources.calls = self.sources.calls, calls
        functions = {FunctionName.parse(each.full_name): each for each in behind.functions}
        for call in inner:
            if len(call.parts) > 1:
                function = _behind_of(functions, FunctionName(*call.parts), reader)
                self._inner_calls[_node_of(function), reader] = None
                self._replace(call, function)
        self._know(set(self.sources.tables) - before, reader, behind)
        return tree

    def _know(self, aliases: set[str], reader: LineageNode, behind: Behind) -> None:
        tables = {TableName.parse(each.securable.full_name): each for each in behind.tables}
        for alias in sorted(aliases):
            reference = self.sources.tables[alias]
            if alias in self.known or reference.via != f"{reader.kind.value} {reader.name}":
                continue
            if is_system(reference.name):
                continue  # asked for as whoever reads
            self.known[alias] = _behind_of(tables, reference.name, reader)
            self.through[alias] = reader
            self._open_view(alias, self.known[alias])

    def _open_view(self, alias: str, table: Table) -> None:
        view, reference = table.view, self.sources.tables[alias]
        if view is None or alias in self._views:
            return
        if reference.version is not None or reference.timestamp is not None:
            raise InvalidInput(f"{reference.name} is a view; it has no versions.", hint="Read its tables at a version.")
        name = str(reference.name)
        reader = LineageNode(NodeKind.TABLE, name)
        body = self._bound(view.text, reader, view.behind or Behind())
        _require_columns(reader, body, view.dependencies, view.behind or Behind())
        body = self._fenced(body, table.securable.owner)
        rows = exp.Subquery(this=body, alias=exp.TableAlias(this=exp.to_identifier("__view", quoted=True)))
        shown = [
            exp.Alias(this=_as_declared(name, source, column), alias=exp.to_identifier(column.name, quoted=True))
            for source, column in zip(view.query_columns, table.columns, strict=True)
        ]
        self._views[alias] = _named(alias, exp.Select(expressions=shown, from_=exp.From(this=rows)))

    def _fenced(self, body: exp.Expr, owner: str) -> exp.Expr:
        """The rows of a definition, which nothing of the reader's is computed before.

        The engine would move a reader's condition in front of a join of the view, and an error that the condition
        raises could tell of rows that the view does not show. It moves nothing across a value that changes by itself.
        """
        if owner == self.access.principal.name or not _leaves_rows_out(body):
            return body
        rows = exp.Subquery(this=body, alias=exp.TableAlias(this=exp.to_identifier("__fenced", quoted=True)))
        fence = exp.Alias(this=native("random()"), alias=exp.to_identifier("__fence", quoted=True))
        return exp.Select(expressions=[exp.Star(), fence], from_=exp.From(this=rows))


def _leaves_rows_out(body: exp.Expr) -> bool:
    return body.find(exp.Where, exp.Join, exp.Having, exp.Qualify, exp.Except, exp.Intersect, exp.Limit) is not None


def _put_in_front(tree: exp.Expr, ctes: Mapping[str, exp.CTE]) -> None:
    if ctes:
        with_ = tree.args.get("with_")
        own = list(with_.expressions) if with_ is not None else []
        tree.set("with_", exp.With(expressions=[*ctes.values(), *own]))


def _node_of(function: Function) -> LineageNode:
    return LineageNode(NodeKind.FUNCTION, function.full_name)


def _named(alias: str, query: exp.Expr) -> exp.CTE:
    return exp.CTE(this=query, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))


def _expression(text: str) -> exp.Expr:
    return read_query(f"SELECT {text}\n").expressions[0].unalias()


def _current(call: FunctionCall) -> list[exp.Expr]:
    """The arguments of a call now: inner calls have been replaced meanwhile."""
    node = call.node
    inner = node.this if isinstance(node, exp.Table) else node.expression if isinstance(node, exp.Dot) else node
    return list(inner.expressions)


def _behind_of(known: Mapping[Any, Found], name: object, reader: LineageNode) -> Found:
    """What the law has resolved for a definition; its text names nothing else, or it was not made by us."""
    if name not in known:
        raise InvalidInput(
            f"The {_spelled(reader)} names {name}, which is not among what it depends on.", hint="Create it again."
        )
    return known[name]


def _require_columns(reader: LineageNode, body: exp.Expr, dependencies: Sequence[Dependency], behind: Behind) -> None:
    """A column that has gone is named, before a column of the same name from somewhere else could take its place.

    Raises:
        InvalidInput: The text names a column that its table had when the definition was made, and has no more.
    """
    now = {each.securable.full_name: {column.name.lower() for column in each.columns} for each in behind.tables}
    named = {identifier.name.lower() for identifier in body.find_all(exp.Identifier)}
    for dependency in dependencies:
        there = now.get(dependency.full_name)
        for column in dependency.columns if there is not None else ():
            if column.lower() not in (there or ()) and column.lower() in named:
                raise InvalidInput(
                    f"The {_spelled(reader)} reads column {column} of {dependency.full_name}, which is not there any "
                    "more.",
                    hint=f"Bring the column back, or change the {_spelled(reader).partition(' ')[0]}.",
                )


def _as_declared(view: str, source: str, column: Column) -> exp.Expr:
    """A column of a view, of the type it had when the view was made; a narrower number is welcome."""
    kind = engine_type(type_of(column.type_text))
    welcome = _WELCOME.get(kind.partition("(")[0])
    value = exp.column(source, "__view", quoted=True)
    if welcome is None:
        return native(f"CAST({{0}} AS {kind.replace('{', '{{').replace('}', '}}')})", value)
    message = f"The column {column.name} of view {view} was {column.type_text.upper()} when the view was made, and is "
    escaped = message.replace("'", "''").replace("{", "{{").replace("}", "}}")
    tests = " OR ".join(f"typeof({{0}}) LIKE '{each}'" for each in welcome)
    return native(f"CASE WHEN {tests} THEN CAST({{0}} AS {kind}) ELSE error('{escaped}' || typeof({{0}})) END", value)


_INTEGERS = ("%INT", "INTEGER")
_WELCOME = {
    "BOOLEAN": ("BOOLEAN",),
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT"), _INTEGERS),
    "DECIMAL": (*_INTEGERS, "DECIMAL(%"),
    **dict.fromkeys(("REAL", "FLOAT", "DOUBLE"), (*_INTEGERS, "DECIMAL(%", "FLOAT", "DOUBLE")),
    "VARCHAR": ("VARCHAR", '"NULL"'),
    "BLOB": ("BLOB",),
    "DATE": ("DATE",),
    "TIMESTAMP": ("TIMESTAMP", "DATE"),
    "TIMESTAMPTZ": ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "DATE"),
}
"""The engine's types that a column of a view may have now, by the one it had. Nested ones are cast."""


def _spelled(reader: LineageNode) -> str:
    return f"{'view' if reader.kind is NodeKind.TABLE else reader.kind.value} {reader.name}"
