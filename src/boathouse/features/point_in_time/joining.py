# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The join itself."""

from collections.abc import Sequence

import pyarrow as pa

from boathouse.features.feature_spec import Lookup
from boathouse.features.point_in_time.definition import define, values_of
from boathouse.features.point_in_time.nouns import AsOf, LookedUp, LookupReport
from boathouse.features.reading import FeatureRows


def look_up(spine: pa.Table, lookups: Sequence[tuple[Lookup, FeatureRows]], *, as_of: AsOf = "known") -> LookedUp:
    """The spine with the features of each lookup, row by row in its order."""
    rows, reports, columns = spine.to_pylist(), [], {name: spine.column(name) for name in spine.schema.names}
    for lookup, features in lookups:
        table = [row for batch in features.batches(features.schema.names) for row in batch.to_pylist()]
        found = [define(row, lookup, table, as_of) for row in rows]
        values = [values_of(lookup, each) for each in found]
        for output in lookup.outputs:
            kind = features.schema.field(output.feature).type
            columns[output.name] = pa.chunked_array([pa.array([each[output.name] for each in values], kind)])
        reports.append(
            LookupReport(
                lookup.table, features.version, len(rows),
                matched=sum(each.winner is not None for each in found),
                expired=sum(each.is_expired for each in found),
                duplicates=sum(each.is_duplicate for each in found),
            )
        )  # fmt: skip
    return LookedUp(pa.table(columns), reports)
