# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""From what somebody asks for to a resolved spec: defaults filled in, names checked, mistakes told before any row is
read. Pure rules; the tables and functions have been looked up before."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from boathouse.catalog import Column, Function
from boathouse.features.feature_spec import Computed, Lookup, Output, outputs_of
from boathouse.features.lookups import FeatureFunction, FeatureLookup
from boathouse.features.specs.functions import bound
from boathouse.features.tables.feature_tables import FeatureTable
from boathouse.foundation.errors import InvalidInput, NotFound, did_you_mean
from boathouse.foundation.names import FunctionName, TableName
from boathouse.session.sql.arrow_types import arrow_type_of


class LatestValues(UserWarning):
    """A lookup without a time in a table with one: every row gets the values that are the latest known now."""


@dataclass(frozen=True, slots=True)
class Known:
    """What has been looked up for a wish."""

    tables: Mapping[TableName, FeatureTable]
    functions: Mapping[FunctionName, Function]
    frame: Mapping[str, pa.DataType] | None = None
    """The types of the frame's columns; None for a spec without a frame."""


def tables_of(wishes: Sequence[FeatureLookup | FeatureFunction]) -> list[TableName]:
    """The tables that are asked for, each once.

    Raises:
        InvalidInput: Something among them is neither a lookup nor a function.
    """
    if not isinstance(wishes, Sequence):  # type: ignore[redundant-expr]
        kind = type(wishes).__name__
        raise InvalidInput(
            f"Features are asked for as a list, not as a {kind}.", hint="Give [FeatureLookup(...), ...]."
        )
    for wish in wishes:
        if not isinstance(wish, FeatureLookup | FeatureFunction):  # type: ignore[redundant-expr]
            raise InvalidInput(
                f"{wish!r} is neither a FeatureLookup nor a FeatureFunction.",
                hint="Name a table's features by FeatureLookup(table_name, lookup_key=...).",
            )
    return list(dict.fromkeys(TableName.parse(each.table_name) for each in wishes if isinstance(each, FeatureLookup)))


def function_names_of(wishes: Iterable[FeatureLookup | FeatureFunction]) -> list[FunctionName]:
    """The functions that are asked for, each once."""
    return list(
        dict.fromkeys(FunctionName.parse(each.udf_name) for each in wishes if isinstance(each, FeatureFunction))
    )


def resolve(wishes: Sequence[FeatureLookup | FeatureFunction], known: Known) -> tuple[Lookup | Computed, ...]:
    """The steps that are asked for, in their order.

    Raises:
        NotFound: A table has no such feature.
        InvalidInput: Anything else that cannot be: keys that do not fit, names that are taken, types that contradict.
    """
    if not wishes:
        raise InvalidInput("No features are asked for.", hint="Give at least one FeatureLookup.")
    names = Names.of_frame(known.frame)
    steps: list[Lookup | Computed] = []
    for wish in wishes:
        if isinstance(wish, FeatureFunction):
            step: Lookup | Computed = bound(known.functions[FunctionName.parse(wish.udf_name)], wish, names.types)
        else:
            step = _lookup(wish, known.tables[TableName.parse(wish.table_name)], known.frame)
        names.add(step)
        steps.append(step)
    return tuple(steps)


@dataclass(slots=True)
class Names:
    """The columns that there are so far, and where each comes from."""

    origins: dict[str, str]
    """By name in lower case: engines do not tell columns apart by case."""
    types: dict[str, pa.DataType] | None = None
    """None where the frame is not known, and so any column may be there."""
    _spelled: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of_frame(cls, frame: Mapping[str, pa.DataType] | None) -> "Names":
        origins = {name.lower(): "the frame" for name in frame or ()}
        return cls(origins, None if frame is None else dict(frame))

    def add(self, step: Lookup | Computed) -> None:
        """Take note of what a step adds.

        Raises:
            InvalidInput: A name is taken.
        """
        for name in outputs_of(step):
            origin = f"function {step.function}" if isinstance(step, Computed) else f"table {step.table}"
            if taken := self.origins.get(name.lower()):
                way = "output_name" if isinstance(step, Computed) else f"rename_outputs={{{name!r}: ...}}"
                raise InvalidInput(
                    f"The column {name} comes from {taken} and from {origin}.",
                    hint=f"Give one of them a new name: {way}.",
                )
            self.origins[name.lower()] = origin
        if self.types is not None:
            given = [step] if isinstance(step, Computed) else step.outputs
            self.types |= {each.name: arrow_type_of(each.type_text) for each in given}


def _lookup(wish: FeatureLookup, table: FeatureTable, frame: Mapping[str, pa.DataType] | None) -> Lookup:
    _require_keys(wish, table, frame)
    _require_time(wish, table, frame)
    return Lookup(
        table=table.table,
        keys=tuple(zip(wish.lookup_key, table.entity_keys, strict=True)),
        outputs=_outputs(wish, table),
        event=table.timeseries_column,
        known=table.known,
        at=wish.timestamp_lookup_key,
        lookback=wish.lookback_window,
    )


def _require_keys(wish: FeatureLookup, table: FeatureTable, frame: Mapping[str, pa.DataType] | None) -> None:
    if len(wish.lookup_key) != len(table.entity_keys):
        time = table.timeseries_column
        hint = f"Give one column of the frame for each of {', '.join(table.entity_keys)}, in this order."
        if time and len(wish.lookup_key) == len(table.entity_keys) + 1:
            hint += f" The column for the time {time} is the timestamp_lookup_key."
        raise InvalidInput(
            f"The key of {table.name} is ({', '.join(table.entity_keys)}), and lookup_key names "
            f"{len(wish.lookup_key)} columns: {', '.join(wish.lookup_key)}.",
            hint=hint,
        )
    for column in wish.lookup_key:
        _require_column(column, frame, f"lookup_key of {table.name}")


def _require_time(wish: FeatureLookup, table: FeatureTable, frame: Mapping[str, pa.DataType] | None) -> None:
    at, window = wish.timestamp_lookup_key, wish.lookback_window
    if at is not None:
        _require_column(at, frame, f"timestamp_lookup_key of {table.name}")
    if window is not None and (at is None or table.timeseries_column is None):
        lacks = "the lookup has no timestamp_lookup_key" if at is None else "the table has no time column"
        raise InvalidInput(
            f"The lookup in {table.name} has a lookback_window of {window}, but {lacks}.",
            hint="Leave the window out, or say from when it looks back.",
        )
    if window is not None and window.total_seconds() < 0:
        raise InvalidInput(f"The lookback_window {window} of {table.name} lies in the future.")
    if at is None and table.timeseries_column is not None:
        warnings.warn(
            LatestValues(
                f"The lookup in {table.name} has no timestamp_lookup_key: each row gets the values that are the latest "
                "known now, which for rows of the past are values of their future."
            ),
            stacklevel=2,
        )


def _require_column(name: str, frame: Mapping[str, pa.DataType] | None, what: str) -> None:
    if frame is not None and name not in frame:
        raise InvalidInput(
            f"The frame has no column {name}, which is the {what}.",
            hint=did_you_mean(name, frame) or f"It has {', '.join(list(frame)[:20]) or 'no columns'}.",
        )


def _outputs(wish: FeatureLookup, table: FeatureTable) -> tuple[Output, ...]:
    columns = {column.name: column for column in table.columns}
    names = list(wish.feature_names) if wish.feature_names is not None else table.features
    if not names:
        raise InvalidInput(f"Table {table.name} has no features: all its columns are keys and times.")
    for name in names:
        if name in table.entity_keys:
            raise InvalidInput(
                f"{name} is part of the key of {table.name}; the frame has it already.",
                hint="Leave it out of feature_names.",
            )
        if name not in columns:
            hint = did_you_mean(name, table.features) or f"It has {', '.join(table.features[:20])}."
            raise NotFound(f"Table {table.name} has no feature {name}.", hint=hint)
    for what, given in (("rename_outputs", wish.rename_outputs), ("default_values", wish.default_values)):
        for name in given:
            if name not in names:
                raise InvalidInput(
                    f"{what} of the lookup in {table.name} speaks of {name}, which is not looked up.",
                    hint=did_you_mean(name, names) or f"Looked up are {', '.join(names[:20])}.",
                )
    return tuple(_output(wish, table, columns[name]) for name in names)


def _output(wish: FeatureLookup, table: FeatureTable, column: Column) -> Output:
    default = wish.default_values.get(column.name)
    name = wish.rename_outputs.get(column.name, column.name)
    return Output(column.name, name, column.type_text, _default(default, table, column))


def _default(value: Any, table: FeatureTable, column: Column) -> Any:
    """The default as a value of the column's type."""
    if value is None:
        return None
    try:
        kind, plain = arrow_type_of(column.type_text), _plain(value)
        if isinstance(plain, Mapping) or pa.types.is_map(kind):
            raise TypeError("a recipe has no word for such a value")
        if pa.types.is_integer(kind) and plain != int(plain):
            raise ValueError("Arrow would cut the fraction")
        return pa.scalar(plain, kind).as_py()
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"The default value {value!r} of {table.name}.{column.name} is no {column.type_text.upper()} that a recipe "
            f"can keep: {error}.",
        ) from error


def _plain(value: Any) -> Any:
    """A number of NumPy's as one of Python's."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "ndim", None) == 0 else value
