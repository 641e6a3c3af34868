"""DELETE, UPDATE, MERGE and TRUNCATE, from sqlglot's tree to ours."""

from collections.abc import Iterable

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.row_changes import ChangeKind
from boathouse.session.sql.creation import table_parts
from boathouse.session.sql.functions import CHANGING
from boathouse.session.sql.guard import check_query
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.statements import Assignment, Delete, Merge, MergeClause, MergeFamily, Truncate, Update

_PLAIN = frozenset({"this", "where"})

_SUBQUERIES = (exp.Select, exp.Subquery, exp.Exists, exp.SetOperation)


def read_delete(tree: exp.Delete) -> Delete:
    """The statement that the tree means.

    Raises:
        Unsupported: It has a USING or another part that Databricks does not have either.
    """
    _only(tree, _PLAIN, "DELETE")
    table, alias = _target(tree.this)
    return Delete(table, alias, _condition(tree))


def read_update(tree: exp.Update) -> Update:
    """The statement that the tree means.

    Raises:
        Unsupported: It has a FROM or another part that Databricks does not have either.
    """
    _only(tree, _PLAIN | {"expressions"}, "UPDATE")
    table, alias = _target(tree.this)
    return Update(table, alias, tuple(map(_assignment, tree.expressions)), _condition(tree))


def read_truncate(tree: exp.TruncateTable) -> Truncate:
    """The statement that the tree means."""
    _only(tree, frozenset({"this", "expressions"}), "TRUNCATE TABLE")
    if len(tree.expressions) != 1:
        raise Unsupported("TRUNCATE TABLE of several tables")
    return Truncate(table_parts(tree.expressions[0]))


def read_merge(tree: exp.Merge, *, evolves: bool = False) -> Merge:
    """The statement that the tree means.

    Raises:
        InvalidInput: Its clauses contradict each other.
    """
    _only(tree, frozenset({"this", "using", "on", "whens"}), "MERGE")
    table, alias = _target(tree.this)
    source = tree.args["using"]
    if isinstance(source, exp.Values):
        source = _as_query(source)
    if not isinstance(source, exp.Table | exp.Subquery):
        raise Unsupported("This source of a MERGE", hint="Name a table, or write a query in parentheses.")
    check_query(source)
    on = tree.args.get("on")
    if on is None:
        raise InvalidInput("A MERGE needs a condition: ON ...")
    _check_expression(on, "the ON of a MERGE")
    _require_repeatable(on, "the ON of a MERGE")
    whens = tree.args["whens"].expressions
    clauses = tuple(_clause(when) for when in whens)
    _require_reachable(clauses)
    return Merge(table, alias, source, on, clauses, evolves)


def _clause(when: exp.Expr) -> MergeClause:
    family = MergeFamily.MATCHED
    if not when.args.get("matched"):
        family = MergeFamily.NOT_MATCHED_BY_SOURCE if when.args.get("source") else MergeFamily.NOT_MATCHED
    condition = when.args.get("condition")
    if condition is not None:
        _check_expression(condition, "a WHEN of a MERGE")
        _require_repeatable(condition, "a WHEN of a MERGE")
    kind, assignments = _action(when.args["then"])
    if (kind is ChangeKind.INSERT) != (family is MergeFamily.NOT_MATCHED):
        raise InvalidInput(f"WHEN {family.value} cannot be followed by {kind.value.upper()}.")
    if assignments is None and family is MergeFamily.NOT_MATCHED_BY_SOURCE and kind is ChangeKind.UPDATE:
        raise InvalidInput("UPDATE SET * needs a source row, and there is none here.", hint="Name the columns.")
    return MergeClause(family, kind, condition, assignments)


def _action(then: exp.Expr) -> tuple[ChangeKind, tuple[Assignment, ...] | None]:
    """What a clause does; None for its assignments where they are ``*``."""
    match then:
        case exp.Var() if then.name.upper() == "DELETE":
            return ChangeKind.DELETE, ()
        case exp.Update():
            given = then.args.get("expressions")
            if isinstance(given, exp.Star) or (isinstance(given, list) and isinstance(given[0], exp.Star)):
                return ChangeKind.UPDATE, None
            return ChangeKind.UPDATE, tuple(_assignment(each, in_merge=True) for each in then.expressions)
        case exp.Insert() if isinstance(then.this, exp.Star):
            return ChangeKind.INSERT, None
        case exp.Insert():
            return ChangeKind.INSERT, _inserted(then)
        case _:
            raise Unsupported(f"{then.sql(dialect='databricks')} in a MERGE", hint="Use UPDATE, DELETE or INSERT.")


def _inserted(insert: exp.Insert) -> tuple[Assignment, ...]:
    columns, values = insert.this, insert.args.get("expression")
    if not isinstance(columns, exp.Tuple) or not isinstance(values, exp.Tuple):
        raise Unsupported(
            "INSERT without its columns in a MERGE", hint="Write INSERT (a, b) VALUES (x, y) or INSERT *."
        )
    named, given = len(columns.expressions), len(values.expressions)
    if named != given:
        raise InvalidInput(f"The INSERT of the MERGE names {named} columns, but gives {given} values.")
    pairs = zip(columns.expressions, values.expressions, strict=True)
    return tuple(_assigned(column, value, in_merge=True) for column, value in pairs)


def _assignment(node: exp.Expr, *, in_merge: bool = False) -> Assignment:
    if not isinstance(node, exp.EQ):
        raise InvalidInput(f"{node.sql(dialect='databricks')} is not an assignment.", hint="Write column = value.")
    return _assigned(node.this, node.expression, in_merge=in_merge)


def _assigned(column: exp.Expr, value: exp.Expr, *, in_merge: bool) -> Assignment:
    if not isinstance(column, exp.Column | exp.Dot):
        raise InvalidInput(f"{column.sql(dialect='databricks')} is not the name of a column.")
    if isinstance(value, exp.Column) and len(value.parts) == 1 and _is_default(value.this):
        raise Unsupported("DEFAULT", hint="Columns have no default values; write the value.")
    if in_merge:
        _check_expression(value, "the values of a MERGE")
    else:
        check_query(value)
    parts = column.parts
    return Assignment(tuple(str(part.this) for part in parts), value)


def _is_default(identifier: exp.Expr) -> bool:
    return str(identifier.this).upper() == "DEFAULT" and not identifier.args.get("quoted")


def _target(table: exp.Expr) -> tuple[tuple[str, ...], str | None]:
    if not isinstance(table, exp.Table):
        raise InvalidInput("A table name is expected.", hint="Write catalog.schema.table.")
    plain = table.copy()
    alias = plain.args.get("alias")
    plain.set("alias", None)
    if alias is not None and alias.args.get("columns"):
        raise Unsupported("An alias with columns for the table that changes")
    return table_parts(plain), str(alias.this.this) if alias is not None and alias.this is not None else None


def _condition(tree: exp.Expr) -> exp.Expr | None:
    where = tree.args.get("where")
    if where is None:
        return None
    check_query(where.this)
    return where.this


def _check_expression(tree: exp.Expr, place: str) -> None:
    check_query(tree)
    if isinstance(tree, _SUBQUERIES) or tree.find(*_SUBQUERIES) is not None:
        raise Unsupported(f"A subquery in {place}", hint="Put it into the source: USING (SELECT ...).")


def _as_query(values: exp.Values) -> exp.Subquery:
    alias = values.args.get("alias")
    name = None if alias is None else exp.TableAlias(this=alias.this.copy())
    return exp.Subquery(this=exp.Select(expressions=[exp.Star()], from_=exp.From(this=values.copy())), alias=name)


def _require_repeatable(tree: exp.Expr, place: str) -> None:
    """A condition decides which clause holds and what it sets; both must see the same answer."""
    for call in tree.find_all(exp.Func):
        name = (call.name if isinstance(call, exp.Anonymous) else call.sql_name()).lower()
        if name in CHANGING:
            raise Unsupported(
                f"{name}() in {place}", hint="Compute it in the source: USING (SELECT ..., rand() AS chance FROM ...)."
            )


def _require_reachable(clauses: Iterable[MergeClause]) -> None:
    unconditional: set[MergeFamily] = set()
    for clause in clauses:
        if clause.family in unconditional:
            raise InvalidInput(
                f"After a WHEN {clause.family.value} without a condition no other is reached.",
                hint="Give all but the last one a condition: AND ...",
            )
        if clause.condition is None:
            unconditional.add(clause.family)


def _only(tree: exp.Expr, known: frozenset[str], statement: str) -> None:
    for part, value in tree.args.items():
        if value and part not in known:
            raise Unsupported(f"{part.rstrip('_').upper()} in {statement}")
