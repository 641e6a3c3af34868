# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""The join: labels are sorted, tables are not.

Each label is a slot. A row of a feature table falls into the first slot of its key at or after the instant since when
it counts; a slot keeps its best row, and a label gets the best of all slots of its key up to its own. So a table is
read once as it lies, however large it is, and what is kept grows with the labels alone. Its newest files come first,
which spares most work on the others. Then the values of the rows that somebody gets are read, and of no others.
"""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.features.clocks import microseconds
from boathouse.features.feature_spec import Lookup
from boathouse.features.point_in_time.checking import require_fit
from boathouse.features.point_in_time.gathering import Gathered, gather
from boathouse.features.point_in_time.keys import Keys
from boathouse.features.point_in_time.labels import Labels, labels_of
from boathouse.features.point_in_time.nouns import AsOf, LookedUp, LookupReport
from boathouse.features.point_in_time.pruning import wanted_in
from boathouse.features.point_in_time.scanning import View, clocks_of, scan
from boathouse.features.point_in_time.winners import Winners, winners_of
from boathouse.features.tables.reading import FeatureRows

Columns = dict[str, pa.ChunkedArray]

TABLES_AT_ONCE = 2
"""While the labels of one table are sorted, another one can be read."""


def look_up(spine: pa.Table, lookups: Sequence[tuple[Lookup, FeatureRows]], *, as_of: AsOf = "known") -> LookedUp:
    """The spine with the features of each lookup, row by row in its order.

    Raises:
        InvalidInput: Spine, lookups and tables do not fit together.
        DamagedTable: A file of a table is missing or broken.
    """
    require_fit(spine.schema, lookups)
    with (
        ThreadPoolExecutor(_cores(), thread_name_prefix="boathouse-join") as readers,
        ThreadPoolExecutor(TABLES_AT_ONCE, thread_name_prefix="boathouse-lookup") as joiners,
    ):
        join = _Join(spine, as_of, readers)
        tasks = [joiners.submit(join.looked_up, lookup, rows) for lookup, rows in lookups]
        try:
            found = [task.result() for task in tasks]
        finally:  # after a failure nobody waits for the others
            joiners.shutdown(cancel_futures=True)
    columns = {name: spine.column(name) for name in spine.schema.names}
    for added, _ in found:
        columns |= added
    return LookedUp(pa.table(columns), [report for _, report in found])


class _Join:
    """One spine, for all its lookups."""

    def __init__(self, spine: pa.Table, as_of: AsOf, readers: Executor) -> None:
        self._spine = pa.table({name: _plain(spine.column(name)) for name in spine.schema.names})
        self._as_of, self._readers = as_of, readers
        self._lock = threading.Lock()
        self._labels: dict[object, Future[Labels]] = {}

    def looked_up(self, lookup: Lookup, rows: FeatureRows) -> tuple[Columns, LookupReport]:
        """The outputs of one lookup, and what it found."""
        labels = self._labels_for(lookup, rows)
        views = [View(labels, clocks_of(lookup, latest=self._as_of == "latest"))]
        if self._as_of == "latest":
            views.append(View(labels, clocks_of(lookup, latest=False)))
        may_hold = wanted_in(lookup, rows, labels, self._spine, known=self._as_of == "known")
        key_columns = [theirs for _, theirs in lookup.keys]
        clocks = [name for view in views for name in view.clocks.columns]
        features = list(dict.fromkeys(output.feature for output in lookup.outputs))
        with rows.groups(list(dict.fromkeys([*key_columns, *clocks, *features])), may_hold) as groups:
            scan(groups, key_columns, views, self._readers)
            winners, *before = [self._winners(view, lookup) for view in views]
            values = gather(groups, features, winners.place, self._readers)
            differing = {}
            for known in before:
                differing = self._differing(
                    lookup, winners, values, known, gather(groups, features, known.place, self._readers)
                )
        report = LookupReport(
            rows.name, rows.version, self._spine.num_rows, winners.matched, winners.expired, winners.duplicates,
            differing, groups.files_read, groups.files_total,
        )  # fmt: skip
        return {output.name: values.output(output) for output in lookup.outputs}, report

    def _labels_for(self, lookup: Lookup, rows: FeatureRows) -> Labels:
        """The sorted labels, made once for all lookups that can share them."""
        kinds = [rows.schema.field(theirs).type for _, theirs in lookup.keys]
        shared_by = tuple(mine for mine, _ in lookup.keys), tuple(kinds), lookup.at
        with self._lock:
            if shared_by not in self._labels:
                self._labels[shared_by] = self._readers.submit(self._sorted, lookup, kinds)
            labels = self._labels[shared_by]
        return labels.result()

    def _sorted(self, lookup: Lookup, kinds: Sequence[pa.DataType]) -> Labels:
        keys = Keys([self._spine.column(mine) for mine, _ in lookup.keys], kinds)
        return labels_of(keys, None if lookup.at is None else self._spine.column(lookup.at))

    def _winners(self, view: View, lookup: Lookup) -> Winners:
        lookback = None if lookup.lookback is None else microseconds(lookup.lookback)
        return winners_of(view.labels, view.slots, self._spine.num_rows, lookback)

    def _differing(
        self, lookup: Lookup, winners: Winners, values: Gathered, known: Winners, known_values: Gathered
    ) -> dict[str, int]:
        """By output, how many rows have another value than the one that was known."""
        rows = np.flatnonzero(winners.place != known.place)
        return {
            output.name: _unequal(values.output(output, rows), known_values.output(output, rows))
            for output in lookup.outputs
        }


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values of a column of categories."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _unequal(one: pa.ChunkedArray, other: pa.ChunkedArray) -> int:
    """In how many rows two columns differ; two nulls are equal, and two NaN are."""
    if pa.types.is_nested(one.type):
        return sum(mine != theirs for mine, theirs in zip(one.to_pylist(), other.to_pylist(), strict=True))
    alike = pc.fill_null(pc.equal(one, other), False)
    alike = pc.or_(alike, pc.and_(pc.is_null(one), pc.is_null(other)))
    if pa.types.is_floating(one.type):
        alike = pc.or_(alike, pc.fill_null(pc.and_(pc.is_nan(one), pc.is_nan(other)), False))
    return len(one) - (pc.sum(alike, min_count=0).as_py() or 0)
