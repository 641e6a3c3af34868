"""SET column = value: which column is meant, and the value it gets as a whole when only a field of it is named."""

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.lake import Snapshot
from boathouse.session.sql.statements import Assignment


def set_values(assignments: Sequence[Assignment], snapshot: Snapshot, qualifiers: Sequence[str]) -> dict[str, exp.Expr]:
    """The new values by column, in the spelling of the table.

    Raises:
        InvalidInput: There is no such column or field, or one is set twice.
    """
    found: dict[str, exp.Expr] = {}
    paths: list[tuple[str, ...]] = []
    for assignment in assignments:
        path = _path(assignment.column, snapshot, qualifiers)
        for other in paths:
            if other[: len(path)] == path[: len(other)]:
                raise InvalidInput(f"{'.'.join(path)} is set twice.")
        paths.append(path)
        column, *fields = path
        before = found.get(column, exp.column(column, table=exp.to_identifier(qualifiers[0], quoted=True), quoted=True))
        found[column] = _with_field(before, snapshot.fields[column], fields, assignment.value.copy())
    return found


def _path(parts: Sequence[str], snapshot: Snapshot, qualifiers: Sequence[str]) -> tuple[str, ...]:
    """The column and the fields that a dotted name means: a column first, else the table in front of one."""
    known = {name.lower(): name for name in snapshot.fields}
    rest = list(parts)
    for count in range(min(3, len(parts) - 1), 0, -1):
        spelled = ".".join(parts[:count]).lower()
        is_table = any(spelled == each.lower() for each in qualifiers)
        if is_table and parts[count].lower() in known:
            rest = list(parts[count:])
            break
    column = known.get(rest[0].lower())
    if column is None:
        raise InvalidInput(f"There is no column {rest[0]} to set.", hint=did_you_mean(rest[0].lower(), known))
    path, kind = [column], snapshot.fields[column]
    for name in rest[1:]:
        fields = _fields(kind)
        found = next((each for each in fields if each.lower() == name.lower()), None)
        if found is None:
            raise InvalidInput(f"{'.'.join(path)} has no field {name}.", hint=did_you_mean(name, list(fields)))
        path.append(found)
        kind = fields[found]
    return tuple(path)


def _with_field(before: exp.Expr, kind: Any, path: Sequence[str], value: exp.Expr) -> exp.Expr:
    """The struct as it was with one field changed; all of the value when no field is named."""
    if not path:
        return value
    arguments: list[exp.Expr] = []
    for name, inner in _fields(kind).items():
        field: exp.Expr = exp.Dot(this=before.copy(), expression=exp.to_identifier(name, quoted=True))
        if isinstance(before, exp.Anonymous):
            field = before.expressions[2 * list(_fields(kind)).index(name) + 1]
        arguments.append(exp.Literal.string(name))
        arguments.append(_with_field(field, inner, path[1:], value) if name == path[0] else field.copy())
    return exp.Anonymous(this="named_struct", expressions=arguments)


def _fields(kind: Any) -> dict[str, Any]:
    if isinstance(kind, dict) and kind.get("type") == "struct":
        return {field["name"]: field["type"] for field in kind["fields"]}  # pyright: ignore[reportUnknownVariableType]
    return {}
