"""What a training set asks for: values looked up by key and time, and values computed on demand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from boathouse.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True, init=False)
class FeatureLookup:
    """Features of one table, looked up by key and, where the table has a time column, as of a time.

    The arguments are those that Databricks documents for its class of this name.

    Args:
        table_name: A feature table, in full.
        lookup_key: The columns of the frame that hold the key, in the order of the table's entity keys.
        feature_names: One or several features; all by default.
        rename_outputs: New names by feature.
        timestamp_lookup_key: The column of the frame with the instant to look up at, or a list of this one column.
            Without one, a table with a time column gives its latest known values.
        lookback_window: Values whose event time is longer ago than this are no match.
        default_values: What stands where there is no match or a null, by feature.
        feature_name, output_name: The older way to ask for one feature, and to rename it.
    """

    table_name: str
    feature_names: tuple[str, ...] | None
    lookup_key: tuple[str, ...]
    timestamp_lookup_key: str | None
    lookback_window: timedelta | None
    rename_outputs: Mapping[str, str]
    default_values: Mapping[str, Any]

    def __init__(
        self,
        table_name: str,
        *,
        lookup_key: str | Sequence[str],
        feature_names: str | Sequence[str] | None = None,
        rename_outputs: Mapping[str, str] | None = None,
        timestamp_lookup_key: str | Sequence[str] | None = None,
        lookback_window: timedelta | None = None,
        default_values: Mapping[str, Any] | None = None,
        feature_name: str | None = None,
        output_name: str | None = None,
    ) -> None:
        if feature_name is not None:
            if feature_names is not None:
                raise InvalidInput(f"The lookup in {table_name} has feature_names and feature_name.", hint="Give one.")
            feature_names = feature_name
        if output_name is not None:
            only = None if feature_names is None else _several(feature_names)
            if rename_outputs or only is None or len(only) != 1:
                raise InvalidInput(
                    f"output_name renames the one feature of a lookup; that in {table_name} is another.",
                    hint="Give rename_outputs, names by feature.",
                )
            rename_outputs = {only[0]: output_name}
        if lookback_window is not None and not isinstance(lookback_window, timedelta):  # type: ignore[redundant-expr]
            raise InvalidInput(
                f"The lookback_window of {table_name} is {lookback_window!r}, which is no timedelta.",
                hint="Give a datetime.timedelta: timedelta(hours=6).",
            )
        for feature, new in (rename_outputs or {}).items():
            if not new or not isinstance(new, str):  # type: ignore[redundant-expr]
                raise InvalidInput(f"rename_outputs of {table_name} calls {feature} {new!r}, which is no name.")
        put = object.__setattr__
        put(self, "table_name", table_name)
        put(self, "lookup_key", _several(lookup_key))
        put(self, "feature_names", None if feature_names is None else _several(feature_names))
        put(self, "rename_outputs", dict(rename_outputs or {}))
        put(self, "timestamp_lookup_key", _one(timestamp_lookup_key))
        put(self, "lookback_window", lookback_window)
        put(self, "default_values", dict(default_values or {}))


@dataclass(frozen=True, slots=True)
class FeatureFunction:
    """A feature that is computed on demand by a registered function, from columns of the frame and looked-up features.

    Args:
        udf_name: A function in SQL or Python, in full.
        input_bindings: The column that each parameter takes; that of its own name where none is given.
        output_name: The name of the feature; that of the function by default.
    """

    udf_name: str
    input_bindings: Mapping[str, str] | None = None
    output_name: str | None = None


def _one(name: str | Sequence[str] | None) -> str | None:
    if name is None or isinstance(name, str):
        return name
    if len(name) != 1:
        raise InvalidInput(f"The timestamp_lookup_key is one column, not {len(name)}.")
    return name[0]


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
