"""CREATE VIEW and ALTER VIEW, and how the text of a definition gets its full names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from boathouse.catalog import Dependency, SecurableKind
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import ThreeLevelName, quote_part
from boathouse.session.sql.dialect import DatabricksSql
from boathouse.session.sql.functions import is_built_in
from boathouse.session.sql.namespace import Namespace
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.statements import CreateView, ViewColumn
from boathouse.session.sql.words import Words


def read_create_view(words: Words, *, replace: bool, temporary: bool) -> CreateView:
    """What comes after CREATE VIEW.

    Raises:
        SyntaxProblem: It is not well-formed.
    """
    if_not_exists = words.take("IF", "NOT", "EXISTS")
    if if_not_exists and replace:
        raise InvalidInput("OR REPLACE and IF NOT EXISTS contradict each other.")
    name = words.name("the name of a view")
    columns = _columns(words) if words.symbol("(") else ()
    comment, properties = None, dict[str, str]()
    while not words.take("AS"):
        if words.take("COMMENT"):
            comment = words.string("the comment as a string")
        elif words.take("TBLPROPERTIES"):
            properties = _properties(words)
        elif words.take("WITH", "SCHEMA"):
            _require_binding(words)
        else:
            raise words.problem("expected AS and a query")
    return CreateView(name, words.rest(), columns, comment, properties, replace, if_not_exists, temporary)


def _columns(words: Words) -> tuple[ViewColumn, ...]:
    columns: list[ViewColumn] = []
    while True:
        name = words.part("the name of a column")
        columns.append(ViewColumn(name, words.string("the comment as a string") if words.take("COMMENT") else None))
        if words.symbol(")"):
            return tuple(columns)
        words.expect_symbol(",")


def _properties(words: Words) -> dict[str, str]:
    words.expect_symbol("(")
    found: dict[str, str] = {}
    while True:
        key = words.option()
        while words.symbol("."):
            key += "." + words.option()
        words.symbol("=")
        found[key] = words.option()
        if words.symbol(")"):
            return found
        words.expect_symbol(",")


def _require_binding(words: Words) -> None:
    if not words.take("BINDING"):
        raise Unsupported("WITH SCHEMA of another kind than BINDING", hint="A view keeps the columns it was made with.")


@dataclass(frozen=True, slots=True)
class Definition:
    """A text whose names are full, and what it depends on."""

    text: str
    dependencies: tuple[Dependency, ...]
    temporary: tuple[str, ...] = ()
    """The session's own views among its names."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A definition as somebody has written it."""

    text: str
    tree: exp.Expr
    offset: int = 0
    """Characters before the text in what the tree was read from."""


def with_full_names(wording: Wording, namespace: Namespace, temporary: Mapping[str, object]) -> Definition:
    """The text with every name of a table or function in full. All else stays as it was written, comments too.

    Raises:
        InvalidInput: It has parameters, or a name that is computed.
    """
    if wording.tree.find(exp.Placeholder):
        raise InvalidInput("A definition has no parameters.", hint="Write the value itself.")
    finder = _Finder(namespace, temporary)
    finder.visit(wording.tree, frozenset())
    text = wording.text
    for start, end, full in sorted(finder.places, reverse=True):
        text = text[: start - wording.offset] + full + text[end + 1 - wording.offset :]
    return Definition(text.strip(), tuple(dict.fromkeys(finder.dependencies)), tuple(finder.own))


def in_full(name: ThreeLevelName) -> str:
    """The name as it is sure to be read again: words of the language stand in backticks too."""
    parts = (name.catalog, name.schema, name.name)
    return ".".join(f"`{part}`" if part.upper() in _WORDS else quote_part(part) for part in parts)


_WORDS = frozenset(str(word) for word in DatabricksSql.Tokenizer.KEYWORDS)


class _Finder:
    """Finds the places of names, with the scopes of common table expressions."""

    def __init__(self, namespace: Namespace, temporary: Mapping[str, object]) -> None:
        self._namespace = namespace
        self._temporary = temporary
        self.places: list[tuple[int, int, str]] = []
        self.dependencies: list[Dependency] = []
        self.own: list[str] = []

    def visit(self, node: exp.Expr, ctes: frozenset[str]) -> None:
        with_ = node.args.get("with_")
        for cte in with_.expressions if with_ else ():
            own = {cte.alias.lower()}  # WITH RECURSIVE names itself
            self.visit(cte, ctes | own if node.args["with_"].args.get("recursive") else ctes)
            ctes |= own
        for key, value in node.args.items():
            if key == "with_":
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, exp.Expr):
                    self._look_at(child, ctes)
                    self.visit(child, ctes)

    def _look_at(self, node: exp.Expr, ctes: frozenset[str]) -> None:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Anonymous):
            self._table_function(node, node.this)
        elif isinstance(node, exp.Table):
            self._table(node, ctes)
        elif isinstance(node, exp.Dot) and isinstance(node.expression, exp.Anonymous):
            names = [*_left_of(node), node.expression]
            self._function(names)
        elif isinstance(node, exp.Anonymous) and not _belongs_to_other(node) and self._may_be_ours(node):
            self._function([node])

    def _table(self, table: exp.Table, ctes: frozenset[str]) -> None:
        parts = [part for part in (table.args.get("catalog"), table.args.get("db"), table.this) if part is not None]
        if not all(isinstance(part, exp.Identifier) for part in parts):
            raise InvalidInput(f"{table.sql(dialect='databricks')} is not the name of a table.")
        names = [part.name for part in parts]
        if len(names) == 1 and names[0].lower() in ctes:
            return
        if len(names) == 1 and names[0].lower() in self._temporary:
            self.own.append(names[0].lower())
            return
        name = self._namespace.table(names)
        self._put(parts, in_full(name))
        self.dependencies.append(Dependency(SecurableKind.TABLE, str(name)))

    def _table_function(self, table: exp.Table, call: exp.Anonymous) -> None:
        parts = [part for part in (table.args.get("catalog"), table.args.get("db")) if part is not None]
        if call.name.lower() == "identifier" and not parts:
            raise InvalidInput("IDENTIFIER cannot stand in a definition.", hint="Write the name itself.")
        if parts or (self._namespace.schema is not None and not is_built_in(call.name)):
            self._function([*parts, call])

    def _function(self, nodes: Sequence[exp.Expr]) -> None:
        name = self._namespace.function([node.name for node in nodes])
        self._put(nodes, in_full(name))
        self.dependencies.append(Dependency(SecurableKind.FUNCTION, str(name)))

    def _may_be_ours(self, call: exp.Anonymous) -> bool:
        return self._namespace.schema is not None and not is_built_in(call.name)

    def _put(self, nodes: Sequence[exp.Expr], full: str) -> None:
        starts = [node.meta.get("start") for node in nodes]
        ends = [node.meta.get("end") for node in nodes]
        if None in starts or None in ends:
            written = ".".join(node.name for node in nodes)
            raise Unsupported(f"The name {written} in this place of a definition", hint=f"Write {full}.")
        self.places.append((min(map(int, starts)), max(map(int, ends)), full))  # pyright: ignore[reportArgumentType]


def _left_of(node: exp.Dot) -> list[exp.Expr]:
    left = node.this
    return [*_left_of(left), left.expression] if isinstance(left, exp.Dot) else [left]


def _belongs_to_other(node: exp.Expr) -> bool:
    """Whether the call is part of something that has been looked at as a whole."""
    return isinstance(node.parent, exp.Table) or (isinstance(node.parent, exp.Dot) and node.arg_key == "expression")
