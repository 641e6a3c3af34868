"""Functions of arrays, maps and structs; those that take a function are in :mod:`lambdas`.

Where the two dialects differ in silence: DuckDB's ``list_distinct`` forgets the order and drops nulls, it sorts nulls
last, joins a list to null, lets the last of two equal keys win, and answers an index out of bounds by null.
"""

from collections.abc import Sequence

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.casts import as_text
from boathouse.session.sql.dialect import engine_sql, native
from boathouse.session.sql.functions.regexes import spelled
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


def _zipped(arguments: Sequence[exp.Expr]) -> exp.Expr:
    names = [
        argument.name if isinstance(argument, exp.Column) else str(position)
        for position, argument in enumerate(arguments)
    ]
    values = [native("({0})[place_]", argument) for argument in arguments]
    longest = ", ".join(f"len({{{i}}})" for i in range(1, len(arguments) + 1))
    known = " AND ".join(f"({{{i}}}) IS NOT NULL" for i in range(1, len(arguments) + 1))
    return native(
        f"CASE WHEN {known} THEN list_transform(range(1, greatest({longest}) + 1), lambda place_: {{0}}) END",
        struct_of(names, values), *arguments,
    )  # fmt: skip


def _str_to_map(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """The delimiters are patterns; a part without the second one is a key without a value."""
    given = [spelled(argument) for argument in arguments[1:]]
    given += [exp.Literal.string(default) for default in (",", ":")[len(given) :]]
    key = "string_split_regex(part_, {2})[1]"
    value = f"substring(part_, 1 + length({key}) + length(regexp_extract(part_, {{2}}, 0)))"
    made = f"struct_pack(key := {key}, value := CASE WHEN regexp_matches(part_, {{2}}) THEN {value} END)"
    return native(
        f"map_from_entries(list_transform(string_split_regex({{0}}, {{1}}), lambda part_: {made}))",
        arguments[0], *given,
    )  # fmt: skip


_BOTH = "({0}) IS NOT NULL AND ({1}) IS NOT NULL"
_DISTINCT = "list_filter({0}, lambda item_, index_: list_position({0}, item_) = index_)"
_JOINED = "list_concat({0}, {1})"
_SIZE = "CAST(cardinality({0}) AS INTEGER)"
_INDEX = "CAST({1} AS VARCHAR)"
_OUT_OF_BOUNDS = (
    f"error('The index ' || {_INDEX} || ' is out of bounds: the array has ' || CAST(cardinality({{0}}) AS VARCHAR) "
    "|| ' elements. {use}() gives NULL instead.')"
)
_INDEX_ZERO = "error('The index 0 is invalid: element_at counts from 1, or from the end with -1.')"
_IS_ARRAY = "typeof({0}) LIKE '%[]'"
_NUMBER = "TRY_CAST({1} AS BIGINT)"
_ELEMENT_AT = (
    f"({{0}})[CASE WHEN {_IS_ARRAY} AND {_NUMBER} = 0 THEN {_INDEX_ZERO} "
    f"WHEN {_IS_ARRAY} AND abs({_NUMBER}) > CAST(cardinality({{0}}) AS BIGINT) "
    f"THEN {_OUT_OF_BOUNDS.replace('{use}', 'try_element_at')} ELSE {{1}} END]"
)
_TRY_ELEMENT_AT = f"({{0}})[CASE WHEN {_IS_ARRAY} AND {_NUMBER} = 0 THEN {_INDEX_ZERO} ELSE {{1}} END]"


def element(value: exp.Expr, key: exp.Expr) -> exp.Expr:
    """``array[0]`` or ``map[key]``: only the engine knows which it is."""
    if isinstance(key, exp.Literal) and key.is_string:
        return native("({0})[{1}]", value, key)
    outside = f"({_NUMBER} < 0 OR {_NUMBER} >= CAST(cardinality({{0}}) AS BIGINT))"
    error = _OUT_OF_BOUNDS.replace("{use}", "get")
    return native(
        f"({{0}})[CASE WHEN NOT {_IS_ARRAY} THEN {{1}} WHEN {outside} THEN {error} "
        f"ELSE cast_to_type({_NUMBER} + 1, {{1}}) END]",
        value, key,
    )  # fmt: skip


_AT = "CASE WHEN ({1}) > 0 THEN CAST({1} AS BIGINT) ELSE CAST(len({0}) AS BIGINT) + ({1}) + 2 END"
_INSERTED = (
    "CASE WHEN ({1}) = 0 THEN error('The index 0 is invalid: array_insert counts from 1, or from the end with -1.') "
    f"WHEN {_AT} < 1 THEN list_concat([{{2}}], list_concat(list_resize({{0}}[1:0], 1 - {_AT}), {{0}})) "
    f"ELSE list_concat(list_append(list_resize(({{0}})[1:{_AT} - 1], {_AT} - 1), {{2}}), ({{0}})[{_AT}:]) END"
)
_START = "CASE WHEN ({1}) > 0 THEN CAST({1} AS BIGINT) ELSE CAST(len({0}) AS BIGINT) + ({1}) + 1 END"
_SLICED = (
    "CASE WHEN ({1}) = 0 THEN error('The start 0 of slice is invalid: arrays count from 1 here.') "
    "WHEN ({2}) < 0 THEN error('The length of slice must not be negative.') "
    f"WHEN {_START} < 1 THEN ({{0}})[1:0] ELSE ({{0}})[{_START}:{_START} + ({{2}}) - 1] END"
)
_CHECKED_STEP = (
    "CASE WHEN (({2}) > 0 AND ({0}) > ({1})) OR (({2}) < 0 AND ({0}) < ({1})) OR (({2}) = 0 AND ({0}) <> ({1})) "
    "THEN error('The step of sequence leads away from its end.') ELSE {2} END"
)


def _sequence(arguments: Sequence[exp.Expr]) -> exp.Expr:
    if len(arguments) == 2:
        return native("__rule_sequence({0}, {1})", *arguments)
    step = arguments[2].unnest()
    if "AS INTERVAL" not in str(step.args.get("template", "")):
        return native(
            f"cast_to_type(generate_series(CAST({{0}} AS BIGINT), CAST({{1}} AS BIGINT), {_CHECKED_STEP}), [{{0}}])",
            *arguments,
        )
    if any(unit in str(step.expressions[0].this).lower() for unit in ("month", "quarter", "year")):
        # Each from the start: 31 January, 28 February, 31 March. Adding to the one before would stay on the 28th.
        count = "abs(date_diff('month', CAST({0} AS TIMESTAMPTZ), CAST({1} AS TIMESTAMPTZ))) + 1"
        each = f"list_transform(range(0, {count}), lambda step_: cast_to_type(({{0}}) + {{2}} * step_, {{0}}))"
        forward = f"list_filter({each}, lambda day_: day_ <= ({{1}}))"
        backward = f"list_filter({each}, lambda day_: day_ >= ({{1}}))"
        return native(f"CASE WHEN ({{0}}) <= ({{1}}) THEN {forward} ELSE {backward} END", *arguments)
    return native("cast_to_type(generate_series({0}, {1}, {2}), [{0}])", *arguments)


def _joined_by(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Only numbers with exponents, instants and bytes need a look at each element."""
    is_plain = "typeof({0}) NOT IN ('DOUBLE[]', 'FLOAT[]', 'TIMESTAMP WITH TIME ZONE[]', 'BLOB[]')"
    text = as_text(native("one_"))
    if len(arguments) == 2:
        spelled = "array_to_string(list_transform({0}, lambda one_: {2}), {1})"
        return native(f"CASE WHEN {is_plain} THEN array_to_string({{0}}, {{1}}) ELSE {spelled} END", *arguments, text)
    return native("array_to_string(list_transform({0}, lambda one_: coalesce({3}, {2})), {1})", *arguments, text)


FUNCTIONS: list[Function] = [
    *scalar("array(...)", dict.fromkeys(range(1001), "[{*}]")),
    *scalar("size/cardinality(expr)", _SIZE),
    *scalar("array_size(array)", "CAST(len({0}) AS INTEGER)"),
    *scalar("array_contains(array, value)",
            "CASE WHEN list_contains({0}, {1}) THEN true "
            "WHEN ({1}) IS NOT NULL AND list_count({0}) = len({0}) THEN false END"),
    *scalar("array_distinct(array)", _DISTINCT),
    *scalar("array_except(array, array)",
            f"CASE WHEN {_BOTH} THEN list_filter({_DISTINCT}, lambda one_: list_position({{1}}, one_) IS NULL) END"),
    *scalar("array_intersect(array, array)",
            f"CASE WHEN {_BOTH} THEN list_filter({_DISTINCT}, "
            "lambda one_: list_position({1}, one_) IS NOT NULL) END"),
    *scalar("array_union(array, array)",
            f"CASE WHEN {_BOTH} THEN {_DISTINCT.replace('{0}', _JOINED)} END"),
    *scalar("arrays_overlap(array, array)",
            "CASE WHEN list_has_any({0}, {1}) THEN true WHEN len({0}) = 0 OR len({1}) = 0 THEN false "
            "WHEN list_count({0}) < len({0}) OR list_count({1}) < len({1}) THEN NULL "
            f"WHEN {_BOTH} THEN false END"),
    *scalar("sort_array(array[, ascending])", {
        1: "list_sort({0}, 'ASC', 'NULLS FIRST')",
        2: "CASE WHEN {1} THEN list_sort({0}, 'ASC', 'NULLS FIRST') ELSE list_sort({0}, 'DESC', 'NULLS LAST') END"}),
    *scalar("array_join(array, delimiter[, null_text])", _joined_by),
    *scalar("array_max(array)", "list_max({0})"),
    *scalar("array_min(array)", "list_min({0})"),
    *scalar("array_position(array, value)",
            f"CAST(CASE WHEN {_BOTH} THEN coalesce(list_position({{0}}, {{1}}), 0) END AS BIGINT)"),
    *scalar("array_append(array, value)", "CASE WHEN ({0}) IS NOT NULL THEN list_append({0}, {1}) END"),
    *scalar("array_prepend(array, value)", "CASE WHEN ({0}) IS NOT NULL THEN list_prepend({1}, {0}) END"),
    *scalar("array_insert(array, position, value)", f"CASE WHEN {_BOTH} THEN {_INSERTED} END"),
    *scalar("array_remove(array, value)",
            f"CASE WHEN {_BOTH} THEN list_filter({{0}}, lambda one_: one_ IS DISTINCT FROM ({{1}})) END"),
    *scalar("array_compact(array)", "list_filter({0}, lambda one_: one_ IS NOT NULL)"),
    *scalar("array_repeat(value, n)", "list_transform(range(0, greatest({1}, 0)), lambda one_: {0})"),
    *scalar("arrays_zip(array, ...)", _zipped),
    *scalar("slice(array, start, length)", _SLICED),
    *scalar("flatten(arrays)", "CASE WHEN list_count({0}) = len({0}) THEN flatten({0}) END"),
    *scalar("sequence(start, stop[, step])", _sequence),
    *scalar("element_at(array_or_map, index_or_key)", _ELEMENT_AT),
    *scalar("try_element_at(array_or_map, index_or_key)", _TRY_ELEMENT_AT),
    *scalar("get(array, index)", "({0})[CASE WHEN ({1}) >= 0 THEN ({1}) + 1 END]"),
    *scalar("map(...)", _map),
    *scalar("map_from_arrays(keys, values)", "map({0}, {1})"),
    *scalar("map_from_entries(entries)", "map_from_entries({0})"),
    *scalar("map_concat(map, map)",
            "CASE WHEN list_has_any(map_keys({0}), map_keys({1})) "
            "THEN error('map_concat was given one key twice.') "
            f"WHEN {_BOTH} THEN map_concat({{0}}, {{1}}) END"),
    *scalar("map_keys(map)", "map_keys({0})"),
    *scalar("map_values(map)", "map_values({0})"),
    *scalar("map_entries(map)", "map_entries({0})"),
    *scalar("map_contains_key(map, key)", "list_contains(map_keys({0}), {1})"),
    *scalar("str_to_map(text[, pair_delimiter][, key_delimiter])", _str_to_map),
    *scalar("named_struct(...)", _named_struct),
    *scalar("struct(...)", _struct),
]  # fmt: skip
