# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Whether a spine, a lookup and a table fit together; told by name before any row is read."""

from collections.abc import Sequence

import pyarrow as pa

from boathouse.features.feature_spec import Lookup
from boathouse.features.tables.reading import FeatureRows
from boathouse.foundation.errors import InvalidInput, did_you_mean


def require_fit(spine: pa.Schema, lookups: Sequence[tuple[Lookup, FeatureRows]]) -> None:
    """Check all lookups against a spine.

    Raises:
        InvalidInput: A column is missing, is there twice or is of a type that cannot be compared.
    """
    taken = dict.fromkeys(spine.names, "the spine")
    if len(taken) < len(spine.names):
        twice = next(name for name in spine.names if spine.names.count(name) > 1)
        raise InvalidInput(f"The spine has the column {twice} twice.", hint="Rename one of them.")
    for lookup, rows in lookups:
        _require_columns(spine, lookup, rows)
        for mine, theirs in lookup.keys:
            _require_key_types(rows, (mine, spine.field(mine).type), (theirs, rows.schema.field(theirs).type))
        _require_clocks(spine, lookup, rows)
        for output in lookup.outputs:
            if output.name in taken:
                raise InvalidInput(
                    f"The column {output.name} comes from {taken[output.name]} and from table {rows.name}.",
                    hint=f"Rename one: rename_outputs={{{output.feature!r}: ...}}.",
                )
            taken[output.name] = f"table {rows.name}"


def _require_columns(spine: pa.Schema, lookup: Lookup, rows: FeatureRows) -> None:
    if not lookup.keys:
        raise InvalidInput(
            f"The lookup in {rows.name} has no key.", hint="Name the columns of the spine: lookup_key=[...]."
        )
    for mine in [*(mine for mine, _ in lookup.keys), *([lookup.at] if lookup.at is not None else [])]:
        if mine not in spine.names:
            raise InvalidInput(
                f"The spine has no column {mine}, which the lookup in {rows.name} needs.",
                hint=did_you_mean(mine, spine.names) or f"It has {', '.join(spine.names[:20])}.",
            )
    wanted = {
        "key column": [theirs for _, theirs in lookup.keys],
        "time column": [lookup.event] if lookup.event is not None else [],
        "known-time column": [lookup.known.column] if lookup.known.column is not None else [],
        "feature": [output.feature for output in lookup.outputs],
    }
    for what, names in wanted.items():
        for name in names:
            if name not in rows.schema.names:
                raise InvalidInput(
                    f"Table {rows.name} has no {what} {name} at version {rows.version}.",
                    hint=did_you_mean(name, rows.schema.names) or f"It has {', '.join(rows.schema.names[:20])}.",
                )


def _require_key_types(rows: FeatureRows, mine: tuple[str, pa.DataType], theirs: tuple[str, pa.DataType]) -> None:
    spelled_mine, spelled_theirs = f"{mine[0]} of the spine ({mine[1]})", f"{theirs[0]} of {rows.name} ({theirs[1]})"
    families = _family(mine[1]), _family(theirs[1])
    for family, spelled in zip(families, (spelled_mine, spelled_theirs), strict=True):
        if family == "float":
            raise InvalidInput(
                f"The key column {spelled} holds floating-point numbers; keys are compared exactly.",
                hint='Cast it to whole numbers. pandas makes floats of whole numbers with nulls: use astype("Int64").',
            )
        if family is None:
            raise InvalidInput(
                f"The key column {spelled} is of a type that cannot be a key.", hint="Cast it to a string."
            )
    if "null" in families or families[0] == families[1]:
        return
    if {*families} == {"zoned timestamp", "timestamp without zone"}:
        raise InvalidInput(
            f"The key columns {spelled_mine} and {spelled_theirs} differ in their time zone.", hint=_ZONE_HINT
        )
    raise InvalidInput(
        f"The key columns {spelled_mine} and {spelled_theirs} cannot be compared: {families[0]} and {families[1]}.",
        hint=f"Cast {mine[0]} to {theirs[1]}.",
    )


_ZONE_HINT = "Give the one without a zone its zone: dt.replace_time_zone in Polars, tz_localize in pandas."


def _require_clocks(spine: pa.Schema, lookup: Lookup, rows: FeatureRows) -> None:
    if lookup.lookback is not None and (lookup.at is None or lookup.event is None):
        lacks = "timestamp_lookup_key" if lookup.at is None else "time column"
        raise InvalidInput(f"The lookup in {rows.name} has a look-back of {lookup.lookback}, but no {lacks}.")
    clocks = {name: rows.schema.field(name).type for name in (lookup.event, lookup.known.column) if name is not None}
    spelled = {f"{name} of {rows.name}": kind for name, kind in clocks.items()}
    if lookup.at is not None:
        spelled[f"{lookup.at} of the spine"] = spine.field(lookup.at).type
    for name, kind in spelled.items():
        if _family(kind) not in _TIMES:
            raise InvalidInput(
                f"The time column {name} is {kind}, which is no time.", hint="Cast it to a timestamp or a date."
            )
    zoned = [name for name, kind in spelled.items() if _family(kind) == "zoned timestamp"]
    naive = [name for name, kind in spelled.items() if _family(kind) == "timestamp without zone"]
    if zoned and naive:
        raise InvalidInput(
            f"The time column {zoned[0]} has a time zone, and {naive[0]} has none.",
            hint=_ZONE_HINT,
        )


_TIMES = {"zoned timestamp", "timestamp without zone", "date", "null"}


def _family(kind: pa.DataType) -> str | None:
    """What a type can be compared with: types of one family."""
    if pa.types.is_dictionary(kind):
        return _family(kind.value_type)
    if pa.types.is_timestamp(kind):
        return "zoned timestamp" if kind.tz else "timestamp without zone"
    families = {
        "null": pa.types.is_null,
        "float": pa.types.is_floating,
        "whole number": pa.types.is_integer,
        "boolean": pa.types.is_boolean,
        "date": pa.types.is_date,
        "decimal": pa.types.is_decimal,
        "string": lambda each: pa.types.is_string(each) or pa.types.is_large_string(each) or each == pa.string_view(),
        "binary": lambda each: pa.types.is_binary(each) or pa.types.is_large_binary(each)
        or pa.types.is_fixed_size_binary(each) or each == pa.binary_view(),
    }  # fmt: skip
    return next((family for family, belongs in families.items() if belongs(kind)), None)
