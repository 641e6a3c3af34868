"""Databricks' meaning in DuckDB's words: every node whose meaning differs is replaced, from the leaves up.

Runs after :mod:`guard` and :mod:`binding`: it meets only kinds of nodes that are on the list, and bound tables.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.casts import cast
from boathouse.session.sql.dialect import Native, databricks_sql, native, native_scalar
from boathouse.session.sql.functions import FunctionKind, function_named, part_of
from boathouse.session.sql.functions.collections import element
from boathouse.session.sql.functions.regexes import matches
from boathouse.session.sql.functions.registry import literal_text
from boathouse.session.sql.functions.strings import joined
from boathouse.session.sql.generators import expand_select, generator_name
from boathouse.session.sql.intervals import interval_literal
from boathouse.session.sql.likeness import like, like_each
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.values import name_values

Handler = Callable[["Translator", exp.Expr], exp.Expr]

_DAY_UNITS = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})
_KEEPING_NULLS_OUT = ("collect_list", "array_agg", "collect_set")


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What functions without arguments answer."""

    user: str
    catalog: str | None = None
    schema: str | None = None
    groups: frozenset[str] = frozenset()


def translate(tree: exp.Expr, facts: SessionFacts) -> exp.Expr:
    """The query as DuckDB shall understand it. The tree is changed in place; use what is returned."""
    name_columns(tree)
    for select in list(tree.find_all(exp.Select)):
        expand_select(select)
    return Translator(facts).run(tree)


def name_columns(tree: exp.Expr) -> None:
    """Name computed columns as people wrote them, so that our way of computing them does not show."""
    for select in tree.find_all(exp.Select):
        for item in list(select.expressions):
            if _has_name(item):
                continue
            written = databricks_sql(item)
            item.replace(exp.alias_(item.copy(), exp.to_identifier(written[:255], quoted=True)))


def _has_name(item: exp.Expr) -> bool:
    """Whether a column is called something already: a field of a column is called like the field."""
    if isinstance(item, exp.Dot):
        return all(isinstance(each, exp.Dot | exp.Column | exp.Identifier) for each in item.walk())
    return isinstance(item, exp.Column | exp.Star | exp.Alias | exp.Aliases | Native) or bool(generator_name(item))


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
        answer = self._about_session(name) or self._membership(name, node)
        if answer is not None:
            return answer
        if generator_name(node):
            raise InvalidInput(f"{name} must stand alone in a list of columns, or after FROM or LATERAL VIEW.")
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

    def _membership(self, name: str, node: exp.Expr) -> exp.Expr | None:
        if name not in ("is_member", "is_account_group_member"):
            return None
        if len(node.expressions) != 1:
            raise InvalidInput(f"{name} takes the name of a group.")
        group = literal_text(node.expressions[0], function_name=name, what="group")
        return exp.Boolean(this=group in self.facts.groups)


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


def _without_nulls(built: exp.Expr, node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, exp.WithinGroup):
        raise Unsupported(f"{node.this} WITHIN GROUP")
    if isinstance(node.parent, exp.Filter):
        return built  # _filter adds its own condition to ours
    aggregate = native("{0} FILTER (WHERE ({1}) IS NOT NULL)", built, _collected(node))
    return aggregate if isinstance(node.parent, exp.Window) else native("coalesce({0}, [])", aggregate)


def _collected(call: exp.Expr) -> exp.Expr:
    """What a call of ``collect_list`` collects, without DISTINCT and ORDER BY."""
    value = call.expressions[0]
    value = value.expressions[0] if isinstance(value, exp.Distinct) else value
    return value.this if isinstance(value, exp.Order) else value


def _filter(_: Translator, node: exp.Expr) -> exp.Expr:
    """``collect_list(x) FILTER (WHERE ...)``: the one filter that the engine takes must leave out nulls too."""
    call = node.this
    if not isinstance(call, Native) or not str(call.args["template"]).startswith("list("):
        return node
    aggregate = native(
        "{0} FILTER (WHERE ({1}) AND ({2}) IS NOT NULL)", call, node.expression.this, _collected(call).copy()
    )
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
    return native_scalar(f"(({{0}}) / ({_checked_divisor(node.expression)}))", node.this, node.expression)


def _divide_whole(_: Translator, node: exp.Expr) -> exp.Expr:
    return native_scalar(
        f"CAST(trunc(({{0}}) // ({_checked_divisor(node.expression)})) AS BIGINT)", node.this, node.expression
    )


def _remainder(_: Translator, node: exp.Expr) -> exp.Expr:
    return native_scalar(f"(({{0}}) % ({_checked_divisor(node.expression)}))", node.this, node.expression)


def _checked_divisor(divisor: exp.Expr) -> str:
    if isinstance(divisor, exp.Literal) and not divisor.is_string and float(str(divisor.this)) != 0:
        return "{1}"
    return "CASE WHEN ({1}) = 0 THEN error('Division by zero; use try_divide to get NULL instead.') ELSE {1} END"


def _cast(_: Translator, node: exp.Expr) -> exp.Expr:
    return cast(node.this, node.args["to"], is_try=isinstance(node, exp.TryCast))


def _interval(_: Translator, node: exp.Expr) -> exp.Expr:
    return interval_literal(node)


def _plus_minus(_: Translator, node: exp.Expr) -> exp.Expr:
    """Keep a date a date, and an instant an instant, when an interval is added: DuckDB makes both a local time."""
    operator = "+" if isinstance(node, exp.Add) else "-"
    instant, interval = node.this, node.expression
    if isinstance(node, exp.Add) and _interval_of(instant):
        instant, interval = interval, instant
    text = _interval_of(interval)
    if text is None or _interval_of(instant):
        return _minus(node)
    units = {word.upper().removesuffix("S") for word in re.findall(r"[a-zA-Z]+", text)}
    if units <= _DAY_UNITS:
        return native_scalar(f"cast_to_type(({{0}}) {operator} {{1}}, {{0}})", instant, interval)
    return native(f"(CAST({{0}} AS TIMESTAMPTZ) {operator} {{1}})", instant, interval)


def _minus(node: exp.Expr) -> exp.Expr:
    """Between two dates lies an interval; only the engine knows whether both are dates."""
    sides = (node.this.unnest(), node.expression.unnest())
    if isinstance(node, exp.Add) or any(isinstance(side, exp.Literal) and not side.is_string for side in sides):
        return node
    if any(each.args.get("is_aggregate") for each in node.find_all(Native)):
        # DuckDB does not know the type of an aggregate while it chooses a macro; that of a lambda's parameter it does.
        return native(_MINUS_OF_AGGREGATES, node.this, node.expression)
    return native("__rule_minus({0}, {1})", node.this, node.expression)


_MINUS_OF_AGGREGATES = "list_transform([row({0}, {1})], lambda __bh_m: __rule_minus(__bh_m[1], __bh_m[2]))[1]"


def _interval_of(node: exp.Expr) -> str | None:
    node = node.unnest()
    if isinstance(node, Native) and node.args["template"] == "CAST({0} AS INTERVAL)":
        return str(node.expressions[0].this)
    return None


def _bracket(_: Translator, node: exp.Expr) -> exp.Expr:
    (key,) = node.expressions
    return element(node.this, key)


def _substring(_: Translator, node: exp.Expr) -> exp.Expr:
    start, length = node.args.get("start"), node.args.get("length")
    if start is None:
        raise InvalidInput("substring needs a position.")
    is_known = isinstance(start, exp.Literal) and str(start.this) != "0"
    position = "{1}" if is_known else "CASE WHEN ({1}) = 0 THEN 1 ELSE {1} END"
    if length is None:
        return native_scalar(f"substring({{0}}, {position})", node.this, start)
    return native_scalar(
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
    word, negated = ("ILIKE" if isinstance(node, exp.ILike) else "LIKE"), bool(node.args.get("negate"))
    if isinstance(node.expression, exp.Any | exp.All):
        return like_each(word, node.this, node.expression, negated=negated)
    if isinstance(node.parent, exp.Escape):
        return node
    return like(word, node.this, node.expression, negated=negated)


def _escape(_: Translator, node: exp.Expr) -> exp.Expr:
    inner = node.this
    if not isinstance(inner, exp.Like | exp.ILike) or isinstance(inner.expression, exp.Any | exp.All):
        raise Unsupported("ESCAPE here")
    word = "ILIKE" if isinstance(inner, exp.ILike) else "LIKE"
    escape = literal_text(node.expression, function_name="LIKE", what="escape character")
    return like(word, inner.this, inner.expression, escape, negated=bool(inner.args.get("negate")))


def _regexp_like(_: Translator, node: exp.Expr) -> exp.Expr:
    return matches(node.this, node.expression)


def _position(_: Translator, node: exp.Expr) -> exp.Expr:
    arguments = [node.args["substr"], node.this]
    if node.args.get("position") is not None:
        arguments.append(node.args["position"])
    return function_named("locate").build(arguments)


def _overlay(_: Translator, node: exp.Expr) -> exp.Expr:
    arguments = [node.this, node.expression, node.args["from_"], node.args.get("for_")]
    return function_named("overlay").build([argument for argument in arguments if argument is not None])


def _hex(_: Translator, node: exp.Expr) -> exp.Expr:
    digits = str(node.this)
    return native("unhex({0})", exp.Literal.string(digits if len(digits) % 2 == 0 else f"0{digits}"))


def _quantified(_: Translator, node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, exp.Like | exp.ILike):
        return node
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
    exp.Filter: _filter,
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
    exp.StrPosition: _position,
    exp.Overlay: _overlay,
    exp.HexString: _hex,
    exp.Trim: _trim,
    exp.Like: _like,
    exp.ILike: _like,
    exp.Escape: _escape,
    exp.RegexpLike: _regexp_like,
    exp.Extract: lambda _, node: part_of(node.name, node.expression),
    exp.DPipe: lambda _, node: joined([node.this, node.expression]),
    exp.BitwiseLeftShift: lambda _, node: native("(({0}) << ({1}))", node.this, node.expression),
    exp.BitwiseRightShift: lambda _, node: native("(({0}) >> ({1}))", node.this, node.expression),
    exp.Values: lambda _, node: name_values(node),
    exp.BitwiseXor: lambda _, node: native("xor({0}, {1})", node.this, node.expression),
    exp.Any: _quantified,
    exp.All: _quantified,
    exp.Join: _join,
}
