"""A call of an SQL function, replaced by what the function computes.

Where the body is an expression over its parameters alone, the arguments take their places. Where names could be
confused (the body has a query of its own, which may know columns by the same names), or an argument would be computed
more than once, the arguments become a row of their own beside the body, and SQL's scopes do the rest: a column of the
body's own tables comes before a parameter, and nothing outside is in sight.
"""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from boathouse.catalog import Function, Parameter
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.session.sql.casts import engine_type
from boathouse.session.sql.dialect import DatabricksSql, databricks_sql, native
from boathouse.session.sql.functions import CHANGING, FUNCTIONS, FunctionKind

_ROW, _VALUE = "__arguments", "__value"
_DECLARED = "declared_type"
_SMALL = 12
"""Parts of an argument that may be written more than once."""


def arguments_of(function: Function, given: Sequence[exp.Expr], default_of: Mapping[str, exp.Expr]) -> list[exp.Expr]:
    """The arguments of a call in the order of the parameters, each cast to its parameter's type.

    Raises:
        InvalidInput: There are too many or too few, or one has a name that no parameter has.
    """
    parameters = function.parameters
    found: dict[str, exp.Expr] = {}
    for position, argument in enumerate(given):
        if isinstance(argument, exp.Kwarg):
            name = argument.this.name
            known = next((each.name for each in parameters if each.name.lower() == name.lower()), None)
            if known is None:
                hint = did_you_mean(name, [each.name for each in parameters]) or f"Write {signature_of(function)}."
                raise InvalidInput(f"Function {function.full_name} has no parameter {name}.", hint=hint)
            if known in found:
                raise InvalidInput(f"The argument {known} of {function.full_name} is given twice.")
            found[known] = argument.expression
        elif len(found) > position or any(isinstance(each, exp.Kwarg) for each in given[:position]):
            raise InvalidInput(f"{function.full_name}: arguments without a name come before those with one.")
        elif position >= len(parameters):
            raise InvalidInput(
                f"Function {function.full_name} was called with {len(given)} arguments.",
                hint=f"Write {signature_of(function)}.",
            )
        elif isinstance(argument, exp.Star | exp.Distinct | exp.Order):
            raise InvalidInput(f"{function.full_name} takes plain arguments.", hint=f"Write {signature_of(function)}.")
        else:
            found[parameters[position].name] = argument
    missing = [each.name for each in parameters if each.name not in found and each.name not in default_of]
    if missing:
        raise InvalidInput(
            f"Function {function.full_name} was called without {', '.join(missing)}.",
            hint=f"Write {signature_of(function)}.",
        )
    return [cast_to(found.get(each.name, default_of.get(each.name, exp.null())).copy(), each) for each in parameters]


def cast_to(value: exp.Expr, parameter: Parameter) -> exp.Expr:
    """The value as the parameter's type; as it is when it has that type already."""
    if not parameter.type_text:
        return value  # a function that is being tried, to see what it gives
    kind = type_of(parameter.type_text)
    if _has_type(value, kind):
        return value
    if kind.args.get("nested"):
        return native(f"CAST({{0}} AS {engine_type(kind).replace('{', '{{').replace('}', '}}')})", value)
    return exp.Cast(this=value, to=kind)


def declared(value: exp.Expr, type_text: str) -> exp.Expr:
    """The value with a note that it is of the type already. Conversions repeat what they convert: none is better."""
    value.meta[_DECLARED] = type_text
    return value


def _has_type(value: exp.Expr, kind: exp.DataType) -> bool:
    inner = value.unnest()
    noted = inner.meta.get(_DECLARED)
    if noted is not None:
        return type_of(noted) == kind
    return isinstance(inner, exp.Cast) and not isinstance(inner, exp.TryCast) and inner.args["to"] == kind


def type_of(type_text: str) -> exp.DataType:
    """A type in the catalog's spelling as the reader of statements knows it."""
    return exp.DataType.build(type_text, dialect=DatabricksSql)


def signature_of(function: Function) -> str:
    shown = [
        f"{each.name} {each.type_text.upper()}" + (f" DEFAULT {each.default}" if each.default is not None else "")
        for each in function.parameters
    ]
    return f"{function.full_name}({', '.join(shown)})"


def inlined_value(function: Function, body: exp.Expr, arguments: Sequence[exp.Expr]) -> exp.Expr:
    """The value of a call; ``body`` is the function's own copy, with its tables bound."""
    names = [each.name for each in function.parameters]
    if not names:
        return declared(exp.Paren(this=_result(function, _as_value(body))), function.returns)
    if not _has_query(body) and not _is_repeated(names, body, arguments):
        value = _substituted(function, exp.Paren(this=body), dict(zip(names, arguments, strict=True)))
        return declared(exp.Paren(this=_result(function, value)), function.returns)
    _qualify(function, body)
    value = exp.Select(
        expressions=[_as(_as_value(body), _VALUE)],
        from_=exp.From(this=_row_of(names, arguments)),
    )
    rows = exp.Select(
        expressions=[_result(function, exp.column(_VALUE, quoted=True))],
        from_=exp.From(this=exp.Subquery(this=value, alias=_table_alias("__called"))),
    )
    return declared(exp.Subquery(this=rows), function.returns)


def inlined_rows(function: Function, body: exp.Expr, arguments: Sequence[exp.Expr]) -> exp.Expr:
    """The query that a call in FROM stands for: the columns that the function declares, each cast to its type."""
    names = [each.name for each in function.parameters]
    given = [f"c{position}" for position in range(len(function.columns))]
    shown = [
        _as(cast_to(exp.column(name, "__rows", quoted=True), column), column.name)
        for name, column in zip(given, function.columns, strict=True)
    ]
    rows = exp.Subquery(
        this=body,
        alias=exp.TableAlias(
            this=exp.to_identifier("__rows", quoted=True),
            columns=[exp.to_identifier(name, quoted=True) for name in given],
        ),
    )
    query = exp.Select(expressions=shown, from_=exp.From(this=rows))
    if names:
        _qualify(function, body)
        query.set("from_", exp.From(this=_row_of(names, arguments)))
        query.set("joins", [exp.Join(this=exp.Lateral(this=rows), kind="CROSS")])
    return query


def require_no_aggregate(function_name: str, body: exp.Expr) -> None:
    """An aggregate in the body would be one of the calling query.

    Raises:
        InvalidInput: There is one outside of a query of the body.
    """
    for node in body.walk(prune=lambda each: isinstance(each, exp.Query)):
        if isinstance(node, exp.Anonymous) and not isinstance(node.parent, exp.Dot):
            known = FUNCTIONS.get(node.name.lower())
            if known is not None and known.kind is not FunctionKind.SCALAR:
                raise InvalidInput(
                    f"Function {function_name} calls {known.name}, which needs the rows of a query.",
                    hint="Put it into a query: RETURN (SELECT ... FROM ...).",
                )


def _result(function: Function, value: exp.Expr) -> exp.Expr:
    if function.is_exact:
        kind = engine_type(type_of(function.returns)).replace("{", "{{").replace("}", "}}")
        return native(f"CAST({{0}} AS {kind})", value)
    return cast_to(value, Parameter("", function.returns))


def _as_value(body: exp.Expr) -> exp.Expr:
    return exp.Subquery(this=body) if isinstance(body, exp.Query) and not isinstance(body, exp.Subquery) else body


def _has_query(body: exp.Expr) -> bool:
    return body.find(exp.Query) is not None


def _is_repeated(names: Sequence[str], body: exp.Expr, arguments: Sequence[exp.Expr]) -> bool:
    """Whether an argument that is large, or answers differently each time, would stand more than once: in the body or
    in its conversion."""
    uses = [column.name.lower() for column in body.find_all(exp.Column)]
    return any(
        (_is_large(argument) and isinstance(argument, exp.Cast))
        or (uses.count(name.lower()) > 1 and (_is_large(argument) or _is_changing(argument)))
        for name, argument in zip(names, arguments, strict=True)
    )


def _is_large(argument: exp.Expr) -> bool:
    return sum(1 for _ in argument.walk()) > _SMALL


def _is_changing(argument: exp.Expr) -> bool:
    return any(node.name.lower() in CHANGING for node in argument.find_all(exp.Anonymous))


def _substituted(function: Function, body: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    by_name = {name.lower(): value for name, value in values.items()}
    inner = frozenset(
        name.name.lower() for each in body.find_all(exp.Lambda) for name in each.expressions
    )  # the variables of a lambda come before parameters
    for column in list(body.find_all(exp.Column)):
        value = by_name.get(column.name.lower())
        if value is None or (column.name.lower() in inner and not column.table):
            if column.table or column.name.lower() not in inner:
                raise InvalidInput(
                    f"Function {function.full_name} names {databricks_sql(column)}, which is no parameter of it.",
                    hint=did_you_mean(column.name.lower(), by_name),
                )
            continue
        column.replace(exp.Paren(this=value.copy()))
    return body


def _qualify(function: Function, body: exp.Expr) -> None:
    """``f.a`` in the body of ``f`` is its parameter ``a``, whatever columns there are."""
    own = function.full_name.rpartition(".")[2]
    names = {each.name.lower() for each in function.parameters}
    for column in body.find_all(exp.Column):
        if column.table.lower() == own and not column.args.get("db") and column.name.lower() in names:
            column.set("table", exp.to_identifier(_ROW, quoted=True))


def _row_of(names: Sequence[str], arguments: Sequence[exp.Expr]) -> exp.Expr:
    """The arguments as a row. What is converted is computed first, and once."""
    values: list[exp.Expr] = []
    given: list[exp.Expr] = []
    for position, (name, value) in enumerate(zip(names, arguments, strict=True)):
        if isinstance(value, exp.Cast) and _is_large(value):
            given.append(_as(value.this, f"a{position}"))
            value = exp.Cast(this=exp.column(f"a{position}", "__given", quoted=True), to=value.args["to"])
        values.append(_as(value, name))
    inner = exp.Subquery(this=exp.Select(expressions=given), alias=_table_alias("__given")) if given else None
    row = exp.Select(expressions=values, **({"from_": exp.From(this=inner)} if inner else {}))
    return exp.Subquery(this=row, alias=_table_alias(_ROW))


def _as(value: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def _table_alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))
