# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""``ai_query``: in the list of a SELECT the query runs without it, and a higher room gives the columns; anywhere else
it becomes a function of the engine.

Models are above this room. What answers for them is an entry point of the group ``boathouse.sql``, so that this room
need not know of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.engine import ArrowFunction
from boathouse.session.result import Result
from boathouse.session.sql.dialect import databricks_sql, native
from boathouse.session.sql.inlining import declared

if TYPE_CHECKING:
    from boathouse.session.session import Session

AI_QUERY = "ai_query"
GROUP = "boathouse.sql"
_HIDDEN = "__ai_"
_RETURN_TYPE = "returntype"
_NO_INPUTS = frozenset({"failonerror", "modelparameters", "responseformat", "files"})
_HOW = "Write ai_query('endpoint', struct(a, b)), or ai_query('endpoint', a => a, b => b)."


@dataclass(frozen=True, slots=True)
class AskedCall:
    """A call of a model."""

    endpoint: str
    inputs: tuple[str, ...]
    """Their names; one without a name is a struct, or the only input."""
    return_type: str | None = None


@dataclass(frozen=True, slots=True)
class AskedColumn:
    """A column that a model gives."""

    name: str
    endpoint: str
    inputs: tuple[tuple[str, str], ...]
    """For each input of the model the hidden column of the query with its values; without a name for a struct, or for
    the only input."""
    return_type: str | None = None


@dataclass(frozen=True, slots=True)
class QueryWithModels:
    """A query without its calls of models, and what becomes of its columns."""

    tree: exp.Expr
    """With hidden columns for the inputs of models."""
    columns: tuple[str | AskedColumn, ...]
    """Those of the answer: names of the query's own, and of models."""


@dataclass(frozen=True, slots=True)
class AskedFunctions:
    """Models that answer while a statement runs, as functions of the engine."""

    tree: exp.Expr
    """The query, with calls of these functions in the place of those of models."""
    functions: Mapping[str, ArrowFunction]
    close: Callable[[], None]


class AnswersQueries(Protocol):
    """What the entry point is."""

    def columns(
        self, session: "Session", query: QueryWithModels, text: str, parameters: Mapping[str, Any] | None
    ) -> Result:
        """The rows of a query in whose list models stand: they get large blocks of rows."""
        ...

    def functions(self, session: "Session", tree: exp.Expr) -> AskedFunctions:
        """The models of a query in which they stand anywhere; they have to be closed when the statement has run."""
        ...


def asks_models(tree: exp.Expr) -> bool:
    """Whether a query asks a model anywhere."""
    return any(True for _ in calls_of(tree))


def answers_here() -> AnswersQueries:
    """Who answers in this process.

    Raises:
        InvalidInput: Nobody.
    """
    found = next(iter(entry_points(group=GROUP, name=AI_QUERY)), None)
    if found is None:
        raise InvalidInput("There is no model behind ai_query here.")
    return found.load()


def stand_in_the_list(tree: exp.Expr) -> bool:
    """Whether models are asked in the list of a plain SELECT, and nowhere else."""
    if not isinstance(tree, exp.Select) or tree.args.get("distinct") or tree.args.get("group"):
        return False
    listed = [each for each in tree.expressions if is_call(each.unalias())]
    names = {each.alias.lower() for each in listed if isinstance(each, exp.Alias)}
    order = tree.args.get("order")
    keys = [key.this for key in order.expressions] if order is not None else []
    stars = [each for each in tree.expressions if each.is_star]
    return (
        len(listed) == len(list(calls_of(tree)))
        and len(stars) <= 1
        and not any(isinstance(key, exp.Literal) for key in keys)
        and not names & {column.name.lower() for key in keys for column in key.find_all(exp.Column)}
    )


def without_models(tree: exp.Expr) -> QueryWithModels:
    """A query of which :func:`stand_in_the_list` is true, taken apart.

    Raises:
        InvalidInput: A call is not well-formed.
    """
    tree = tree.copy()
    listed: list[exp.Expr] = []
    columns: list[str | AskedColumn] = []
    for place, each in enumerate(tree.expressions):
        call = each.unalias()
        if is_call(call):
            name = each.alias if isinstance(each, exp.Alias) else f"{AI_QUERY}_{place}" if place else AI_QUERY
            column, hidden = _asked(call, name, place)
            columns.append(column)
            listed += hidden
        elif each.is_star:
            columns.append("*")
            listed.append(each)
        else:
            columns.append(each.alias_or_name or f"_c{place}")
            listed.append(each if each.alias_or_name else exp.alias_(each, f"_c{place}", quoted=True))
    tree.set("expressions", listed)
    return QueryWithModels(tree, tuple(columns))


def with_functions(tree: exp.Expr, known: Callable[[AskedCall], tuple[str, str]]) -> exp.Expr:
    """A query with a call of an engine's function in the place of each call of a model.

    Args:
        known: Gives the function's name and the SQL type of its values.

    Raises:
        InvalidInput: A call is not well-formed.
    """
    tree = tree.copy()
    for select in list(tree.find_all(exp.Select)):
        _name_columns(select)
    while (call := next(calls_of(tree), None)) is not None:
        asked, values = read_call(call)
        name, kind = known(asked)
        fields = [f"{_engine_name(field)} := {{{place}}}" for place, field in enumerate(asked.inputs)]
        argument = "{0}" if asked.inputs == ("",) else f"struct_pack({', '.join(fields)})"
        call.replace(declared(native(f'"{name}"({argument})', *values), kind))
    return tree


def _name_columns(select: exp.Select) -> None:
    """A column without a name is called as the text has it, not as the engine's text will."""
    for place, each in enumerate(select.expressions):
        if not isinstance(each, exp.Alias) and asks_models(each):
            plain = f"{AI_QUERY}_{place}" if place else AI_QUERY
            each.replace(exp.alias_(each.copy(), plain if is_call(each) else databricks_sql(each), quoted=True))


def _engine_name(field: str) -> str:
    name = field.replace('"', '""').replace("{", "{{").replace("}", "}}")
    return f'"{name}"'


def read_call(call: exp.Expr) -> tuple[AskedCall, list[exp.Expr]]:
    """What a call asks, and the values of its inputs.

    Raises:
        InvalidInput: It is not well-formed.
    """
    endpoint, *rest = call.expressions or [None]
    if not isinstance(endpoint, exp.Literal) or not endpoint.is_string:
        raise InvalidInput("ai_query names its endpoint by a text.", hint=_HOW)
    inputs: list[tuple[str, exp.Expr]] = []
    return_type: str | None = None
    for argument in rest:
        if not isinstance(argument, exp.Kwarg):
            inputs += _fields(argument)
        elif argument.this.name.lower() == "request":
            inputs += _fields(argument.expression)
        elif argument.this.name.lower() == _RETURN_TYPE:
            return_type = argument.expression.name
        elif argument.this.name.lower() in _NO_INPUTS:
            raise InvalidInput(f"ai_query has no {argument.this.name} here.", hint=_HOW)
        else:
            inputs.append((argument.this.name, argument.expression))
    if not inputs:
        raise InvalidInput("ai_query gives the model nothing to answer.", hint=_HOW)
    if len(inputs) > 1 and not all(name for name, _ in inputs):
        raise InvalidInput("ai_query takes one value, or named ones.", hint=_HOW)
    return AskedCall(endpoint.name, tuple(name for name, _ in inputs), return_type), [value for _, value in inputs]


def _asked(call: exp.Expr, name: str, place: int) -> tuple[AskedColumn, list[exp.Expr]]:
    asked, values = read_call(call)
    hidden = [exp.alias_(value, f"{_HIDDEN}{place}_{n}", quoted=True) for n, value in enumerate(values)]
    named = tuple((each, f"{_HIDDEN}{place}_{n}") for n, each in enumerate(asked.inputs))
    return AskedColumn(name, asked.endpoint, named, asked.return_type), hidden


def _fields(value: exp.Expr) -> list[tuple[str, exp.Expr]]:
    """Names and values of a struct that is written out; anything else is one value without a name."""
    if isinstance(value, exp.Anonymous) and value.name.lower() == "named_struct":
        pairs = list(value.expressions)
        return [(name.name, each) for name, each in zip(pairs[::2], pairs[1::2], strict=False)]
    if isinstance(value, exp.Anonymous) and value.name.lower() == "struct":
        if any(not each.alias_or_name for each in value.expressions):
            raise InvalidInput("Each field of the struct needs a name.", hint="Write struct(a + 1 AS a, b).")
        return [(each.alias_or_name, each.unalias()) for each in value.expressions]
    return [("", value)]


def is_call(node: exp.Expr) -> bool:
    """Whether this is a call of a model."""
    return isinstance(node, exp.Anonymous) and node.name.lower() == AI_QUERY


def calls_of(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The calls of models, the outer ones first."""
    return (node for node in tree.find_all(exp.Anonymous) if is_call(node))


class KeptOpen:
    """Rows for which models have to stay loaded. Implements :class:`boathouse.lake.engine.Rows`."""

    def __init__(self, rows: Result, close: Callable[[], None]) -> None:
        self._rows = rows
        self._close = close

    @property
    def schema(self) -> pa.Schema:
        return self._rows.schema

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def arrow(self) -> pa.Table:
        return self.reader().read_all()

    def relation(self) -> Any:
        raise InvalidInput("A query with ai_query gives no relation.", hint="Take its rows with arrow(), pl() or df().")

    def close(self) -> None:
        self._close()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._rows.batches()
        finally:
            self.close()
