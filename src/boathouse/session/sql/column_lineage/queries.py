"""The relation that a query gives: its sources, then its list, then what decides its rows."""

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from boathouse.session.sql.column_lineage.expressions import flow_of, flows_of
from boathouse.session.sql.column_lineage.flows import (
    EVERY_COLUMN,
    NOTHING,
    Column,
    Flow,
    Origin,
    Output,
    QueryFlow,
    Relation,
    Spread,
    merged,
)
from boathouse.session.sql.column_lineage.scopes import Scope, Source
from boathouse.session.sql.generators import generator_name

Schemas = Mapping[str, Sequence[str] | None]
"""The columns of what is bound, by alias; None where only the engine will know them."""

_ONE_SIDED = frozenset({"SEMI", "ANTI"})


def flow_of_query(tree: exp.Expr, schemas: Schemas) -> QueryFlow:
    """The lineage of the columns of a bound query."""
    reader = _Reader({alias.lower(): columns for alias, columns in schemas.items()})
    return QueryFlow(reader.relation(tree, Scope(reader.relation, {}), is_outermost=True))


class _Reader:
    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def relation(self, node: exp.Expr, around: Scope, *, is_outermost: bool = False) -> Relation:
        """What a query gives, seen from the scope around it."""
        scope = around.inner()
        with_ = node.args.get("with_")
        for cte in with_.expressions if with_ else ():
            scope.ctes[cte.alias.lower()] = self.relation(cte.this, scope).renamed(_column_names(cte))
        match node:
            case exp.Select():
                found = self._select(node, scope, is_outermost)
            case exp.SetOperation():
                found = self._set_operation(node, scope)
            case exp.Values():
                found = _values(node, scope)
            case exp.Subquery():
                found = self._ordered(node, self._inside(node, scope), scope)
            case _:
                found = self._joined(node, scope)
        return found.renamed(_column_names(node)) if isinstance(node, exp.Subquery) else found

    # -- SELECT ---------------------------------------------------------------------------------------------------

    def _select(self, select: exp.Select, scope: Scope, is_outermost: bool) -> Relation:
        rows: set[Origin] = set()
        from_ = select.args.get("from_")
        if from_ is not None:
            rows |= self._add_factor(from_.this, scope)
        for lateral in select.args.get("laterals") or ():
            rows |= self._add_factor(lateral, scope)
        for join in select.args.get("joins") or ():
            rows |= self._join(join, scope)
        for window in select.args.get("windows") or ():
            scope.windows[str(window.this.this).lower()] = Flow(indirect=flows_of([*_children(window)], scope))
        columns = self._list(select, scope)
        for item in select.expressions:
            if any(_is_explode(each) for each in item.walk()):
                rows |= flow_of(item, scope).everything
        rows |= self._deciding(select, columns, scope)
        if not is_outermost or select.args.get("limit"):
            rows |= _order(select, columns, scope)
        return Relation(columns, frozenset(rows))

    def _list(self, select: exp.Select, scope: Scope) -> tuple[Column, ...]:
        columns: list[Column] = []
        for item in select.expressions:
            if (star := _star(item)) is not None:
                columns += _spelled_out(item, star, scope)
                continue
            flow = flow_of(item.this if isinstance(item, exp.Alias) else item, scope)
            name = item.alias_or_name
            columns.append(Output(name, flow))
            if isinstance(item, exp.Alias):
                scope.given.setdefault(name.lower(), flow)
        return tuple(columns)

    def _deciding(self, select: exp.Select, columns: Sequence[Column], scope: Scope) -> set[Origin]:
        rows: set[Origin] = set()
        for clause in ("where", "having", "qualify"):
            rows |= flow_of(select.args.get(clause), scope, after_list=True).everything
        group = select.args.get("group")
        if group is not None:
            rows |= _by_position(group.expressions, columns)
            rows |= flow_of(group, scope, after_list=True).everything
        if select.args.get("distinct") or (group is not None and group.args.get("all")):
            rows |= merged(each.flow for each in columns).everything
        rows |= flows_of([select.args.get("limit"), select.args.get("offset")], scope)
        return rows

    # -- FROM -----------------------------------------------------------------------------------------------------

    def _add_factor(self, factor: exp.Expr, scope: Scope) -> frozenset[Origin]:
        """Put what stands after FROM into the scope; give what decides its rows."""
        rows: set[Origin] = set()
        for alias, relation in self._factor(factor, scope):
            scope.sources.append((alias, relation))
            rows |= relation.rows
        for join in factor.args.get("joins") or ():
            rows |= self._join(join, scope)
        for lateral in factor.args.get("laterals") or ():
            rows |= self._add_factor(lateral, scope)
        return frozenset(rows)

    def _factor(self, factor: exp.Expr, scope: Scope) -> Iterator[Source]:
        alias = factor.alias.lower()
        match factor:
            case exp.Table(this=exp.Identifier() as name):
                spelled = str(name.this).lower()
                relation = scope.ctes.get(spelled) or self._bound(spelled)
                yield alias or spelled, relation.renamed(_column_names(factor))
            case exp.Table() | exp.Lateral() if not isinstance(factor.this, exp.Subquery | exp.Select):
                flow = flow_of(factor.this, scope)
                names = _column_names(factor) or ["col"]
                yield alias, Relation(tuple(Output(name, flow) for name in names), flow.everything)
            case exp.Lateral():
                yield alias, self.relation(factor.this, scope).renamed(_column_names(factor))
            case exp.Subquery() if not alias and isinstance(factor.this, exp.Table):
                inner = scope.inner()  # only parentheses: the names inside stay visible
                rows = self._add_factor(factor.this, inner)
                for position, (name, relation) in enumerate(inner.sources):
                    yield name, Relation(relation.columns, relation.rows | (rows if position == 0 else NOTHING))
                scope.joined |= inner.joined
            case _:
                yield alias, self.relation(factor, scope).renamed(_column_names(factor))

    def _bound(self, alias: str) -> Relation:
        columns = self._schemas.get(alias)
        if columns is None:
            return Relation((Spread(Flow(frozenset({(alias, EVERY_COLUMN)})), alias),))
        return Relation(tuple(Output(name, Flow(frozenset({(alias, name)}))) for name in columns))

    def _join(self, join: exp.Join, scope: Scope) -> frozenset[Origin]:
        before = len(scope.sources)
        rows = set(self._add_factor(join.this, scope))
        shared = [str(each.this).lower() for each in join.args.get("using") or () if isinstance(each, exp.Identifier)]
        shared += [each.name.lower() for each in join.args.get("using") or () if isinstance(each, exp.Column)]
        if str(join.args.get("method") or "").upper() == "NATURAL":
            shared += _shared_names(scope.sources[:before], scope.sources[before:])
        for name in shared:
            for _, relation in scope.sources:
                found = relation.find(name) or relation.guess(name)
                rows |= found.everything if found is not None else NOTHING
        rows |= flow_of(join.args.get("on"), scope).everything
        if {str(join.args.get("kind") or "").upper(), str(join.args.get("side") or "").upper()} & _ONE_SIDED:
            del scope.sources[before:]
        else:
            scope.joined |= set(shared)
        return frozenset(rows)

    def _joined(self, node: exp.Expr, scope: Scope) -> Relation:
        """A table, perhaps joined with others in parentheses, as one relation."""
        rows = self._add_factor(node, scope)
        return Relation(tuple(each for _, relation in scope.sources for each in relation.columns), rows)

    def _inside(self, node: exp.Subquery, scope: Scope) -> Relation:
        return self.relation(node.this, scope)

    # -- UNION and its like ---------------------------------------------------------------------------------------

    def _set_operation(self, node: exp.SetOperation, scope: Scope) -> Relation:
        found = [self.relation(side, scope) for side in _sides(node)]
        rows = frozenset[Origin]().union(*(each.rows for each in found))
        if any(not is_all for is_all in _keeps_all(node)):
            rows |= merged(each.everything for each in found).everything
        counts = {len(each.columns) for each in found}
        if len(counts) > 1 or any(isinstance(each, Spread) for side in found for each in side.columns):
            columns: tuple[Column, ...] = (Spread(merged(each.everything for each in found)),)
        else:
            names = [each.name for each in found[0].columns if isinstance(each, Output)]
            flows = [merged(each.flow for each in same) for same in zip(*(side.columns for side in found), strict=True)]
            columns = tuple(Output(name, flow) for name, flow in zip(names, flows, strict=True))
        return self._ordered(node, Relation(columns, rows), scope)

    def _ordered(self, node: exp.Expr, found: Relation, scope: Scope) -> Relation:
        """With ORDER BY and LIMIT after a closing parenthesis or a UNION."""
        if not any(node.args.get(part) for part in ("order", "limit", "offset")):
            return found
        inner = scope.inner()
        inner.sources.append(("", found))
        rows = _order(node, found.columns, inner) | flows_of([node.args.get("limit"), node.args.get("offset")], inner)
        return Relation(found.columns, found.rows | rows)


def _order(node: exp.Expr, columns: Sequence[Column], scope: Scope) -> frozenset[Origin]:
    order = node.args.get("order")
    if order is None:
        return NOTHING
    keys = [each.this for each in order.expressions]
    return _by_position(keys, columns) | flows_of(keys, scope, after_list=True)


def _by_position(keys: Sequence[exp.Expr], columns: Sequence[Column]) -> frozenset[Origin]:
    """``ORDER BY 2``; with a star of unknown length before it, any column may be meant."""
    found: set[Origin] = set()
    for key in keys:
        if not isinstance(key, exp.Literal) or key.is_string or not str(key.this).isdigit():
            continue
        place = int(str(key.this)) - 1
        is_certain = place < len(columns) and not any(isinstance(each, Spread) for each in columns[: place + 1])
        found |= columns[place].flow.everything if is_certain else merged(each.flow for each in columns).everything
    return frozenset(found)


def _star(item: exp.Expr) -> exp.Star | None:
    if isinstance(item, exp.Star):
        return item
    if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        return item.this
    return None


def _spelled_out(item: exp.Expr, star: exp.Star, scope: Scope) -> Sequence[Column]:
    left_out = [each.name.lower() for each in star.args.get("except_") or ()]
    table = item.table.lower() or None if isinstance(item, exp.Column) else None
    known = scope.star(table, left_out)
    if known is not None:
        return known
    if table is not None and all(alias != table for alias, _ in scope.sources):
        return [Spread(scope.column(exp.column(table)))]  # the fields of a struct
    open_ones = [each for each in scope.all_of(table) if isinstance(each, Spread)]
    everything = scope.all_of(table)
    if len(open_ones) == len(everything) == 1 and not left_out:
        return open_ones
    if len(open_ones) == 1 and not left_out and not scope.joined:
        return everything
    return [Spread(merged(each.flow for each in everything))]


def _values(node: exp.Values, scope: Scope) -> Relation:
    rows = [each.expressions if isinstance(each, exp.Tuple) else [each] for each in node.expressions]
    flows = [merged(flow_of(cell, scope) for cell in same) for same in zip(*rows, strict=False)]
    columns = tuple(Output(f"col{position}", flow) for position, flow in enumerate(flows, start=1))
    return Relation(columns).renamed(_column_names(node))


def _column_names(node: exp.Expr) -> list[str]:
    alias = node.args.get("alias")
    columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    return [str(each.this) if isinstance(each, exp.Identifier) else each.name for each in columns or ()]


def _shared_names(left: Sequence[Source], right: Sequence[Source]) -> list[str]:
    names = [
        {each.name.lower() for _, relation in side for each in relation.columns if isinstance(each, Output)}
        for side in (left, right)
    ]
    return sorted(names[0] & names[1])


def _sides(node: exp.SetOperation) -> list[exp.Expr]:
    """All queries of a chain such as ``a UNION b UNION c``, which hangs to the left and may be long."""
    found: list[exp.Expr] = []
    at: exp.Expr = node
    while isinstance(at, exp.SetOperation) and (at is node or not _has_own_parts(at)):
        found.append(at.expression)
        at = at.this
    return [at, *reversed(found)]


def _keeps_all(node: exp.SetOperation) -> Iterator[bool]:
    at: exp.Expr = node
    while isinstance(at, exp.SetOperation) and (at is node or not _has_own_parts(at)):
        yield isinstance(at, exp.Union) and not at.args.get("distinct")
        at = at.this


def _has_own_parts(node: exp.Expr) -> bool:
    return any(node.args.get(part) for part in ("order", "limit", "offset", "with_"))


def _children(node: exp.Expr) -> Iterator[exp.Expr]:
    for key, value in node.args.items():
        if key == "this":
            continue
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, exp.Expr):
                yield part


def _is_explode(node: exp.Expr) -> bool:
    """Whether it makes rows: the call as it was written, or what a LATERAL VIEW of it has become."""
    return generator_name(node) is not None or "unnest(" in str(node.args.get("template", ""))
