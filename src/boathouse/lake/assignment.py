"""What may be put into a column: Databricks' rules of assignment, as SQL of the engine.

A value is converted where nothing but precision is lost: a narrower number after a check that it fits, an instant into
a day. A text never becomes a number or a day by itself. What does not fit is an error that names column and value.
"""

from typing import Any

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.schema import duckdb_type, literal
from boathouse.lake.typed_macros import PREFIX

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_FRACTIONS = {"FLOAT", "DOUBLE"}
_INSTANTS = {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}


class Misassigned(InvalidInput):
    """A value of a type that a column cannot take."""

    def __init__(self, column: str, given: str, wanted: str) -> None:
        given, wanted = in_words(given), in_words(wanted)
        super().__init__(
            f"Column {column} is {wanted}; a value of type {given} cannot be put there.",
            hint=f"Convert it: CAST(... AS {wanted}).",
        )


_WORDS = {
    "VARCHAR": "STRING",
    "INTEGER": "INT",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "BLOB": "BINARY",
}


def in_words(kind: str) -> str:
    """A type of the engine as Databricks SQL spells it."""
    if kind.endswith("[]"):
        return f"ARRAY<{in_words(kind.removesuffix('[]'))}>"
    return _WORDS.get(kind, kind)


def assigned(value: str, given: str, column: str, delta_type: Any) -> str:
    """The SQL that turns a value of the engine's type ``given`` into one of the column.

    Raises:
        Misassigned: There is no such conversion.
    """
    wanted = duckdb_type(delta_type)
    if given == wanted:
        return value
    if given == '"NULL"' or given == "NULL":
        return f"CAST({value} AS {wanted})"
    if not isinstance(delta_type, str):
        if _base(given) != _base(wanted):
            raise Misassigned(column, given, wanted)
        return _checked(value, f"TRY_CAST({value} AS {wanted})", column, wanted)
    if not _may_become(given, wanted):
        raise Misassigned(column, given, wanted)
    if wanted in _INTEGERS and (given in _FRACTIONS or given.startswith("DECIMAL")):
        return _checked(value, f"TRY_CAST(trunc({value}) AS {wanted})", column, wanted)
    if wanted == "VARCHAR" and given in _FRACTIONS:
        return f"{PREFIX}double_text({value})"
    if wanted == "VARCHAR":
        text = f"CAST({value} AS VARCHAR)"
        return rf"regexp_replace({text}, '[+-]00$', '')" if given == "TIMESTAMP WITH TIME ZONE" else text
    return _checked(value, f"TRY_CAST({value} AS {wanted})", column, wanted)


def required(value: str, column: str, clauses: str) -> str:
    """The value, or an error where it is null in one of the clauses that set it."""
    return (
        f"CASE WHEN {clauses} AND ({value}) IS NULL THEN error({literal(f'Column {column} must not be null.')}) "
        f"ELSE {value} END"
    )


def _may_become(given: str, wanted: str) -> bool:
    is_number = given in _INTEGERS or given in _FRACTIONS or given.startswith("DECIMAL")
    if wanted == "VARCHAR":
        return is_number or given in _INSTANTS or given == "BOOLEAN"
    if wanted in _INTEGERS or wanted in _FRACTIONS or wanted.startswith("DECIMAL"):
        return is_number
    return wanted in _INSTANTS and given in _INSTANTS


def _checked(value: str, converted: str, column: str, wanted: str) -> str:
    start, end = literal("The value "), literal(f" does not fit into column {column}, which is {in_words(wanted)}.")
    problem = f"error({start} || CAST({value} AS VARCHAR) || {end})"
    return f"CASE WHEN ({value}) IS NOT NULL AND {converted} IS NULL THEN {problem} ELSE {converted} END"


def _base(kind: str) -> str:
    """Which kind of nested type it is."""
    if kind.endswith("]"):
        return "LIST"
    return kind.partition("(")[0]


__all__ = ["Misassigned", "assigned", "in_words", "required"]
