"""Functions of arrays, maps and structs.

Where the two dialects differ in silence: DuckDB's ``list_distinct`` forgets the order and drops nulls, and it sorts
nulls last.
"""

from collections.abc import Sequence

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.dialect import engine_sql, native
from boathouse.session.sql.functions.registry import Function, literal_text, scalar


def _map(arguments: Sequence[exp.Expr]) -> exp.Expr:
    if len(arguments) % 2:
        raise InvalidInput("map takes pairs of keys and values.", hint="Write map(key, value, ...).")
    pairs = len(arguments) // 2
    keys = ", ".join(f"{{{2 * i}}}" for i in range(pairs))
    values = ", ".join(f"{{{2 * i + 1}}}" for i in range(pairs))
    return native(f"map([{keys}], [{values}])", *arguments)


def _named_struct(arguments: Sequence[exp.Expr]) -> exp.Expr:
    if len(arguments) % 2 or not arguments:
        raise InvalidInput("named_struct takes pairs of names and values.", hint="Write named_struct('name', value).")
    names = [literal_text(name, function_name="named_struct", what="name") for name in arguments[::2]]
    return struct_of(names, arguments[1::2])


def _struct(arguments: Sequence[exp.Expr]) -> exp.Expr:
    names: list[str] = []
    values: list[exp.Expr] = []
    for position, argument in enumerate(arguments, start=1):
        names.append(argument.alias_or_name if isinstance(argument, exp.Alias | exp.Column) else f"col{position}")
        values.append(argument.this if isinstance(argument, exp.Alias) else argument)
    return struct_of(names, values)


def struct_of(names: Sequence[str], values: Sequence[exp.Expr]) -> exp.Expr:
    """A struct value with these fields."""
    fields = [engine_sql(exp.to_identifier(name, quoted=True)) for name in names]
    escaped = [field.replace("{", "{{").replace("}", "}}") for field in fields]
    body = ", ".join(f"{field} := {{{i}}}" for i, field in enumerate(escaped))
    return native(f"struct_pack({body})", *values)


FUNCTIONS: list[Function] = [
    *scalar("array(...)", dict.fromkeys(range(1001), "[{*}]")),
    *scalar("size/cardinality(expr)", "CASE WHEN typeof({0}) LIKE 'MAP(%' THEN "
            "len(map_keys(TRY_CAST({0} AS MAP(VARCHAR, VARCHAR)))) ELSE len(TRY_CAST({0} AS VARCHAR[])) END"),
    *scalar("array_size(array)", "len({0})"),
    *scalar("array_contains(array, value)", "list_contains({0}, {1})"),
    *scalar("array_distinct(array)",
            "list_filter({0}, lambda item_, index_: list_position({0}, item_) = index_)"),
    *scalar("array_sort(array)", "list_sort({0}, 'ASC', 'NULLS LAST')"),
    *scalar("sort_array(array[, ascending])", {
        1: "list_sort({0}, 'ASC', 'NULLS FIRST')",
        2: "CASE WHEN {1} THEN list_sort({0}, 'ASC', 'NULLS FIRST') ELSE list_sort({0}, 'DESC', 'NULLS LAST') END"}),
    *scalar("array_join(array, delimiter)", "array_to_string({0}, {1})"),
    *scalar("array_max(array)", "list_max({0})"),
    *scalar("array_min(array)", "list_min({0})"),
    *scalar("array_append(array, value)", "list_append({0}, {1})"),
    *scalar("array_prepend(array, value)", "list_prepend({1}, {0})"),
    *scalar("flatten(arrays)", "flatten({0})"),
    *scalar("sequence(start, stop[, step])", {
        2: "generate_series({0}, {1}, CASE WHEN ({0}) <= ({1}) THEN 1 ELSE -1 END)",
        3: "cast_to_type(generate_series({0}, {1}, {2}), [{0}])"}),
    *scalar("transform(array, lambda)", "list_transform({0}, {1})"),
    *scalar("filter(array, lambda)", "list_filter({0}, {1})"),
    *scalar("exists(array, lambda)", "coalesce(list_bool_or(list_transform({0}, {1})), false)"),
    *scalar("forall(array, lambda)", "coalesce(list_bool_and(list_transform({0}, {1})), true)"),
    *scalar("aggregate/reduce(array, start, merge)", "list_reduce({0}, {2}, {1})"),
    *scalar("element_at/try_element_at(array_or_map, index_or_key)", "({0})[{1}]"),
    *scalar("get(array, index)", "({0})[CASE WHEN ({1}) >= 0 THEN ({1}) + 1 END]"),
    *scalar("map(...)", _map),
    *scalar("map_from_arrays(keys, values)", "map({0}, {1})"),
    *scalar("map_keys(map)", "map_keys({0})"),
    *scalar("map_values(map)", "map_values({0})"),
    *scalar("map_contains_key(map, key)", "list_contains(map_keys({0}), {1})"),
    *scalar("named_struct(...)", _named_struct),
    *scalar("struct(...)", _struct),
]  # fmt: skip
