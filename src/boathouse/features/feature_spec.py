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
    frame: tuple[tuple[str, str], ...] = ()
    """Name and Spark SQL type of each column of the frame that the training set was made from; none for a spec that was
    made without a frame."""
    inputs: tuple[str, ...] = ()
    """What the model takes, in its order; none for a spec that no model carries."""
    named: str | None = None
    """The named spec that this came from, if any."""

    @property
    def lookups(self) -> tuple[Lookup, ...]:
        return tuple(step for step in self.steps if isinstance(step, Lookup))

    @property
    def computations(self) -> tuple[Computed, ...]:
        return tuple(step for step in self.steps if isinstance(step, Computed))

    @property
    def features(self) -> tuple[str, ...]:
        """What the steps add to a frame, in their order, excluded ones among them."""
        return tuple(name for step in self.steps for name in outputs_of(step))

    @property
    def tables(self) -> tuple[TableName, ...]:
        """The tables of the lookups, each once."""
        return tuple(dict.fromkeys(lookup.table for lookup in self.lookups))

    @property
    def functions(self) -> tuple[FunctionName, ...]:
        """The functions of the computations, each once."""
        return tuple(dict.fromkeys(step.function for step in self.computations))


def outputs_of(step: Lookup | Computed) -> tuple[str, ...]:
    """The columns that a step adds."""
    return (step.name,) if isinstance(step, Computed) else tuple(output.name for output in step.outputs)
