"""Functions that take a function: ``transform(array, x -> x + 1)``.

Where the two dialects differ in silence: DuckDB counts the position of an element from 1, and its tests over a list
forget nulls. A pair of lists or a map is handed to DuckDB as one list, so what the written function calls its arguments
is put in place here.
"""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.registry import Build, Function, scalar


def _lambda(argument: exp.Expr, *counts: int) -> exp.Lambda:
    if not isinstance(argument, exp.Lambda) or len(argument.expressions) not in counts:
        wanted = " or ".join(map(str, counts))
        raise InvalidInput(
            f"A function of {wanted} arguments is expected here, such as "
            f"{'x -> x + 1' if counts[0] == 1 else '(x, y) -> x + y'}."
        )
    return argument


def applied(function: exp.Lambda, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """The body with these expressions in the place of its arguments, which are named in lower case."""
    holder = exp.Paren(this=function.this.copy())
    for identifier in list(holder.find_all(exp.Identifier)):
        name = str(identifier.this).lower()
        if name in values and _is_free(identifier, name, holder):
            place = identifier.parent if isinstance(identifier.parent, exp.Column) else identifier
            place.replace(values[name].copy())
    return holder.this


def _is_free(identifier: exp.Identifier, name: str, root: exp.Expr) -> bool:
    parent = identifier.parent
    if isinstance(parent, exp.Column) and (parent.args.get("table") or len(parent.parts) > 1):
        return identifier is parent.parts[0]
    if isinstance(parent, exp.Dot) and identifier is parent.expression:
        return False
    node: exp.Expr | None = parent
    while node is not None and node is not root:
        if isinstance(node, exp.Lambda) and any(str(each.this).lower() == name for each in node.expressions):
            return False
        node = node.parent
    return True


def _names(function: exp.Lambda) -> list[str]:
    return [str(parameter.this).lower() for parameter in function.expressions]


def _fresh(function: exp.Lambda, stem: str) -> str:
    """A name that no function around or inside of this one has: the inside is always smaller."""
    return f"{stem}{sum(1 for _ in function.walk())}_"


def _each(template: str) -> Build:
    """``{0}`` is the list and ``{1}`` the function; a second argument is the position, from 0."""

    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        function = _lambda(arguments[1], 1, 2)
        if len(function.expressions) == 2:
            position = function.expressions[1]
            body = applied(function, {_names(function)[1]: native("CAST({0} - 1 AS INTEGER)", position.copy())})
            function = exp.Lambda(this=body, expressions=[each.copy() for each in function.expressions])
        return native(template, arguments[0], function)

    return build


_TESTED = "list_transform({0}, {1})"
_ALL_KNOWN = f"list_count({_TESTED}) = len({_TESTED})"


def _aggregate(arguments: Sequence[exp.Expr]) -> exp.Expr:
    array, start = arguments[:2]
    merged = native("list_reduce({0}, {1}, {2})", array, _lambda(arguments[2], 2), start)
    if len(arguments) == 3:
        return merged
    return native("list_transform([{0}], {1})[1]", merged, _lambda(arguments[3], 1))


def _sorted_by(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """By a comparison: an element's place is the number of elements that come before it."""
    array = arguments[0]
    if len(arguments) == 1:
        return native("list_sort({0}, 'ASC', 'NULLS LAST')", array)
    function = _lambda(arguments[1], 2)
    left, right = _names(function)
    item, other = _fresh(function, "item"), _fresh(function, "other")
    compared = applied(function, {left: exp.to_identifier(other), right: exp.to_identifier(item)})
    unknown = "error('The comparison of array_sort gave NULL; it must give a number.')"
    placed = (
        f"list_transform({{0}}, lambda {item}, place_: "
        f"struct_pack(before := len(list_filter({{0}}, lambda {other}: "
        f"CASE WHEN ({{1}}) IS NULL THEN CAST({unknown} AS BOOLEAN) ELSE ({{1}}) < 0 END)), "
        f"place := place_, it := {item}))"
    )
    return native(f"list_transform(list_sort({placed}), lambda sorted_: sorted_.it)", array, compared)


def _zip_with(arguments: Sequence[exp.Expr]) -> exp.Expr:
    first, second, last = arguments
    function = _lambda(last, 2)
    place = _fresh(function, "place")
    values = [native(f"({{0}})[{place}]", each) for each in (first, second)]
    body = applied(function, dict(zip(_names(function), values, strict=True)))
    return native(
        f"CASE WHEN ({{0}}) IS NOT NULL AND ({{1}}) IS NOT NULL THEN "
        f"list_transform(range(1, greatest(len({{0}}), len({{1}})) + 1), lambda {place}: {{2}}) END",
        first, second, body,
    )  # fmt: skip


def _entry_fields(function: exp.Lambda) -> tuple[str, dict[str, exp.Expr]]:
    entry = _fresh(function, "entry")
    fields = [native(f"{entry}.{field}") for field in ("key", "value")]
    return entry, dict(zip(_names(function), fields, strict=True))


def _map_filter(arguments: Sequence[exp.Expr]) -> exp.Expr:
    function = _lambda(arguments[1], 2)
    entry, values = _entry_fields(function)
    return native(
        f"map_from_entries(list_filter(map_entries({{0}}), lambda {entry}: {{1}}))",
        arguments[0], applied(function, values),
    )  # fmt: skip


def _map_transformed(key: str, value: str) -> Build:
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        function = _lambda(arguments[1], 2)
        entry, values = _entry_fields(function)
        made = f"struct_pack(key := {key.format(entry)}, value := {value.format(entry)})"
        return native(
            f"map_from_entries(list_transform(map_entries({{0}}), lambda {entry}: {made}))",
            arguments[0], applied(function, values),
        )  # fmt: skip

    return build


def _map_zip_with(arguments: Sequence[exp.Expr]) -> exp.Expr:
    first, second, last = arguments
    function = _lambda(last, 3)
    key = _fresh(function, "key")
    values = [native(key), native(f"({{0}})[{key}]", first), native(f"({{0}})[{key}]", second)]
    body = applied(function, dict(zip(_names(function), values, strict=True)))
    keys = "list_concat(map_keys({0}), list_filter(map_keys({1}), lambda one_: NOT list_contains(map_keys({0}), one_)))"
    return native(
        f"CASE WHEN ({{0}}) IS NOT NULL AND ({{1}}) IS NOT NULL THEN map_from_entries(list_transform("
        f"{keys}, lambda {key}: struct_pack(key := {key}, value := {{2}}))) END",
        first, second, body,
    )  # fmt: skip


FUNCTIONS: list[Function] = [
    *scalar("transform(array, lambda)", _each("list_transform({0}, {1})")),
    *scalar("filter(array, lambda)", _each("list_filter({0}, {1})")),
    *scalar("exists(array, lambda)", _each(
        f"CASE WHEN coalesce(list_bool_or({_TESTED}), false) THEN true WHEN {_ALL_KNOWN} THEN false END")),
    *scalar("forall(array, lambda)", _each(
        f"CASE WHEN NOT coalesce(list_bool_and({_TESTED}), true) THEN false WHEN {_ALL_KNOWN} THEN true END")),
    *scalar("aggregate/reduce(array, start, merge[, finish])", _aggregate),
    *scalar("array_sort(array[, comparison])", _sorted_by),
    *scalar("zip_with(array, array, lambda)", _zip_with),
    *scalar("map_filter(map, lambda)", _map_filter),
    *scalar("transform_keys(map, lambda)", _map_transformed("{{1}}", "{0}.value")),
    *scalar("transform_values(map, lambda)", _map_transformed("{0}.key", "{{1}}")),
    *scalar("map_zip_with(map, map, lambda)", _map_zip_with),
]  # fmt: skip
"""``{{1}}`` above is the function's result, after the name of the entry has been put in."""
