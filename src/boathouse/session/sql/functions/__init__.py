"""The functions that a query may call: a list, one file per family. What is not here is refused by name."""

from dataclasses import replace

from boathouse.session.sql.functions import (
    aggregates,
    collections,
    conditions,
    formats,
    json,
    lambdas,
    numbers,
    reading_json,
    regexes,
    strings,
    times,
    type_names,
)
from boathouse.session.sql.functions.refused import REFUSED
from boathouse.session.sql.functions.registry import Function, FunctionKind
from boathouse.session.sql.functions.times import part_of
from boathouse.session.sql.problems import UnknownFunction, Unsupported

_FAMILIES = {
    "Aggregates and windows": aggregates.FUNCTIONS,
    "Numbers": numbers.FUNCTIONS,
    "Conditions": conditions.FUNCTIONS,
    "Text": [*strings.FUNCTIONS, *formats.FUNCTIONS],
    "Regular expressions": regexes.FUNCTIONS,
    "Dates and instants": times.FUNCTIONS,
    "Arrays, maps, structs": collections.FUNCTIONS,
    "Functions of functions": lambdas.FUNCTIONS,
    "JSON": [*json.FUNCTIONS, *reading_json.FUNCTIONS],
    "Casts by the name of a type": type_names.FUNCTIONS,
}
FUNCTIONS: dict[str, Function] = {
    entry.name: replace(entry, family=family) for family, entries in _FAMILIES.items() for entry in entries
}
"""By lower-case name."""

CHANGING = frozenset({"rand", "random", "randn", "uuid", "shuffle"})
"""Those that answer anew whenever they are asked."""

SPECIAL = {
    "explode": "explode(array_or_map)",
    "explode_outer": "explode_outer(array_or_map)",
    "posexplode": "posexplode(array_or_map)",
    "posexplode_outer": "posexplode_outer(array_or_map)",
    "inline": "inline(array_of_structs)",
    "inline_outer": "inline_outer(array_of_structs)",
    "stack": "stack(rows, expr, ...)",
    "json_tuple": "json_tuple(str, field, ...)",
    "is_member": "is_member(group)",
    "is_account_group_member": "is_account_group_member(group)",
    "if": "if(condition, a, b)",
    "cast": "cast(expr AS type)",
    "try_cast": "try_cast(expr AS type)",
    "extract": "extract(field FROM instant)",
    "trim": "trim([BOTH | LEADING | TRAILING] [chars FROM] str)",
    "substring": "substring(str, pos[, len])",
    "substr": "substr(str, pos[, len])",
    "position": "position(substr IN str)",
    "current_user": "current_user()",
    "user": "user()",
    "session_user": "session_user()",
    "current_catalog": "current_catalog()",
    "current_schema": "current_schema()",
    "current_database": "current_database()",
    "range": "range(start, end[, step]) as a table",
    "read_files": "read_files(path, option => value, ...) as a table",
}
"""Calls that have a place or a syntax of their own; :mod:`translate` and :mod:`binding` know them."""


def is_built_in(name: str) -> bool:
    """Whether the name means a function of the language, which nobody's function can take the place of."""
    return name.lower() in FUNCTIONS or name.lower() in SPECIAL


def function_named(name: str) -> Function:
    """Look a function up.

    Raises:
        Unsupported: It is refused on purpose.
        UnknownFunction: It is not on the list.
    """
    try:
        return FUNCTIONS[name.lower()]
    except KeyError:
        if (reason := REFUSED.get(name.lower())) is not None:
            raise Unsupported(f"The function {name}", hint=reason) from None
        raise UnknownFunction(name, [*FUNCTIONS, *SPECIAL]) from None


__all__ = ["FUNCTIONS", "REFUSED", "SPECIAL", "Function", "FunctionKind", "function_named", "is_built_in", "part_of"]
