"""Whether a table has the columns that a contract promises, with types that hold what is promised."""

from collections.abc import Iterator, Mapping, Sequence

from boathouse.foundation.errors import did_you_mean
from boathouse.quality.contracts.nouns import ContractColumn, Finding, Kind, by_name

_WHOLE = ("tinyint", "smallint", "int", "bigint")
_LOGICAL: Mapping[str, tuple[str, ...]] = {
    "string": ("string", "binary", "variant"),
    "integer": _WHOLE,
    "number": (*_WHOLE, "float", "double", "decimal"),
    "boolean": ("boolean",),
    "date": ("date", "timestamp", "timestamp_ntz"),
    "timestamp": ("timestamp", "timestamp_ntz"),
    "time": ("string", *_WHOLE, "timestamp", "timestamp_ntz"),
    "array": ("array",),
    "object": ("struct", "map", "variant"),
    "map": ("map",),
}
"""Types of a table that can hold what the standard calls so."""
_SPELLED = {
    "integer": "int",
    "long": "bigint",
    "short": "smallint",
    "byte": "tinyint",
    "varchar": "string",
    "text": "string",
    "char": "string",
    "real": "float",
    "bool": "boolean",
    "numeric": "decimal",
}


def schema_findings(promised: Sequence[ContractColumn], actual: Mapping[str, str]) -> Iterator[Finding]:
    """What is not as promised; one good finding where all is.

    Args:
        actual: Types by column, as SQL spells them.
    """
    there = {name.lower(): (name, kind) for name, kind in actual.items()}
    is_good = True
    for column in promised:
        found = there.get(column.name.lower())
        if found is None:
            is_good = False
            guess = did_you_mean(column.name, [each for each in actual if each.lower() not in by_name(promised)])
            told = f"The column {column.name} is not there." + (f" {guess}" if guess else "")
            yield Finding(f"{column.name} is a column", Kind.SCHEMA, False, told, column.name)
        elif (told := type_problem(column, found[1])) is not None:
            is_good = False
            yield Finding(f"{column.name} has its type", Kind.SCHEMA, False, told, column.name)
    known = by_name(promised)
    for name, kind in actual.items():
        if promised and name.lower() not in known:
            told = f"The column {name} ({kind}) is in no contract."
            yield Finding(f"{name} is promised", Kind.SCHEMA, False, told, name, severity="info", is_breach=False)
    if is_good:
        yield Finding("columns and types", Kind.SCHEMA, True, f"{len(promised)} columns are as promised.")


def type_problem(column: ContractColumn, actual: str) -> str | None:
    """What is wrong with the type of a column; None when nothing is."""
    kind = base_type(actual)
    if column.physical_type is not None:
        wanted = base_type(column.physical_type)
        exact = _normal(column.physical_type)
        if kind != wanted or (("(" in exact or "<" in exact) and _normal(actual) != exact):
            return f"The column {column.name} is {actual}, but {column.physical_type} is promised."
        return None
    if column.logical_type is not None:
        fitting = _LOGICAL.get(column.logical_type.lower())
        if fitting is not None and kind not in fitting:
            return f"The column {column.name} is {actual}, but the logical type {column.logical_type} is promised."
    return None


def logical_type_of(actual: str) -> str:
    """What the standard calls a type of a table."""
    kind = base_type(actual)
    return (
        next((name for name, kinds in _LOGICAL.items() if name not in ("date",) and kind in kinds), "object")
        if (kind != "date")
        else "date"
    )


def base_type(spelled: str) -> str:
    """A type without what stands in parentheses, under the one name that we have for it."""
    name = spelled.strip().lower().partition("(")[0].partition("<")[0].strip()
    return _SPELLED.get(name, name)


def _normal(spelled: str) -> str:
    text = "".join(spelled.lower().split())
    head = text.partition("(")[0].partition("<")[0]
    return _SPELLED.get(head, head) + text[len(head) :]
