"""``ai_query`` in the list of a SELECT: the query runs without it, and a higher room gives the columns.

Models are above this room. What answers for them is an entry point of the group ``boathouse.sql``, so that this room
need not know of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.result import Result

if TYPE_CHECKING:
    from boathouse.session.session import Session

AI_QUERY = "ai_query"
GROUP = "boathouse.sql"
_HIDDEN = "__ai_"
_RETURN_TYPE = "returntype"
_NO_INPUTS = frozenset({"failonerror", "modelparameters", "responseformat", "files"})
_HOW = "Write SELECT ..., ai_query('endpoint', struct(a, b)) AS p FROM t."


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


class AnswersQueries(Protocol):
    """What the entry point is."""

    def __call__(
        self, session: "Session", query: QueryWithModels, text: str, parameters: Mapping[str, Any] | None
    ) -> Result: ...


def asks_models(tree: exp.Expr) -> bool:
    """Whether a query asks a model anywhere."""
    return any(True for _ in _calls(tree))


def answer(
    session: "Session", tree: exp.Expr, text: str, parameters: Mapping[str, Any] | None
) -> Result:  # fmt: skip
    """The rows of a query that asks models.

    Raises:
        InvalidInput: It asks them somewhere else than in the list of its SELECT.
    """
    found = next(iter(entry_points(group=GROUP, name=AI_QUERY)), None)
    if found is None:
        raise InvalidInput("There is no model behind ai_query here.")
    answers: AnswersQueries = found.load()
    return answers(session, without_models(tree), text, parameters)


def without_models(tree: exp.Expr) -> QueryWithModels:
    """A query taken apart.

    Raises:
        InvalidInput: It asks models somewhere else than in the list of its SELECT.
    """
    tree = tree.copy()
    if not isinstance(tree, exp.Select) or tree.args.get("distinct") or tree.args.get("group"):
        raise InvalidInput("ai_query stands in the list of a plain SELECT.", hint=_HOW)
    listed: list[exp.Expr] = []
    columns: list[str | AskedColumn] = []
    for place, each in enumerate(tree.expressions):
        call = each.unalias()
        if _is_call(call):
            name = each.alias if isinstance(each, exp.Alias) else f"{AI_QUERY}_{place}" if place else AI_QUERY
            column, hidden = _asked(call, name, place)
            columns.append(column)
            listed += hidden
        elif isinstance(each, exp.Star) or (isinstance(each, exp.Column) and isinstance(each.this, exp.Star)):
            columns.append("*")
            listed.append(each)
        else:
            columns.append(each.alias_or_name or f"_c{place}")
            listed.append(each if each.alias_or_name else exp.alias_(each, f"_c{place}", quoted=True))
    asked = {each.name.lower() for each in columns if isinstance(each, AskedColumn)}
    order = tree.args.get("order")
    if order is not None and any(
        (isinstance(key.this, exp.Column) and key.this.name.lower() in asked) or isinstance(key.this, exp.Literal)
        for key in order.expressions
    ):
        raise InvalidInput("Rows cannot be sorted by what a model says in the same query.", hint=_HOW)
    tree.set("expressions", listed)
    if asks_models(tree):
        raise InvalidInput("ai_query stands in the list of a SELECT by itself, not within something else.", hint=_HOW)
    return QueryWithModels(tree, tuple(columns))


def _asked(call: exp.Expr, name: str, place: int) -> tuple[AskedColumn, list[exp.Expr]]:
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
    hidden = [exp.alias_(value, f"{_HIDDEN}{place}_{n}", quoted=True) for n, (_, value) in enumerate(inputs)]
    named = tuple((each, f"{_HIDDEN}{place}_{n}") for n, (each, _) in enumerate(inputs))
    return AskedColumn(name, endpoint.name, named, return_type), hidden


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


def _is_call(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == AI_QUERY


def _calls(tree: exp.Expr) -> Iterator[exp.Expr]:
    return (node for node in tree.find_all(exp.Anonymous) if _is_call(node))
