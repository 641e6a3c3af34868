# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""MERGE: table and source are joined once, each pair or lone row finds the first clause that wants it, and the lake
changes the rows accordingly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.row_changes import (
    CLAUSE,
    FILE,
    ROW,
    SOURCE,
    SOURCE_ROW,
    TARGET,
    ChangeKind,
    ChangeReport,
    Clause,
    MergeSource,
    RowChanges,
)
from boathouse.session.result import Result, result_of
from boathouse.session.running.access import Access
from boathouse.session.running.changing import (
    Target,
    carried_out,
    named,
    other_sources,
    prepared_change,
    qualifiers_of,
    told,
)
from boathouse.session.sql.assigning import set_values
from boathouse.session.sql.dialect import engine_sql
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.statements import Assignment, Merge, MergeClause, MergeFamily

_UNNAMED = "source"


@dataclass(frozen=True, slots=True)
class _Arm:
    """A clause of the statement with everything resolved: when it holds, and what it sets."""

    written: MergeClause
    holds: exp.Expr
    values: dict[str, exp.Expr]


def merge(access: Access, statement: Merge) -> Result:
    """MERGE INTO."""
    if statement.evolves:
        raise Unsupported("MERGE WITH SCHEMA EVOLUTION", hint="Add the columns first: ALTER TABLE ... ADD COLUMNS.")
    target = Target.of(access, statement.table, statement.alias)
    source, source_alias = _source(statement.source)
    if source_alias.lower() == target.alias.lower():
        raise InvalidInput(f"Table and source are both called {target.alias}.", hint="Give the source another alias.")
    arms = [_arm(clause, target, source_alias) for clause in statement.clauses]
    columns = tuple(name for name in target.snapshot.fields if any(name in arm.values for arm in arms))
    select = exp.Select(
        expressions=[
            *(named(_first(arms, [arm.values.get(name) for arm in arms]), n) for n, name in enumerate(columns)),
            target.place(FILE),
            target.place(ROW),
            exp.column(SOURCE_ROW, table=exp.to_identifier(source_alias, quoted=True), quoted=True),
            exp.alias_(
                _first(arms, [exp.Literal.number(n) for n in range(len(arms))]), exp.to_identifier(CLAUSE, quoted=True)
            ),
        ],
        from_=exp.From(this=target.node()),
        joins=[exp.Join(this=source, on=statement.on.copy(), side=_side(arms), kind="" if _side(arms) else "INNER")],
    )
    prepared = prepared_change(access, target, select, columns)
    tree = prepared.tree
    assert isinstance(tree, exp.Select)
    join = tree.args["joins"][0]
    rows: exp.Expr = join.this.this
    if (with_ := tree.args.get("with_")) is not None:
        tree.set("with_", None)
        rows = exp.Select(
            expressions=[exp.Star()], from_=exp.From(this=exp.Subquery(this=rows, alias=_table_alias("rows")))
        )
        rows.set("with_", with_)
    query, follows = other_sources(prepared, target, rows)
    tree.args["from_"].this.set("this", exp.to_identifier(TARGET, quoted=True))
    join.set("this", exp.Table(this=exp.to_identifier(SOURCE, quoted=True), alias=_table_alias(source_alias)))
    changes = RowChanges(
        "MERGE",
        replace(query, sql=engine_sql(rows)),
        engine_sql(tree),
        tuple(Clause(arm.written.kind, tuple(arm.values)) for arm in arms),
        columns,
        merge=_narrowed(join.args["on"], target, source_alias, statement),
        follows=follows,
        checks=target.checks,
        parameters={"predicate": told(statement.on)},
    )
    return _counted(carried_out(access, target, prepared, changes))


def _source(node: exp.Expr) -> tuple[exp.Subquery, str]:
    """The source as a query in parentheses, and its name."""
    alias = node.args.get("alias")
    spelled = str(alias.this.this) if alias is not None and alias.this is not None else None
    if isinstance(node, exp.Subquery):
        query = node.copy()
        query.set("alias", _table_alias(spelled or _UNNAMED, alias.args.get("columns") if alias else None))
        return query, spelled or _UNNAMED
    name = spelled or str(node.name)
    columns = alias.args.get("columns") if alias else None
    table = node.copy()
    table.set("alias", None)
    inner = exp.Select(expressions=[exp.Star()], from_=exp.From(this=table))
    return exp.Subquery(this=inner, alias=_table_alias(name, columns)), name


def _table_alias(name: str, columns: Sequence[exp.Expr] | None = None) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True), columns=list(columns) if columns else None)


def _arm(clause: MergeClause, target: Target, source: str) -> _Arm:
    in_table = exp.Not(this=exp.Is(this=target.place(ROW), expression=exp.null()))
    source_row = exp.column(SOURCE_ROW, table=exp.to_identifier(source, quoted=True), quoted=True)
    in_source = exp.Not(this=exp.Is(this=source_row, expression=exp.null()))
    match clause.family:
        case MergeFamily.MATCHED:
            holds = exp.and_(in_table, in_source)
        case MergeFamily.NOT_MATCHED:
            holds = exp.and_(in_table.this.copy(), in_source)
            _refuse_other_side(clause, target.alias, "the table, in which it has no row")
        case _:
            holds = exp.and_(in_table, in_source.this.copy())
            _refuse_other_side(clause, source, "the source, in which it has no row")
    if clause.condition is not None:
        holds = exp.and_(holds, exp.Paren(this=clause.condition.copy()))
    values: dict[str, exp.Expr] = {}
    if clause.kind is not ChangeKind.DELETE:
        given = clause.assignments
        if given is None:
            given = tuple(
                Assignment((name,), exp.column(name, table=exp.to_identifier(source, quoted=True), quoted=True))
                for name in target.snapshot.fields
            )
        values = set_values(given, target.snapshot, qualifiers_of(target))
    return _Arm(clause, holds, values)


def _refuse_other_side(clause: MergeClause, alias: str, side: str) -> None:
    used = [clause.condition, *(each.value for each in clause.assignments or ())]
    for expression in used:
        for column in expression.find_all(exp.Column) if expression is not None else ():
            if len(column.parts) > 1 and str(column.parts[0].this).lower() == alias.lower():
                raise InvalidInput(
                    f"WHEN {clause.family.value} is about a row that does not meet {side}: {column.sql('databricks')}."
                )


def _first(arms: Sequence[_Arm], answers: Sequence[exp.Expr | None]) -> exp.Expr:
    """What the first clause that holds answers."""
    branches = [
        exp.If(this=arm.holds.copy(), true=exp.null() if answer is None else answer.copy())
        for arm, answer in zip(arms, answers, strict=True)
    ]
    return exp.Case(ifs=branches)


def _side(arms: Sequence[_Arm]) -> str:
    families = {arm.written.family for arm in arms}
    if MergeFamily.NOT_MATCHED_BY_SOURCE in families:
        return "FULL" if MergeFamily.NOT_MATCHED in families else "LEFT"
    return "RIGHT" if MergeFamily.NOT_MATCHED in families else ""


def _narrowed(on: exp.Expr, target: Target, source: str, statement: Merge) -> MergeSource:
    """What the condition says of the table alone and of equal keys; both narrow down the files to look into."""
    matched = [clause for clause in statement.clauses if clause.family is MergeFamily.MATCHED]
    alone: list[exp.Expr] = []
    keys: list[tuple[str, str]] = []
    for part in _conjuncts(on):
        columns = list(part.find_all(exp.Column))
        if columns and all(column.table.lower() == target.alias.lower() for column in columns):
            alone.append(part)
        elif isinstance(part, exp.EQ):
            keys += _key(part, target, source)
    condition = None
    if alone:
        table = exp.Table(this=exp.to_identifier(TARGET, quoted=True), alias=_table_alias(target.alias))
        where = exp.Where(this=exp.and_(*(each.copy() for each in alone), wrap=False))
        condition = engine_sql(exp.Select(expressions=[exp.Literal.number(1)], from_=exp.From(this=table), where=where))
    return MergeSource(
        tuple(keys),
        condition,
        meets_every_row=any(each.family is MergeFamily.NOT_MATCHED_BY_SOURCE for each in statement.clauses),
        may_meet_twice=len(matched) == 1 and matched[0].kind is ChangeKind.DELETE and matched[0].condition is None,
    )


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.this)
        yield from _conjuncts(condition.expression)
    else:
        yield condition


def _key(equation: exp.EQ, target: Target, source: str) -> Iterator[tuple[str, str]]:
    known = {name.lower(): name for name in target.snapshot.fields}
    for one, other in ((equation.this, equation.expression), (equation.expression, equation.this)):
        if not isinstance(one, exp.Column) or not isinstance(other, exp.Column):
            return
        column = known.get(one.name.lower())
        if column and one.table.lower() == target.alias.lower() and other.table.lower() == source.lower():
            yield column, engine_sql(exp.column(other.name, quoted=True))


def _counted(report: ChangeReport) -> Result:
    counts = {
        "num_affected_rows": report.affected,
        "num_updated_rows": report.updated,
        "num_deleted_rows": report.deleted,
        "num_inserted_rows": report.inserted,
    }
    schema = pa.schema([(name, pa.int64()) for name in counts])
    return result_of({name: [count] for name, count in counts.items()}, schema)
