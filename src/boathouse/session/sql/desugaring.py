"""Clauses that are other clauses in short: PIVOT, UNPIVOT and TABLESAMPLE; and words that look like columns.

They are written out as soon as a statement is read, so that nothing behind (the guard, the binding of names, lineage)
has to know them.
"""

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.dialect import databricks_sql
from boathouse.session.sql.problems import Unsupported

_UNPIVOTED = "__unpivoted"
_TAKING_A_UNIT = frozenset({"date_add", "date_diff", "dateadd", "datediff", "timestampadd", "timestampdiff"})
"""Functions whose first argument of three is a word, such as DAY, whatever columns there are."""


def desugar(tree: exp.Expr) -> exp.Expr:
    """The statement without these clauses; changed in place."""
    for node in reversed(list(tree.find_all(exp.Table, exp.Subquery, exp.Values))):
        if node.args.get("sample"):
            node.replace(_sampled(node))
        elif node.args.get("pivots"):
            node.replace(_pivoted(node))
    for call in tree.find_all(exp.Anonymous):
        if call.name.lower() in _TAKING_A_UNIT and len(call.expressions) == 3:
            unit = call.expressions[0]
            if isinstance(unit, exp.Column) and not unit.table:
                unit.replace(exp.Var(this=unit.name))
    return tree


def _sampled(table: exp.Expr) -> exp.Expr:
    sample, alias = table.args["sample"], table.args.get("alias")
    for part in ("bucket_numerator", "bucket_denominator", "bucket_field"):
        if sample.args.get(part):
            raise Unsupported("TABLESAMPLE (BUCKET ... OUT OF ...)", hint="Write TABLESAMPLE (10 PERCENT).")
    table.set("sample", None)
    if sample.args.get("size"):
        rows = _select_from(table.copy())
        rows.set("limit", exp.Limit(expression=sample.args["size"]))
        return _subquery(rows, alias, table)
    share = sample.args.get("percent")
    if not isinstance(share, exp.Literal) or share.is_string or not 0 <= float(str(share.this)) <= 100:
        raise InvalidInput("The share of TABLESAMPLE must be a number from 0 to 100.")
    rows = _select_from(table.copy())
    rows.set("sample", exp.TableSample(
        method=exp.Var(this="BERNOULLI"), percent=share.copy(), seed=sample.args.get("seed")
    ))  # fmt: skip
    return _subquery(rows, alias, table)


def _pivoted(table: exp.Expr) -> exp.Expr:
    pivots = table.args["pivots"]
    if len(pivots) != 1 or table.args.get("joins") or table.args.get("laterals"):
        raise Unsupported("PIVOT together with another PIVOT, a join or a LATERAL VIEW", hint="Use a subquery.")
    (pivot,) = pivots
    table.set("pivots", None)
    if not pivot.expressions or len(pivot.args.get("fields") or []) != 1:
        raise Unsupported("PIVOT without FOR ... IN (...)")
    (listed,) = pivot.args["fields"]
    values = listed.expressions if isinstance(listed, exp.In) else []
    if not isinstance(listed, exp.In) or not values or any(value.find(exp.Query) for value in values):
        raise Unsupported("PIVOT over values that a query finds", hint="Write the values: FOR column IN (1, 2).")
    query = (_unpivot if pivot.args.get("unpivot") else _pivot)(table.copy(), pivot, listed)
    return _subquery(query, pivot.args.get("alias"), table)


def _pivot(table: exp.Expr, pivot: exp.Expr, listed: exp.In) -> exp.Select:
    """A column for each value and aggregate, grouped by all columns that are not mentioned."""
    keys = listed.this.expressions if isinstance(listed.this, exp.Tuple) else [listed.this]
    mentioned = [*keys, *(column for each in pivot.expressions for column in each.find_all(exp.Column))]
    select = _select_from(table)
    star = exp.Star(except_=_unique(mentioned))
    items: list[exp.Expr] = [star]
    for choice in listed.expressions:
        value, shown = _named(choice)
        values = value.expressions if isinstance(value, exp.Tuple) else [value]
        if len(values) != len(keys):
            raise InvalidInput("The values of PIVOT do not fit its FOR columns.")
        tests = [exp.NullSafeEQ(this=key.copy(), expression=each.copy())
                 for key, each in zip(keys, values, strict=True)]  # fmt: skip
        where = exp.Where(this=exp.and_(*tests))
        for aggregate in pivot.expressions:
            call, name = (aggregate.this, aggregate.alias) if isinstance(aggregate, exp.Alias) else (aggregate, "")
            column = shown if len(pivot.expressions) == 1 else f"{shown}_{name or databricks_sql(call)}"
            items.append(exp.alias_(_when_any(call, where), exp.to_identifier(column, quoted=True)))
    select.set("expressions", items)
    select.set("group", exp.Group(all=True))
    return select


def _when_any(call: exp.Expr, where: exp.Where) -> exp.Expr:
    """Null, not 0, where no row has the value."""
    rows = exp.Filter(this=exp.Anonymous(this="count", expressions=[exp.Star()]), expression=where.copy())
    found = exp.Filter(this=call.copy(), expression=where.copy())
    return exp.Case(ifs=[exp.If(this=exp.GT(this=rows, expression=exp.Literal.number(0)), true=found)])


def _unpivot(table: exp.Expr, pivot: exp.Expr, listed: exp.In) -> exp.Select:
    """A row for each of the columns, by ``stack``."""
    given = pivot.expressions[0]
    values = given.expressions if isinstance(given, exp.Tuple) else [given]
    cells: list[exp.Expr] = []
    columns: list[exp.Expr] = []
    for choice in listed.expressions:
        sources, shown = _named(choice)
        taken = sources.expressions if isinstance(sources, exp.Tuple) else [sources]
        if len(taken) != len(values):
            raise InvalidInput("The columns of UNPIVOT do not fit its value columns.")
        name = shown if isinstance(choice, exp.PivotAlias) else "_".join(each.name for each in taken)
        cells += [exp.Literal.string(name), *(each.copy() for each in taken)]
        columns += taken
    select = _select_from(table)
    names = [exp.to_identifier(each.name, quoted=True) for each in (listed.this, *values)]
    call = exp.Anonymous(this="stack", expressions=[exp.Literal.number(len(listed.expressions)), *cells])
    select.append("laterals", exp.Lateral(
        this=call, view=True,
        alias=exp.TableAlias(this=exp.to_identifier(_UNPIVOTED, quoted=True), columns=names),
    ))  # fmt: skip
    select.set("expressions", [exp.Star(except_=_unique(columns))])
    if not pivot.args.get("include_nulls"):
        known = [exp.Not(this=exp.Is(this=exp.column(name.copy(), _UNPIVOTED, quoted=True), expression=exp.null()))
                 for name in names[1:]]  # fmt: skip
        select.set("where", exp.Where(this=exp.or_(*known)))
    return select


def _named(choice: exp.Expr) -> tuple[exp.Expr, str]:
    if isinstance(choice, exp.PivotAlias):
        return choice.this, choice.args["alias"].name
    if isinstance(choice, exp.Tuple):
        return choice, "_".join(_shown(each) for each in choice.expressions)
    return choice, _shown(choice)


def _shown(value: exp.Expr) -> str:
    return str(value.this) if isinstance(value, exp.Literal) else databricks_sql(value)


def _unique(columns: list[exp.Expr]) -> list[exp.Expr]:
    return [exp.to_identifier(name, quoted=True) for name in dict.fromkeys(column.name for column in columns)]


def _select_from(table: exp.Expr) -> exp.Select:
    return exp.Select(expressions=[exp.Star()], from_=exp.From(this=table))


def _subquery(query: exp.Select, alias: exp.Expr | None, table: exp.Expr) -> exp.Subquery:
    name = alias.copy() if alias is not None else None
    if name is None and isinstance(table, exp.Table) and table.name:
        name = exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
    return exp.Subquery(this=query, alias=name)
