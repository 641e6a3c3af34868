"""``VALUES`` without names: the columns are called ``col1``, ``col2``...; DuckDB would begin with ``col0``."""

from sqlglot import exp


def name_values(node: exp.Expr) -> exp.Expr:
    """The same rows with names for their columns, where a query reads from them."""
    if not isinstance(node.parent, exp.From | exp.Join | exp.Subquery) or not node.expressions:
        return node
    first = node.expressions[0]
    width = len(first.expressions) if isinstance(first, exp.Tuple) else 1
    alias = node.args.get("alias") or exp.TableAlias()
    if not alias.args.get("columns"):
        alias.set("columns", [exp.to_identifier(f"col{position}", quoted=True) for position in range(1, width + 1)])
    if alias.this is None:
        alias.set("this", exp.to_identifier("__values", quoted=True))
    node.set("alias", alias)
    return node
