"""Which governed tables a query reads: every table in the text becomes an alias that the engine knows, or is refused.

Names of common table expressions count only where SQL lets them count. No name of the text reaches the engine as a
table name, so nothing outside (a file, a variable of the caller, a system view of the engine) can be meant by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName, split_name
from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions import is_built_in
from boathouse.session.sql.generators import generator_name, lateral_join, rows_of
from boathouse.session.sql.instants import constant_instant
from boathouse.session.sql.namespace import Namespace
from boathouse.session.sql.parameters import Parameters
from boathouse.session.sql.problems import Unsupported

ALIAS_PREFIX = "__bh_"
_LARGEST_VERSION = 2**53


@dataclass(frozen=True, slots=True)
class TableReference:
    """A table as a query names it: now, at a version, or as of an instant."""

    name: TableName
    version: int | None = None
    timestamp: datetime | None = None
    via: str = ""
    """The view or function whose text names it; nothing when the statement itself does."""
    changes: tuple[int | datetime, int | datetime | None] | None = None
    """Not its rows, but what changed from one version or instant up to another; up to now without the second."""


@dataclass(frozen=True, slots=True)
class FilesReference:
    """A call of ``read_files``."""

    path: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of a function that somebody has created, or of none at all: only the law can tell."""

    node: exp.Expr
    """The whole call: ``f(1)``, ``dev.shop.f(1)``, or the table that it stands for."""
    parts: tuple[str, ...]
    arguments: tuple[exp.Expr, ...]


@dataclass(slots=True)
class Sources:
    """What a query reads, by the alias under which the engine will find it."""

    tables: dict[str, TableReference] = field(default_factory=dict[str, TableReference])
    files: dict[str, FilesReference] = field(default_factory=dict[str, FilesReference])
    calls: list[FunctionCall] = field(default_factory=list[FunctionCall])
    """Calls of functions that are not built in, the inner ones first."""

    def table_alias(self, reference: TableReference) -> str:
        known = next((alias for alias, other in self.tables.items() if other == reference), None)
        alias = known or self._new_alias()
        self.tables[alias] = reference
        return alias

    def files_alias(self, reference: FilesReference) -> str:
        known = next((alias for alias, other in self.files.items() if other == reference), None)
        alias = known or self._new_alias()
        self.files[alias] = reference
        return alias

    def _new_alias(self) -> str:
        return f"{ALIAS_PREFIX}{len(self.tables) + len(self.files)}"


def bind(tree: exp.Expr, namespace: Namespace, parameters: Parameters, scope: "Scope | None" = None) -> Sources:
    """Replace the tables of a query by aliases, in place; say what they stand for."""
    for identifier in tree.find_all(exp.Identifier):
        if str(identifier.this).lower().startswith(ALIAS_PREFIX):
            raise InvalidInput(f"Names that begin with {ALIAS_PREFIX} are reserved: {identifier.this}.")
    binder = _Binder(namespace, parameters, scope or Scope())
    binder.visit(tree, frozenset())
    binder.shorten_columns(tree)
    return binder.sources


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a text stands: that of a statement by itself, or behind a view or a function of one."""

    sources: Sources = field(default_factory=Sources)
    """What the whole statement reads; the text adds to it."""
    via: str = ""
    temporary: Mapping[str, str] = field(default_factory=dict[str, str])
    """The full names that stand for the session's own views, by their short ones."""


class _Binder:
    def __init__(self, namespace: Namespace, parameters: Parameters, scope: Scope) -> None:
        self._namespace = namespace
        self._parameters = parameters
        self._scope = scope
        self.sources = scope.sources
        self._short: dict[tuple[str, ...], str] = {}
        """How a column may spell its table (``prod.flights.weather``) and the one word that is left of it."""

    def visit(self, node: exp.Expr, ctes: frozenset[str]) -> None:
        """Bind every table below a node; ``ctes`` are the common table expressions in scope."""
        visible = self._with_ctes(node, ctes)
        for key, value in list(node.args.items()):
            if key == "with_":
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, exp.Expr):
                    self._visit_child(child, visible)

    def _visit_child(self, child: exp.Expr, ctes: frozenset[str]) -> None:
        if isinstance(child, exp.Table):
            for part in [*(child.args.get("joins") or []), *(child.args.get("laterals") or [])]:
                self.visit(part, ctes)
            self._bind_table(child, ctes)
        elif isinstance(child, exp.Lateral):
            self.visit(child, ctes)
            if not self._is_ours(child.this):
                _bind_lateral(child)
        else:
            self.visit(child, ctes)
            self._note_call(child)

    def _is_ours(self, call: exp.Expr) -> bool:
        """Whether a call to the side of a table is one of a function that somebody has created."""
        if isinstance(call, exp.Anonymous):
            return self._namespace.schema is not None and not is_built_in(call.name)
        return isinstance(call, exp.Dot)

    def _note_call(self, node: exp.Expr) -> None:
        """Remember a call whose meaning is not ours to know. A plain name may be built in: that is looked up first."""
        call, parts = node, list[str]()
        if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Anonymous):
            call, parts = node.expression, [part.name for part in _dotted(node.this)]
        elif not isinstance(node, exp.Anonymous) or (isinstance(node.parent, exp.Dot) and node.arg_key == "expression"):
            return
        parts.append(call.name)
        if len(parts) > 1 or not is_built_in(parts[0]):
            self.sources.calls.append(FunctionCall(node, tuple(parts), tuple(call.expressions)))

    def _with_ctes(self, node: exp.Expr, ctes: frozenset[str]) -> frozenset[str]:
        """Each common table expression sees those before it; the query sees them all."""
        with_ = node.args.get("with_")
        if with_ is None:
            return ctes
        for cte in with_.expressions:
            own = {cte.alias.lower()} if with_.args.get("recursive") else set[str]()
            self.visit(cte, ctes | own)
            ctes |= {cte.alias.lower()}
        return ctes

    def _bind_table(self, table: exp.Table, ctes: frozenset[str]) -> None:
        if isinstance(table.this, exp.Anonymous):
            self._bind_function(table)
            return
        parts = _parts(table)
        if len(parts) == 1 and parts[0].lower() in ctes:
            if table.args.get("version"):
                raise InvalidInput(f"{parts[0]} is part of this query; it has no versions.")
            return
        self._bind_governed(table, parts)

    def _bind_governed(self, table: exp.Table, parts: list[str]) -> None:
        version, timestamp = self._time_of(table)
        if parts and "@v" in parts[-1] and version is None and timestamp is None:
            name, _, number = parts[-1].rpartition("@v")
            if name and number.isdigit():
                parts, version = [*parts[:-1], name], int(number)
        reference = TableReference(self._table_named(parts), version, timestamp, self._scope.via)
        self._replace(table, self.sources.table_alias(reference), parts[-1])
        for count in range(1, 4):
            full = (reference.name.catalog, reference.name.schema, reference.name.name)
            self._short.setdefault(full[-count:], parts[-1])

    def _table_named(self, parts: list[str]) -> TableName:
        temporary = self._scope.temporary.get(parts[0].lower()) if len(parts) == 1 else None
        return TableName.parse(temporary) if temporary else self._namespace.table(parts)

    def _replace(self, table: exp.Table, source: str, default_alias: str) -> None:
        alias = table.args.get("alias")
        if alias is None or alias.this is None:
            columns = alias.args.get("columns") if alias else None
            alias = exp.TableAlias(this=exp.to_identifier(default_alias, quoted=True), columns=columns)
        table.set("this", exp.to_identifier(source, quoted=True))
        table.set("alias", alias)
        for part in ("db", "catalog", "version"):
            table.set(part, None)

    def _time_of(self, table: exp.Table) -> tuple[int | None, datetime | None]:
        version = table.args.get("version")
        if version is None:
            return None, None
        if str(version.args.get("kind")).upper() != "AS OF":
            raise Unsupported(
                f"{version.args.get('kind')} after a table", hint="Write VERSION AS OF or TIMESTAMP AS OF."
            )
        expression = version.expression
        if version.name.upper() == "TIMESTAMP":
            return None, constant_instant(expression, self._parameters)
        number = self._parameters.constant(expression)
        if isinstance(number, str) and number.isdigit():
            number = int(number)
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < _LARGEST_VERSION:
            raise InvalidInput(f"{number!r} is not a version of a table.", hint="Versions count from 0.")
        return number, None

    def _bind_function(self, table: exp.Table) -> None:
        call = table.this
        if table.args.get("db"):
            self._bind_call(table, call)
            return
        match str(call.this).lower():
            case "identifier":
                self._bind_identifier(table, call)
            case "read_files":
                self._bind_files(table, call)
            case "table_changes":
                self._bind_changes(table, call)
            case "range":
                self._check_plain(table, call, at_most=3)
                table.set("this", native(f"range({_holes(call)})", *call.expressions))
                _alias_columns(table, "range", "id")
            case name if generator_name(call):
                self._bind_generator(table, call, name)
            case other if self._namespace.schema is None or is_built_in(other):
                raise Unsupported(
                    f"The table function {other}",
                    hint="After FROM there may be a table, range(...), explode(...), posexplode(...), inline(...), "
                    "stack(...), json_tuple(...), read_files('/Volumes/...') or a function that returns a table.",
                )
            case _:
                self._bind_call(table, call)

    def _bind_generator(self, table: exp.Table, call: exp.Expr, name: str) -> None:
        for argument in call.expressions:
            self._visit_child(argument, frozenset())
        alias = table.args.get("alias") or exp.TableAlias()
        rows = rows_of(call, alias.args.get("columns") or [])
        rows.set("alias", exp.TableAlias(
            this=alias.this or exp.to_identifier(name, quoted=True), columns=alias.args.get("columns")
        ))  # fmt: skip
        for part in ("joins", "laterals"):
            rows.set(part, table.args.get(part))
        table.replace(rows)

    def _bind_changes(self, table: exp.Table, call: exp.Expr) -> None:
        """``table_changes('name', start[, end])``, from version to version or from instant to instant."""
        if not 2 <= len(call.expressions) <= 3:
            raise InvalidInput("table_changes takes a table's name, a start and an end that may be left out.")
        spelled = self._parameters.constant(call.expressions[0])
        if not isinstance(spelled, str):
            raise InvalidInput("table_changes takes the name of a table as its first argument, in quotes.")
        name = self._namespace.table(split_name(spelled))
        first, *last = (self._moment(argument) for argument in call.expressions[1:])
        reference = TableReference(name, via=self._scope.via, changes=(first, last[0] if last else None))
        self._replace(table, self.sources.table_alias(reference), name.name)

    def _moment(self, argument: exp.Expr) -> int | datetime:
        value = self._parameters.constant(argument)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST_VERSION:
            return value
        return constant_instant(argument, self._parameters)

    def _bind_call(self, table: exp.Table, call: exp.Expr) -> None:
        """A function that returns a table."""
        for argument in call.expressions:
            self._visit_child(argument, frozenset())
        parts = [part.name for part in (table.args.get("catalog"), table.args.get("db")) if part is not None]
        self.sources.calls.append(FunctionCall(table, (*parts, call.name), tuple(call.expressions)))

    def _check_plain(self, table: exp.Table, call: exp.Expr, at_most: int) -> None:
        if not 1 <= len(call.expressions) <= at_most or any(isinstance(a, exp.Kwarg) for a in call.expressions):
            raise InvalidInput(f"{call.this} takes 1 to {at_most} arguments.")
        for argument in call.expressions:
            self.visit(argument, frozenset())

    def _bind_identifier(self, table: exp.Table, call: exp.Expr) -> None:
        """``IDENTIFIER(:name)``: a name that comes as text is still only a name."""
        if len(call.expressions) != 1:
            raise InvalidInput("IDENTIFIER takes one text.")
        text = self._parameters.constant(call.expressions[0])
        if not isinstance(text, str):
            raise InvalidInput(f"IDENTIFIER takes a text, not {text!r}.")
        self._bind_governed(table, split_name(text))

    def _bind_files(self, table: exp.Table, call: exp.Expr) -> None:
        path, options = None, dict[str, str]()
        for argument in call.expressions:
            if isinstance(argument, exp.Kwarg):
                options[argument.name.lower()] = _option_text(self._parameters.constant(argument.expression))
            elif path is None:
                path = self._parameters.constant(argument)
            else:
                raise InvalidInput("read_files takes one path.", hint="Then name => value for each option.")
        if not isinstance(path, str):
            raise InvalidInput(
                "read_files takes a path as its first argument.", hint="read_files('/Volumes/c/s/v/a.csv')"
            )
        reference = FilesReference(path, tuple(sorted(options.items())))
        self._replace(table, self.sources.files_alias(reference), "read_files")

    def shorten_columns(self, tree: exp.Expr) -> None:
        """``prod.flights.weather.origin`` becomes ``weather.origin``, since the table has only that name now."""
        for column in tree.find_all(exp.Column):
            parts = [str(part.this).lower() for part in column.parts[:-1]]
            if len(parts) < 2:
                continue
            short = self._short.get(tuple(parts))
            if short is None:
                continue  # the fields of a struct look the same; the engine will tell
            column.set("table", exp.to_identifier(short, quoted=True))
            column.set("db", None)
            column.set("catalog", None)


def _dotted(node: exp.Expr) -> list[exp.Expr]:
    """The names left of a call: ``dev.shop`` of ``dev.shop.f(1)``."""
    return [*_dotted(node.this), node.expression] if isinstance(node, exp.Dot) else [node]


def _parts(table: exp.Table) -> list[str]:
    parts = [table.args.get("catalog"), table.args.get("db"), table.this]
    names: list[str] = []
    for part in parts:
        if part is None:
            continue
        if not isinstance(part, exp.Identifier):
            raise InvalidInput(f"{part.sql(dialect='databricks')} is not the name of a table.")
        names.append(str(part.this))
    return names


def _holes(call: exp.Expr) -> str:
    return ", ".join(f"{{{index}}}" for index in range(len(call.expressions)))


def _alias_columns(table: exp.Table, default_alias: str, default_column: str) -> None:
    alias = table.args.get("alias") or exp.TableAlias()
    if alias.this is None:
        alias.set("this", exp.to_identifier(default_alias, quoted=True))
    if not alias.args.get("columns"):
        alias.set("columns", [exp.to_identifier(default_column, quoted=True)])
    table.set("alias", alias)


def _bind_lateral(lateral: exp.Lateral) -> None:
    """``LATERAL VIEW [OUTER] explode(x) t AS y`` and its kin; a subquery may stand to the side of a table as it is."""
    call = lateral.this
    if isinstance(call, exp.Subquery | exp.Select):
        return
    if generator_name(call) is None:
        name = str(call.this) if isinstance(call, exp.Anonymous) else call.key.upper()
        raise Unsupported(
            f"LATERAL {name}", hint="LATERAL VIEW takes explode, posexplode, inline, stack and json_tuple."
        )
    join, owner = lateral_join(lateral), lateral.parent
    assert owner is not None
    if isinstance(owner, exp.Join):
        owner.set("this", join.this)  # as it was written: LEFT JOIN LATERAL explode(x) ... ON true
        return
    laterals = [other for other in owner.args.get("laterals") or [] if other is not lateral]
    owner.set("laterals", laterals or None)
    owner.append("joins", join)


def _option_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
