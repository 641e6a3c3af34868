"""What an expression is computed from, and what decides its value."""

from collections.abc import Iterable, Iterator

from sqlglot import exp

from boathouse.session.sql.column_lineage.flows import Flow, Origin
from boathouse.session.sql.column_lineage.scopes import Scope

QUERIES = (exp.Select, exp.SetOperation, exp.Subquery)

_DECIDING: dict[type[exp.Expr], frozenset[str]] = {
    exp.Case: frozenset({"this"}),
    exp.If: frozenset({"this"}),
    exp.Filter: frozenset({"expression"}),
    exp.Window: frozenset({"partition_by", "order", "spec"}),
    exp.Order: frozenset({"expressions"}),
    exp.Exists: frozenset({"this"}),
}
"""The parts that choose a value but do not enter it."""


def flow_of(node: exp.Expr | None, scope: Scope, *, after_list: bool = False) -> Flow:
    """The flow of an expression. Walks with a list of its own: long chains of ``+`` are as deep as they are long."""
    direct: set[Origin] = set()
    indirect: set[Origin] = set()
    waiting = [(node, True)] if node is not None else []
    while waiting:
        at, enters = waiting.pop()
        if isinstance(at, exp.Column):
            _add(_column(at, scope, after_list), direct if enters else indirect, indirect)
        elif isinstance(at, QUERIES):
            relation = scope.relation_of(at, scope)
            _add(relation.everything, direct if enters else indirect, indirect)
            indirect |= relation.rows
        elif isinstance(at, exp.Window):
            waiting += [(part, enters and goes_in) for part, goes_in in _window(at)]
            named = scope.windows.get(at.alias.lower()) if at.args.get("alias") else None
            if named is not None:
                indirect |= named.everything
        else:
            waiting += [(part, enters and goes_in) for part, goes_in in _parts(at)]
    return Flow(frozenset(direct), frozenset(indirect))


def flows_of(nodes: Iterable[exp.Expr | None], scope: Scope, *, after_list: bool = False) -> frozenset[Origin]:
    """Everything that has a say in any of the expressions."""
    found: set[Origin] = set()
    for node in nodes:
        found |= flow_of(node, scope, after_list=after_list).everything
    return frozenset(found)


def _column(column: exp.Column, scope: Scope, after_list: bool) -> Flow:
    if not isinstance(column.this, exp.Star):
        return scope.column(column, after_list=after_list)
    table = column.table.lower() or None
    flow = Flow()
    for each in scope.all_of(table):
        flow |= each.flow
    return flow


def _add(flow: Flow, direct: set[Origin], indirect: set[Origin]) -> None:
    direct |= flow.direct
    indirect |= flow.indirect


def _parts(node: exp.Expr) -> Iterator[tuple[exp.Expr, bool]]:
    deciding = _DECIDING.get(type(node), frozenset[str]())
    for key, value in node.args.items():
        if isinstance(node, exp.Lambda) and key == "expressions":
            continue  # the names of its parameters
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, exp.Expr):
                yield part, key not in deciding


def _window(node: exp.Window) -> Iterator[tuple[exp.Expr, bool]]:
    """A rank has no argument: there the order is what enters."""
    call = node.this
    is_rank = not any(isinstance(each, exp.Column | exp.Star) for each in call.walk()) if call is not None else False
    for part, goes_in in _parts(node):
        if is_rank and isinstance(part, exp.Order):
            yield from ((key, True) for key in part.expressions)
        else:
            yield part, goes_in
