# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The rows of a frame with the features of a spec: the one way, for training sets and for predictions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from boathouse.features.feature_spec import FeatureSpec, Lookup
from boathouse.features.point_in_time import LookupReport, look_up
from boathouse.features.point_in_time.nouns import AsOf
from boathouse.features.specs.functions import OnDemand
from boathouse.features.tables.reading import FeatureRows
from boathouse.foundation.names import TableName

Columns = dict[str, pa.ChunkedArray]


@dataclass(frozen=True, slots=True)
class Augmented:
    """The features of a frame's rows."""

    features: Columns
    """By name, in the order of the spec; each as long as the frame."""
    reports: tuple[LookupReport, ...]
    """One per lookup that was needed."""


def augment(
    frame: pa.Table,
    spec: FeatureSpec,
    rows: Mapping[TableName, FeatureRows],
    functions: OnDemand,
    *,
    as_of: AsOf = "known",
    given: Mapping[str, pa.ChunkedArray] | None = None,
) -> Augmented:
    """Look up and compute what a spec says.

    Args:
        given: Features that are known already and stand as they are.

    Raises:
        InvalidInput: The frame does not fit the tables or functions.
    """
    found: Columns = dict(given or {})
    looked_up = look_up_all(frame, spec, rows, as_of=as_of, given=found)
    found |= looked_up.features
    for step in spec.computations:
        if step.name not in found:
            found[step.name] = functions.apply(step, _with(frame, found))
    return Augmented({name: found[name] for name in spec.features}, looked_up.reports)


def look_up_all(
    frame: pa.Table,
    spec: FeatureSpec,
    rows: Mapping[TableName, FeatureRows],
    *,
    as_of: AsOf = "known",
    given: Mapping[str, pa.ChunkedArray] | None = None,
) -> Augmented:
    """Only the lookups of a spec, all by one pass over the frame."""
    lookups = [lookup for each in spec.lookups if (lookup := without(each, given or {})).outputs]
    if not lookups:
        return Augmented({}, ())
    needed = dict.fromkeys(column for lookup in lookups for column in _needed(lookup))
    spine = frame.select(list(needed))
    answer = look_up(spine, [(lookup, rows[lookup.table]) for lookup in lookups], as_of=as_of)
    names = [output.name for lookup in lookups for output in lookup.outputs]
    return Augmented({name: answer.table.column(name) for name in names}, tuple(answer.report))


def without(lookup: Lookup, given: Mapping[str, pa.ChunkedArray]) -> Lookup:
    """The lookup without what is known already."""
    return replace(lookup, outputs=tuple(output for output in lookup.outputs if output.name not in given))


def _needed(lookup: Lookup) -> list[str]:
    return [*(column for column, _ in lookup.keys), *([lookup.at] if lookup.at else [])]


def _with(frame: pa.Table, features: Columns) -> pa.Table:
    """The frame with features; one that the frame has too is that of the features."""
    columns = {name: frame.column(name) for name in frame.schema.names}
    return pa.table({**columns, **features})
