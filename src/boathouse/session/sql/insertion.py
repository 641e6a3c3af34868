"""INSERT, from sqlglot's tree to ours."""

from sqlglot import exp

from boathouse.session.sql.creation import table_parts
from boathouse.session.sql.guard import check_query
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.statements import Insert

_KNOWN_PARTS = frozenset({"this", "expression", "overwrite", "by_name", "stored", "exists"})


def read_insert(tree: exp.Insert) -> Insert:
    """The statement that the tree means.

    Raises:
        Unsupported: It asks for something that we do not do, such as a PARTITION or REPLACE WHERE clause.
    """
    for part, value in tree.args.items():
        if value and part not in _KNOWN_PARTS:
            raise Unsupported(f"{part.upper()} in INSERT")
    target, columns = tree.this, None
    if isinstance(target, exp.Schema):
        columns = tuple(column.name for column in target.expressions)
        target = target.this
    query = tree.args.get("expression")
    if not isinstance(query, exp.Expr):
        raise Unsupported("INSERT without VALUES or SELECT")
    check_query(query)
    return Insert(
        table=table_parts(target),
        query=query,
        columns=columns,
        by_name=bool(tree.args.get("by_name")),
        overwrite=bool(tree.args.get("overwrite")),
    )
