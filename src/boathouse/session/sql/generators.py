"""Functions that make rows: ``explode`` and its kin, in a list of columns, after FROM, and in LATERAL VIEW.

DuckDB has one, ``unnest``; each of ours is a list of columns of it. Whether ``explode`` is given an array or a map
shows only in the number of names that its columns are given: two are the key and the value of a map.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.json import field
from boathouse.session.sql.functions.registry import literal_text
from boathouse.session.sql.parameters import Parameters

_POSITION = "CAST(generate_subscripts({0}, 1) - 1 AS INTEGER)"
_MAP_POSITION = "CAST(generate_subscripts(map_keys({0}), 1) - 1 AS INTEGER)"
Columns = list[tuple[str, exp.Expr]]
"""Names and what makes the values; an empty name leaves it to the engine."""


@dataclass(frozen=True, slots=True)
class Generator:
    """A function that makes rows."""

    signature: str
    columns: Callable[[Sequence[exp.Expr], int], Columns]
    """From the arguments and the number of names that were given, 0 for none."""


def _exploded(arguments: Sequence[exp.Expr], names: int) -> Columns:
    (value,) = arguments
    if names == 2:
        return [("key", native("unnest(map_keys({0}))", value)), ("value", native("unnest(map_values({0}))", value))]
    return [("col", native("unnest({0})", value))]


def _exploded_with_position(arguments: Sequence[exp.Expr], names: int) -> Columns:
    (value,) = arguments
    if names == 3:
        return [("pos", native(_MAP_POSITION, value)), *_exploded(arguments, 2)]
    return [("pos", native(_POSITION, value)), *_exploded(arguments, 1)]


def _inlined(arguments: Sequence[exp.Expr], names: int) -> Columns:
    (value,) = arguments
    return [("", native("unnest({0}, max_depth := 2)", value))]


def _stacked(arguments: Sequence[exp.Expr], names: int) -> Columns:
    count = Parameters().constant(arguments[0])
    values = arguments[1:]
    if not isinstance(count, int) or count < 1:
        raise InvalidInput("The number of rows of stack must be a number from 1.")
    width = -(-len(values) // count)
    columns: Columns = []
    for column in range(width):
        cells = [values[row * width + column] if row * width + column < len(values) else exp.null()
                 for row in range(count)]  # fmt: skip
        holes = ", ".join(f"{{{i}}}" for i in range(count))
        columns.append((f"col{column}", native(f"unnest([{holes}])", *cells)))
    return columns


def _json_fields(arguments: Sequence[exp.Expr], names: int) -> Columns:
    text, *wanted = arguments
    fields = [literal_text(each, function_name="json_tuple", what="name of a field") for each in wanted]
    return [(f"c{i}", field(text.copy(), name)) for i, name in enumerate(fields)]


GENERATORS: dict[str, Generator] = {
    "explode": Generator("explode(array_or_map)", _exploded),
    "posexplode": Generator("posexplode(array_or_map)", _exploded_with_position),
    "inline": Generator("inline(array_of_structs)", _inlined),
    "stack": Generator("stack(rows, expr, ...)", _stacked),
    "json_tuple": Generator("json_tuple(str, field, ...)", _json_fields),
}
_ONE_ARGUMENT = ("explode", "posexplode", "inline")
_OUTER = "_outer"


def generator_name(node: exp.Expr | None) -> str | None:
    """The name of the generator that is called, with ``_outer``; None for anything else."""
    if not isinstance(node, exp.Anonymous):
        return None
    name = str(node.this).lower()
    stem = name.removesuffix(_OUTER)
    return name if name in GENERATORS or (stem in _ONE_ARGUMENT and name != stem) else None


def columns_of(call: exp.Expr, names: int) -> Columns:
    """What a call makes, as columns of one list of columns."""
    name = str(call.this).lower().removesuffix(_OUTER)
    arguments = list(call.expressions)
    if any(isinstance(argument, exp.Kwarg | exp.Star) for argument in arguments) or (
        len(arguments) != 1 if name in _ONE_ARGUMENT else len(arguments) < 2
    ):
        raise InvalidInput(f"{name} was called with {len(arguments)} arguments.",
                           hint=f"Write {GENERATORS[name].signature}.")  # fmt: skip
    columns = GENERATORS[name].columns(arguments, names)
    if names and columns[0][0] and len(columns) != names:
        raise InvalidInput(f"{name} makes {len(columns)} columns, and {names} names were given.")
    return columns


def rows_of(call: exp.Expr, names: Sequence[exp.Expr]) -> exp.Subquery:
    """A call as a subquery that makes its rows."""
    made = columns_of(call, len(names))
    items = [exp.alias_(value, exp.to_identifier(name, quoted=True)) if name else value for name, value in made]
    return exp.Subquery(this=exp.Select(expressions=items))


def lateral_join(lateral: exp.Expr) -> exp.Join:
    """``LATERAL VIEW [OUTER] explode(x) t AS y`` as a join to the rows that the call makes."""
    call = lateral.this
    name = generator_name(call)
    assert name is not None
    alias = lateral.args.get("alias") or exp.TableAlias()
    names = alias.args.get("columns") or []
    shown = exp.TableAlias(this=alias.this or exp.to_identifier(name, quoted=True), columns=list(names) or None)
    table = exp.Lateral(this=rows_of(call, names), alias=shown)
    if bool(lateral.args.get("outer")) or name.endswith(_OUTER):
        return exp.Join(this=table, side="LEFT", on=exp.true())
    return exp.Join(this=table, kind="CROSS")


def expand_select(select: exp.Select) -> None:
    """Put the columns of a call in its place in a list of columns; there may be one such call."""
    found = [(item, *_call_in(item)) for item in select.expressions]
    calls = [entry for entry in found if entry[1] is not None]
    if len(calls) > 1:
        raise InvalidInput("A list of columns can hold one call that makes rows.", hint="Use LATERAL VIEW for more.")
    for item, call, names in calls:
        assert call is not None
        made = _kept(call, columns_of(call, len(names)))
        shown = [exp.to_identifier(name, quoted=True) for name, _ in made] if not names else list(names)
        new = [
            exp.alias_(value, shown[i]) if i < len(shown) and (names or made[i][0]) else value
            for i, (_, value) in enumerate(made)
        ]
        items = [each for other in select.expressions for each in (new if other is item else [other])]
        select.set("expressions", items)


def _kept(call: exp.Expr, columns: Columns) -> Columns:
    """With ``_outer``, a row stays although it has no elements."""
    if not str(call.this).lower().endswith(_OUTER):
        return columns
    if str(call.this).lower() != "explode_outer" or len(columns) != 1:
        raise InvalidInput(f"{call.this} stands here in a list of columns.",
                           hint="Use LATERAL VIEW OUTER.")  # fmt: skip
    return [("col", native("unnest(CASE WHEN len({0}) > 0 THEN {0} ELSE [NULL] END)", call.expressions[0]))]


def _call_in(item: exp.Expr) -> tuple[exp.Expr | None, list[exp.Identifier]]:
    names: list[exp.Identifier] = []
    call = item
    if isinstance(item, exp.Aliases):
        call, names = item.this, list(item.expressions)
    elif isinstance(item, exp.Alias):
        call, names = item.this, [item.args["alias"]]
    return (call, names) if generator_name(call) else (None, [])
