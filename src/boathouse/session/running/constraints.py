"""The CHECK constraints of a table, in the engine's words."""

from sqlglot import exp

from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.lake import Snapshot
from boathouse.lake.row_changes import Check
from boathouse.session.sql.dialect import engine_sql
from boathouse.session.sql.reading import read_query
from boathouse.session.sql.translate import SessionFacts, translate

PREFIX = "delta.constraints."


def checks_of(snapshot: Snapshot) -> tuple[Check, ...]:
    """The constraints that a row of the table must fulfil.

    Raises:
        InvalidInput: One of them is not SQL that we understand, so that nobody could say whether it holds.
    """
    return tuple(
        check_named(name.removeprefix(PREFIX), condition)
        for name, condition in snapshot.properties.items()
        if name.startswith(PREFIX)
    )


def check_named(name: str, condition: str) -> Check:
    """One constraint.

    Raises:
        InvalidInput: As :func:`checks_of`; also when it reads other tables.
    """
    try:
        tree = read_query(f"SELECT ({condition}\n)")
    except BoathouseError as error:
        raise InvalidInput(f"The constraint {name} ({condition}) cannot be checked: {error.message}") from error
    if list(tree.find_all(exp.Select))[1:] or tree.find(exp.Table):
        raise InvalidInput(f"The constraint {name} ({condition}) reads more than the row.")
    translated = translate(tree, SessionFacts(""))
    return Check(name, condition, engine_sql(translated.expressions[0].unalias()))
