"""Databricks' meaning in DuckDB's words: every node whose meaning differs is replaced, from the leaves up.

Runs after :mod:`guard` and :mod:`binding`: it meets only kinds of nodes that are on the list, and bound tables.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.casts import cast
from boathouse.session.sql.dialect import Native, databricks_sql, native
from boathouse.session.sql.functions import FunctionKind, function_named, part_of
from boathouse.session.sql.problems import Unsupported

Handler = Callable[["Translator", exp.Expr], exp.Expr]

_DAY_UNITS = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})
_INTERVAL_UNITS = _DAY_UNITS | {"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR"}
_INTERVAL_TEXT = re.compile(r"\s*([+-]?\d+(?:\.\d+)?\s+[a-zA-Z]+\s*)+")
_KEEPING_NULLS_OUT = ("collect_list", "array_agg", "collect_set")


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What functions without arguments answer."""

    user: str
    catalog: str | None = None
    schema: str | None = None


def translate(tree: exp.Expr, facts: SessionFacts) -> exp.Expr:
    """The query as DuckDB shall understand it. The tree is changed in place; use what is returned."""
    name_columns(tree)
    return Translator(facts).run(tree)


def name_columns(tree: exp.Expr) -> None:
    """Name computed columns as people wrote them, so that our way of computing them does not show."""
    for select in tree.find_all(exp.Select):
        for item in list(select.expressions):
            if isinstance(item, exp.Column | exp.Star | exp.Alias | exp.Dot) or _is_explode(item):
                continue
            written = databricks_sql(item)
            item.replace(exp.alias_(item.copy(), exp.to_identifier(written[:255], quoted=True)))


class Translator:
    """Walks a tree once; ``_HANDLERS`` says what becomes of a node."""

    def __init__(self, facts: SessionFacts) -> None:
        self.facts = facts

    def run(self, tree: exp.Expr) -> exp.Expr:
        root = tree
        for node in reversed(list(tree.walk(bfs=False))):
            handler = _HANDLERS.get(type(node))
            if handler is None:
                continue
            replacement = handler(self, node)
            if replacement is node:
                continue
            if node is root:
                root = replacement
            else:
                node.replace(replacement)
        return root

    def call(self, node: exp.Expr) -> exp.Expr:
        name = str(node.this).lower()
        answer = self._about_session(name)
        if answer is not None:
            return answer
        if _is_explode(node):
            return _explode(node)
        function = function_named(_as_aggregate(name, node))
        arguments = list(node.expressions)
        if len(arguments) == 2 and name in ("first", "last", "first_value", "last_value", "any_value"):
            return _ignoring_nulls(function.build(arguments[:1]), node, _flag(arguments[1]))
        _check_arguments(function.name, function.kind, arguments)
        built = function.build(arguments)
        return _without_nulls(built, node) if name in _KEEPING_NULLS_OUT else built

    def _about_session(self, name: str) -> exp.Expr | None:
        match name:
            case "current_user" | "session_user" | "user":
                return exp.Literal.string(self.facts.user)
            case "current_catalog":
                return _text_or_null(self.facts.catalog)
            case "current_schema" | "current_database":
                return _text_or_null(self.facts.schema)
            case _:
                return None


def _as_aggregate(name: str, node: exp.Expr) -> str:
    """``first_value`` without a window is ``first``; DuckDB knows it only as a window function."""
    parent = node.parent
    while isinstance(parent, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
        parent = parent.parent
    is_alone = name in ("first_value", "last_value") and not isinstance(parent, exp.Window)
    return name.removesuffix("_value") if is_alone else name


def _text_or_null(text: str | None) -> exp.Expr:
    return exp.Literal.string(text) if text is not None else exp.null()


def _flag(argument: exp.Expr) -> bool:
    if not isinstance(argument, exp.Boolean):
        raise InvalidInput("Whether to ignore nulls must be true or false.")
    return bool(argument.this)


def _check_arguments(name: str, kind: FunctionKind, arguments: list[exp.Expr]) -> None:
    for argument in arguments:
        if isinstance(argument, exp.Star) and name != "count":
            raise InvalidInput(f"{name} cannot take *.")
        if isinstance(argument, exp.Distinct | exp.Order) and kind is not FunctionKind.AGGREGATE:
            raise InvalidInput(f"{name} is not an aggregate: it cannot take DISTINCT or ORDER BY.")
        if isinstance(argument, exp.Kwarg):
            raise InvalidInput(f"{name} takes no named arguments.")


def _is_explode(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() in ("explode", "explode_outer")


def _explode(node: exp.Expr) -> exp.Expr:
    """In a list of columns; as a table it is :mod:`binding`'s."""
    if len(node.expressions) != 1:
        raise InvalidInput("explode takes one array.")
    parent = node.parent
    if str(node.this).lower() == "explode_outer":
        raise Unsupported("explode_outer in a list of columns", hint="Use LATERAL VIEW OUTER explode(...).")
    unnest = native("unnest({0})", node.expressions[0])
    if isinstance(parent, exp.Select):
        return exp.alias_(unnest, exp.to_identifier("col", quoted=True))
    if isinstance(parent, exp.Alias):
        return unnest
    raise InvalidInput("explode must stand alone in a list of columns, or after FROM or LATERAL VIEW.")


def _without_nulls(built: exp.Expr, node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, exp.Filter | exp.WithinGroup):
        raise Unsupported(f"{node.this} with FILTER")
    value = node.expressions[0]
    value = value.expressions[0] if isinstance(value, exp.Distinct) else value
    value = value.this if isinstance(value, exp.Order) else value
    aggregate = native("{0} FILTER (WHERE ({1}) IS NOT NULL)", built, value)
    return aggregate if isinstance(node.parent, exp.Window) else native("coalesce({0}, [])", aggregate)


def _ignore_nulls(_: Translator, node: exp.Expr) -> exp.Expr:
    if not isinstance(node.this, Native):
        raise Unsupported("IGNORE NULLS here")
    return _ignoring_nulls(node.this, node, True)


def _ignoring_nulls(call: exp.Expr, node: exp.Expr, ignore: bool) -> exp.Expr:
    if not ignore:
        return call
    template = str(call.args["template"])
    if isinstance(node.parent, exp.Window):
        return native(template.removesuffix(")") + " IGNORE NULLS)", *call.expressions)
    if isinstance(node.parent, exp.Filter):
        raise Unsupported("IGNORE NULLS with FILTER")
    return native(template + " FILTER (WHERE ({0}) IS NOT NULL)", *call.expressions)


def _divide(_: Translator, node: exp.Expr) -> exp.Expr:
    return native(f"(({{0}}) / ({_checked_divisor(node.expression)}))", node.this, node.expression)


def _divide_whole(_: Translator, node: exp.Expr) -> exp.Expr:
    return native(
        f"CAST(trunc(({{0}}) // ({_checked_divisor(node.expression)})) AS BIGINT)", node.this, node.expression
    )


def _remainder(_: Translator, node: exp.Expr) -> exp.Expr:
    return native(f"(({{0}}) % ({_checked_divisor(node.expression)}))", node.this, node.expression)


def _checked_divisor(divisor: exp.Expr) -> str:
    if isinstance(divisor, exp.Literal) and not divisor.is_string and float(str(divisor.this)) != 0:
        return "{1}"
    return "CASE WHEN ({1}) = 0 THEN error('Division by zero; use try_divide to get NULL instead.') ELSE {1} END"


def _cast(_: Translator, node: exp.Expr) -> exp.Expr:
    return cast(node.this, node.args["to"], is_try=isinstance(node, exp.TryCast))


def _interval(_: Translator, node: exp.Expr) -> exp.Expr:
    amount, unit = node.this, node.args.get("unit")
    if not isinstance(amount, exp.Literal):
        raise Unsupported("INTERVAL with a computed amount", hint="Multiply: n * INTERVAL 1 DAY, or use dateadd.")
    if unit is None:
        if not _INTERVAL_TEXT.fullmatch(str(amount.this)):
            raise InvalidInput(f"INTERVAL {amount.this!r} has no unit.", hint="Write INTERVAL '3' DAY.")
        return native("CAST({0} AS INTERVAL)", exp.Literal.string(str(amount.this)))
    if not isinstance(unit, exp.Var) or _unit(unit) not in _INTERVAL_UNITS:
        raise Unsupported(f"The interval unit {unit.sql(dialect='databricks')}")
    return native("CAST({0} AS INTERVAL)", exp.Literal.string(f"{str(amount.this).strip()} {_unit(unit).lower()}"))


def _unit(unit: exp.Expr) -> str:
    return unit.name.upper().removesuffix("S")


def _plus_minus(_: Translator, node: exp.Expr) -> exp.Expr:
    """Keep a date a date, and an instant an instant, when an interval is added: DuckDB makes both a local time."""
    operator = "+" if isinstance(node, exp.Add) else "-"
    instant, interval = node.this, node.expression
    if isinstance(node, exp.Add) and _interval_of(instant):
        instant, interval = interval, instant
    text = _interval_of(interval)
    if text is None or _interval_of(instant):
        return node
    units = {word.upper().removesuffix("S") for word in re.findall(r"[a-zA-Z]+", text)}
    if units <= _DAY_UNITS:
        return native(f"cast_to_type(({{0}}) {operator} {{1}}, {{0}})", instant, interval)
    return native(f"(CAST({{0}} AS TIMESTAMPTZ) {operator} {{1}})", instant, interval)


def _interval_of(node: exp.Expr) -> str | None:
    node = node.unnest()
    if isinstance(node, Native) and node.args["template"] == "CAST({0} AS INTERVAL)":
        return str(node.expressions[0].this)
    return None


def _bracket(_: Translator, node: exp.Expr) -> exp.Expr:
    (key,) = node.expressions
    if isinstance(key, exp.Literal) and key.is_string:
        return native("({0})[{1}]", node.this, key)
    # Arrays count from 0 here and from 1 in DuckDB; a map has keys. Only the engine knows which it is.
    position = "CASE WHEN typeof({0}) NOT LIKE '%[]' THEN {1} WHEN ({1}) >= 0 THEN ({1}) + 1 END"
    return native(f"({{0}})[{position}]", node.this, key)


def _substring(_: Translator, node: exp.Expr) -> exp.Expr:
    start, length = node.args.get("start"), node.args.get("length")
    if start is None:
        raise InvalidInput("substring needs a position.")
    is_known = isinstance(start, exp.Literal) and str(start.this) != "0"
    position = "{1}" if is_known else "CASE WHEN ({1}) = 0 THEN 1 ELSE {1} END"
    if length is None:
        return native(f"substring({{0}}, {position})", node.this, start)
    return native(
        f"substring({{0}}, {position}, CASE WHEN ({{2}}) < 0 THEN 0 ELSE {{2}} END)", node.this, start, length
    )


def _trim(_: Translator, node: exp.Expr) -> exp.Expr:
    verb = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    characters = node.args.get("expression")
    return (
        native(f"{verb}({{0}})", node.this)
        if characters is None
        else native(f"{verb}({{0}}, {{1}})", node.this, characters)
    )


def _like(_: Translator, node: exp.Expr) -> exp.Expr:
    if isinstance(node.expression, exp.Any | exp.All):
        raise Unsupported("LIKE ANY and LIKE ALL", hint="Write conditions joined by OR or AND.")
    if isinstance(node.parent, exp.Escape):
        return node
    word = "ILIKE" if isinstance(node, exp.ILike) else "LIKE"
    negation = "NOT " if node.args.get("negate") else ""
    return native(f"(({{0}}) {negation}{word} ({{1}}) ESCAPE '\\')", node.this, node.expression)


def _regexp_like(_: Translator, node: exp.Expr) -> exp.Expr:
    return native("regexp_matches({0}, {1})", node.this, node.expression)


def _quantified(_: Translator, node: exp.Expr) -> exp.Expr:
    raise Unsupported(f"{node.key.upper()} here")


_SUPPORTED_JOINS = frozenset({"", "INNER", "OUTER", "CROSS", "SEMI", "ANTI"})


def _join(_: Translator, node: exp.Expr) -> exp.Expr:
    if str(node.args.get("kind") or "").upper() not in _SUPPORTED_JOINS:
        raise Unsupported(f"{node.args['kind']} JOIN")
    return node


_HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Anonymous: Translator.call,
    exp.CurrentDate: lambda _, node: native("CAST(now() AS DATE)"),
    exp.CurrentTimestamp: lambda _, node: native("now()"),
    exp.CurrentUser: lambda self, _: exp.Literal.string(self.facts.user),
    exp.IgnoreNulls: _ignore_nulls,
    exp.RespectNulls: lambda _, node: node.this,
    exp.Div: _divide,
    exp.IntDiv: _divide_whole,
    exp.Mod: _remainder,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Interval: _interval,
    exp.Add: _plus_minus,
    exp.Sub: _plus_minus,
    exp.Bracket: _bracket,
    exp.Substring: _substring,
    exp.StrPosition: lambda _, node: native("strpos({0}, {1})", node.this, node.args["substr"]),
    exp.Trim: _trim,
    exp.Like: _like,
    exp.ILike: _like,
    exp.RegexpLike: _regexp_like,
    exp.Extract: lambda _, node: part_of(node.name, node.expression),
    exp.DPipe: lambda _, node: native("(({0}) || ({1}))", node.this, node.expression),
    exp.BitwiseXor: lambda _, node: native("xor({0}, {1})", node.this, node.expression),
    exp.Any: _quantified,
    exp.All: _quantified,
    exp.Join: _join,
}
