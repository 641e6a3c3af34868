"""What a query may be made of.

An allow-list: each kind of node with the parts it may have. A kind, or a part of one, that is not here is refused by
name. So a construct that sqlglot learns tomorrow, or that nobody thought of, is outside until somebody lets it in.
Functions are another list (:mod:`functions`); tables are bound to governed names by :mod:`binding`. What passes all
three cannot name a file, a network address or a setting, and the engine's locked connection would refuse it if it did.
"""

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.problems import Unsupported

MAX_NODES = 50_000
"""More than a person or a sensible generator writes."""

_BINARY = "this expression"
_ALLOWED: dict[type[exp.Expr], str] = {
    # Queries
    exp.Select: "expressions from_ joins laterals where group having qualify windows order limit offset distinct with_ "
    "sample",
    exp.TableSample: "method percent seed",
    exp.Union: "this expression distinct order limit offset with_",
    exp.Intersect: "this expression distinct order limit offset with_",
    exp.Except: "this expression distinct order limit offset with_",
    exp.Subquery: "this alias with_ order limit offset",
    exp.With: "expressions recursive",
    exp.CTE: "this alias",
    exp.Values: "expressions alias",
    exp.From: "this",
    exp.Join: "this on using side kind method",
    exp.Lateral: "this view outer alias",
    exp.Table: "this db catalog alias version joins laterals",
    exp.TableAlias: "this columns",
    exp.Version: "this kind expression",
    exp.Where: "this",
    exp.Group: "expressions all rollup cube grouping_sets",
    exp.Rollup: "expressions",
    exp.Cube: "expressions",
    exp.GroupingSets: "expressions",
    exp.Having: "this",
    exp.Qualify: "this",
    exp.Order: "this expressions",
    exp.Ordered: "this desc nulls_first",
    exp.Limit: "expression",
    exp.Offset: "expression",
    exp.Distinct: "expressions",
    # Windows and aggregates
    exp.Window: "this partition_by order spec alias over",
    exp.WindowSpec: "kind start start_side end end_side",
    exp.Filter: _BINARY,
    exp.WithinGroup: _BINARY,
    exp.IgnoreNulls: "this",
    exp.RespectNulls: "this",
    # Names and values
    exp.Identifier: "this quoted",
    exp.Column: "this table db catalog",
    exp.Dot: _BINARY,
    exp.Star: "except_",
    exp.Alias: "this alias",
    exp.Aliases: "this expressions",
    exp.Literal: "this is_string",
    exp.RawString: "this",
    exp.Boolean: "this",
    exp.Null: "",
    exp.Placeholder: "this",
    exp.Tuple: "expressions",
    exp.Paren: "this",
    exp.Interval: "this unit",
    exp.IntervalSpan: _BINARY,
    exp.Var: "this",
    exp.DataType: "this expressions nested",
    exp.DataTypeParam: "this",
    exp.ColumnDef: "this kind",
    # Expressions
    exp.Anonymous: "this expressions",
    exp.Lambda: "this expressions",
    exp.Kwarg: _BINARY,
    exp.Cast: "this to",
    exp.TryCast: "this to safe",
    exp.Case: "this ifs default",
    exp.If: "this true false",
    exp.Exists: "this",
    exp.In: "this expressions query",
    exp.Between: "this low high",
    exp.Like: "this expression negate",
    exp.ILike: "this expression negate",
    exp.RegexpLike: "this expression",
    exp.Escape: _BINARY,
    exp.Any: "this",
    exp.All: "this",
    exp.Is: _BINARY,
    exp.Not: "this",
    exp.And: _BINARY,
    exp.Or: _BINARY,
    exp.EQ: _BINARY,
    exp.NEQ: _BINARY,
    exp.GT: _BINARY,
    exp.GTE: _BINARY,
    exp.LT: _BINARY,
    exp.LTE: _BINARY,
    exp.NullSafeEQ: _BINARY,
    exp.NullSafeNEQ: _BINARY,
    exp.Add: _BINARY,
    exp.Sub: _BINARY,
    exp.Mul: _BINARY,
    exp.Div: "this expression typed safe",
    exp.IntDiv: _BINARY,
    exp.Mod: _BINARY,
    exp.Neg: "this",
    exp.DPipe: "this expression safe",
    exp.Concat: "expressions safe coalesce",
    exp.BitwiseAnd: _BINARY,
    exp.BitwiseOr: _BINARY,
    exp.BitwiseXor: _BINARY,
    exp.BitwiseNot: "this",
    exp.Bracket: "this expressions",
    exp.Trim: "this expression position",
    exp.Substring: "this start length",
    exp.StrPosition: "this substr position",
    exp.Overlay: "this expression from_ for_",
    exp.HexString: "this",
    exp.BitwiseLeftShift: _BINARY,
    exp.BitwiseRightShift: _BINARY,
    exp.Extract: _BINARY,
    exp.CurrentDate: "",
    exp.CurrentTimestamp: "",
    exp.CurrentUser: "",
}
_PARTS = {kind: frozenset(parts.split()) for kind, parts in _ALLOWED.items()}

_SPELLED = {
    "hint": "A hint (/*+ ... */)",
    "pivots": "PIVOT here",
    "lock": "FOR UPDATE",
    "locks": "FOR UPDATE",
    "into": "SELECT INTO",
    "parameter": "@ or ${...}; write a parameter as :name. It",
    "jsonextract": "The JSON path operator (column:path); use get_json_object(column, '$.path'). It",
    "cluster": "CLUSTER BY",
    "distribute": "DISTRIBUTE BY",
    "sort": "SORT BY",
    "replace": "SELECT * REPLACE",
    "rename": "SELECT * RENAME",
    "kind": "SELECT AS STRUCT",
}


def check_query(tree: exp.Expr) -> None:
    """Let a query through, or say what in it is not supported.

    Raises:
        Unsupported: It holds something that is not on the list.
        InvalidInput: It is larger than any query should be.
    """
    for count, node in enumerate(tree.walk(bfs=False)):
        if count > MAX_NODES:
            raise InvalidInput(
                f"The statement has more than {MAX_NODES} parts.", hint="Put its data in a table or a file instead."
            )
        _check_node(node)


def _check_node(node: exp.Expr) -> None:
    allowed = _PARTS.get(type(node))
    if allowed is None:
        raise Unsupported(_spelled(node.key))
    for part, value in node.args.items():
        if part not in allowed and value and part not in _INNER_BOOKKEEPING:
            raise Unsupported(_spelled(part))
    if isinstance(node, exp.Dot) and not (isinstance(node.expression, exp.Identifier) or _is_call(node)):
        raise Unsupported(f"The call {node.sql(dialect='databricks')}")


def _is_call(node: exp.Dot) -> bool:
    """``dev.shop.f(1)``: plain names before a call."""
    left: exp.Expr = node.this
    while isinstance(left, exp.Dot):
        if not isinstance(left.expression, exp.Identifier):
            return False
        left = left.this
    return isinstance(node.expression, exp.Anonymous) and isinstance(left, exp.Identifier)


_INNER_BOOKKEEPING = frozenset({"_type", "big_int"})
"""Notes that sqlglot keeps for itself on nodes; they hold no SQL."""


def _spelled(key: str) -> str:
    return _SPELLED.get(key, key.rstrip("_").upper())
