# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Slices: Databricks SQL over the columns of one row, in the engine's words.

A text passes the session's list of what a query may be made of, and may hold no query, aggregate or window of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from boathouse.foundation.errors import BoathouseError, InvalidInput, did_you_mean
from boathouse.session.sql.dialect import engine_sql
from boathouse.session.sql.functions import CHANGING
from boathouse.session.sql.reading import read_query
from boathouse.session.sql.translate import SessionFacts, translate


class BadSlice(InvalidInput):
    """A slicing expression that cannot be asked of each row."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One slicing expression."""

    key: str
    """As it was written."""
    sql: str
    """For the engine."""


def read_slice(text: str, columns: Sequence[str]) -> Slice:
    """Read an expression over these columns.

    Raises:
        BadSlice: It is none, reads more than one row, or names a column that is not there.
    """
    tree = _tree(text)
    known = {name.casefold() for name in columns}
    for column in tree.find_all(exp.Column):
        # A qualified name is a field of a struct column: what stands first is the column.
        first = (column.args.get("catalog") or column.args.get("db") or column.args.get("table") or column.this).name
        if first.casefold() not in known:
            raise BadSlice(
                f"The slice {text!r} names {first}, which is no column of the table.",
                hint=did_you_mean(first, columns) or f"There are {', '.join(list(columns)[:20])}.",
            )
    try:
        translated = translate(tree, SessionFacts(""))
    except BoathouseError as error:
        raise BadSlice(f"The slice {text!r} cannot be asked: {error.message}", hint=error.hint) from error
    return Slice(text, engine_sql(translated.expressions[0].unalias()))


def _tree(text: str) -> exp.Expr:
    try:
        tree = read_query(f"SELECT ({text}\n)")
    except BoathouseError as error:
        raise BadSlice(f"The slice {text!r} cannot be read: {error.message}", hint=error.hint) from error
    is_whole = isinstance(tree, exp.Select) and len(tree.expressions) == 1
    if not is_whole or len(list(tree.find_all(exp.Query))) > 1:
        raise BadSlice(f"The slice {text!r} is more than an expression.")
    if tree.find(exp.Table, exp.Star, exp.Placeholder, exp.Window):
        raise BadSlice(f"The slice {text!r} looks at more than one row.")
    if set(tree.args) & {name for name, value in tree.args.items() if value} - {"expressions", "kind", "hint"}:
        raise BadSlice(f"The slice {text!r} is more than an expression.")
    calls = {call.name.lower() for call in tree.find_all(exp.Anonymous)}
    if changing := calls & CHANGING:
        raise BadSlice(f"The slice {text!r} asks {min(changing)}, which answers anew each time.")
    return tree
