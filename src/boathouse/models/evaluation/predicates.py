# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Conditions that people write, asked of the rows of one frame and of nothing else.

A condition is Databricks SQL over the frame's columns. It passes the session's list of what a query may be made of, may
hold no query of its own, and is run by the engine over the frame alone, in a connection that can open nothing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlglot import exp

from boathouse.foundation.errors import BoathouseError, InvalidInput, did_you_mean
from boathouse.lake.engine import Engine, EngineQuery
from boathouse.session.sql.dialect import engine_sql
from boathouse.session.sql.functions import CHANGING
from boathouse.session.sql.reading import read_query
from boathouse.session.sql.translate import SessionFacts, translate

if TYPE_CHECKING:
    import polars as pl

_FRAME = "frame"


class BadPredicate(InvalidInput):
    """A condition that cannot be asked of the rows."""


def require_condition(predicate: str) -> None:
    """Whether a text is a condition on one row at all, whatever columns there will be.

    Raises:
        BadPredicate: It is none.
    """
    if _tree(predicate).find(exp.Window):
        raise BadPredicate(f"The condition {predicate!r} looks at more than one row.")


def check_predicate(predicate: str, columns: Sequence[str]) -> None:
    """Whether a condition can be asked of rows with these columns.

    Raises:
        BadPredicate: It is no condition, reads more than the row, or names a column that is not there.
    """
    _engine_text(predicate, columns)


def rows_where(engine: Engine, frame: "pl.DataFrame", predicate: str) -> "np.ndarray[Any, Any]":
    """The positions of the rows for which the condition is true.

    Raises:
        BadPredicate: As :func:`check_predicate`; also when it cannot be computed for these rows.
    """
    text = _engine_text(predicate, frame.columns)
    needed = _columns_of(predicate, frame.columns)
    asked = frame.select(needed) if needed else frame.select(frame.columns[:1])
    query = EngineQuery(f"SELECT ({text}) AS hit FROM {_FRAME}", arrow={_FRAME: asked.to_arrow()})
    try:
        hits = engine.run(query).arrow().column("hit")
    except BoathouseError as error:
        raise BadPredicate(f"The condition {predicate!r} cannot be asked of the rows: {error.message}") from error
    try:
        found = np.asarray(hits.fill_null(False).to_numpy())
    except (TypeError, ValueError, NotImplementedError) as error:
        raise no_condition(predicate) from error
    if found.dtype != np.bool_:
        raise no_condition(predicate)
    if len(found) != len(frame):
        raise BadPredicate(f"The condition {predicate!r} looks at more than one row.")
    return np.flatnonzero(found)


def no_condition(predicate: str) -> BadPredicate:
    """What is said of a text that gives something else than true or false."""
    return BadPredicate(f"{predicate!r} is neither true nor false.", hint="Compare something: distance > 1000.")


def _tree(predicate: str) -> exp.Expr:
    try:
        tree = read_query(f"SELECT ({predicate}\n)")
    except BoathouseError as error:
        raise BadPredicate(f"The condition {predicate!r} cannot be read: {error.message}", hint=error.hint) from error
    is_whole = isinstance(tree, exp.Select) and len(tree.expressions) == 1
    if not is_whole or len(list(tree.find_all(exp.Query))) > 1 or tree.find(exp.Table, exp.Star, exp.Placeholder):
        raise BadPredicate(f"The condition {predicate!r} is more than a condition on one row.")
    if changing := {call.name.lower() for call in tree.find_all(exp.Anonymous)} & CHANGING:
        raise BadPredicate(
            f"The condition {predicate!r} asks {min(changing)}, which answers anew each time; a version is judged on "
            "rows that stay.",
            hint="Draw them once, into a table.",
        )
    if set(tree.args) & {name for name, value in tree.args.items() if value} - {"expressions", "kind", "hint"}:
        raise BadPredicate(f"The condition {predicate!r} is more than a condition on one row.")
    return tree


def _columns_of(predicate: str, columns: Sequence[str]) -> list[str]:
    known = {name.casefold(): name for name in columns}
    found: list[str] = []
    for column in _tree(predicate).find_all(exp.Column):
        # A qualified name is a field of a struct column: what stands first is the column.
        first = (column.args.get("catalog") or column.args.get("db") or column.args.get("table") or column.this).name
        if first.casefold() not in known:
            raise BadPredicate(
                f"The condition {predicate!r} names {first}, which is no column of the rows.",
                hint=did_you_mean(first, columns) or f"There are {', '.join(list(columns)[:20])}.",
            )
        found.append(known[first.casefold()])
    return list(dict.fromkeys(found))


def _engine_text(predicate: str, columns: Sequence[str]) -> str:
    _columns_of(predicate, columns)
    tree = _tree(predicate)
    if tree.find(exp.Window):
        raise BadPredicate(f"The condition {predicate!r} looks at more than one row.")
    try:
        translated = translate(tree, SessionFacts(""))
    except BoathouseError as error:
        raise BadPredicate(f"The condition {predicate!r} cannot be asked: {error.message}", hint=error.hint) from error
    return engine_sql(translated.expressions[0].unalias())
