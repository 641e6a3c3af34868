"""The recipe that a model carries: which features it takes, from where, by which keys.

A spec is resolved: keys, clocks and outputs of each lookup are fixed when it is made, so that a batch job or a serving
worker needs no catalog to know what to read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from boathouse.features.clocks import AT_ONCE, KnownTime
from boathouse.foundation.names import FunctionName, TableName


@dataclass(frozen=True, slots=True)
class Output:
    """A looked-up feature."""

    feature: str
    """The column of the feature table."""
    name: str
    """The column of the training set."""
    type_text: str
    """Its Spark SQL type, as in the catalog."""
    default: Any = None
    """What stands where there is no match or a null."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One resolved lookup."""

    table: TableName
    keys: tuple[tuple[str, str], ...]
    """Pairs of a column of the frame and an entity key of the table."""
    outputs: tuple[Output, ...]
    event: str | None = None
    """The time column of the table."""
    known: KnownTime = AT_ONCE
    at: str | None = None
    """The column of the frame with the instant; None takes the latest known value."""
    lookback: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """One resolved on-demand feature."""

    function: FunctionName
    inputs: tuple[tuple[str, str], ...]
    """Pairs of a parameter and a column of the frame or an output of a step before."""
    name: str
    type_text: str


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """Lookups and computations in their order, and what is left out of the result."""

    steps: tuple[Lookup | Computed, ...]
    exclude: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    table_versions: Mapping[str, int] = field(default_factory=dict[str, int])
    """The Delta version of each table that the training set was read from."""
