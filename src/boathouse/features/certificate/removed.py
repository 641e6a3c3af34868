# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The second proof: feature rows that were not known yet are removed for good, and nothing changes.

For the sample each row gets a table of its own, with only the rows that were known at its instant. For the whole set
the table is copied without what became known after the set's last instant.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pyarrow as pa

from boathouse.features.certificate.instants import instants_of
from boathouse.features.certificate.nouns import Check, CheckVerdict
from boathouse.features.certificate.raw_rows import clocks_of, needed_columns
from boathouse.features.certificate.sampled import SHOWN, Sampled, label_of
from boathouse.features.feature_spec import Lookup
from boathouse.features.point_in_time import look_up
from boathouse.features.tables.reading import FeatureRows
from boathouse.lake import open_snapshot
from boathouse.lake.tables import create_table

SAMPLE_NAME = "the sample without rows known later"
WHOLE_NAME = "the whole set without rows known after its last instant"
MOST_COPIED = 2_000_000
"""Rows copied for the sample."""
MOST_CELLS = 200_000_000
"""Values copied for the whole set; of larger tables only the sample is proven."""
_ROW = "_boathouse_row"


def without_later_rows(sample: Sampled) -> Check:
    """Each row of the sample against a table of its own."""
    effective = sample.rows.effective
    if effective is None or sample.at is None:
        return _not_applicable(SAMPLE_NAME, sample.label)
    kept: list[np.ndarray] = []
    removed = total = 0
    for row, asked in enumerate(sample.rows.asked):
        there = effective.present[asked] & sample.at.present[row] & (effective.values[asked] <= sample.at.values[row])
        removed += len(asked) - int(there.sum())
        total += int(there.sum())
        if kept and total > MOST_COPIED:
            break
        kept.append(asked[there])
    count = len(kept)
    owner = np.repeat(np.arange(count), [len(each) for each in kept])
    rows = sample.rows.table.take(pa.array(np.concatenate(kept) if kept else np.zeros(0, np.int64)))
    rows = rows.append_column(_ROW, pa.array(owner, pa.int64()))
    spine = pa.table({_ROW: pa.array(np.arange(count)), sample.lookup.at: sample.spine[sample.lookup.at][:count]})
    lookup = replace(sample.lookup, keys=((_ROW, _ROW),))
    with TemporaryDirectory() as folder:
        found = look_up(spine, [(lookup, _copied(rows, sample.features, folder))]).table
    got = pa.table({name: column.slice(0, count) for name, column in sample.got.items()})
    different = _different(got, found.select(got.schema.names))
    matched = sum(len(each) > 0 for each in kept)
    examples = _examples(different, got, found, sample)
    wrong = int(different.select(pl.any_horizontal(pl.all())).to_series().sum()) if different.width else 0
    said = f"{removed:,} rows that {count} rows could not know were removed, "
    if wrong:
        return Check(
            SAMPLE_NAME, sample.label, CheckVerdict.FAILED, count, wrong, f"{said}{wrong} rows changed.", examples
        )
    if not matched:
        return Check(SAMPLE_NAME, sample.label, CheckVerdict.INCONCLUSIVE, count, 0, "no row has a match.")
    return Check(SAMPLE_NAME, sample.label, CheckVerdict.PASSED, count, 0, f"{said}nothing changed.")


def without_rows_after_the_end(features: FeatureRows, lookup: Lookup, spine: pa.Table, got: pa.Table) -> Check:
    """The whole set against a copy of the table that ends with the set's last instant.

    Args:
        got: What the training set holds of this lookup.
    """
    label = label_of(lookup)
    if lookup.at is None or (lookup.event is None and lookup.known.column is None):
        return _not_applicable(WHOLE_NAME, label)
    instants = instants_of(spine[lookup.at])
    if not instants.present.any() or not got.num_columns:
        return Check(WHOLE_NAME, label, CheckVerdict.INCONCLUSIVE, 0, 0, "no row has an instant.")
    end = int(instants.values[instants.present].max())
    later, rows = _later_rows(features, lookup, end)
    if not later:
        said = f"none of the {rows:,} rows of the table became known later, so there is nothing to remove."
        return Check(WHOLE_NAME, label, CheckVerdict.PASSED, spine.num_rows, 0, said)
    columns = needed_columns(lookup)
    if rows * len(columns) > MOST_CELLS:
        said = f"the table has {rows:,} rows, of which no copy was made; the sample speaks for them."
        return Check(WHOLE_NAME, label, CheckVerdict.NOT_APPLICABLE, 0, 0, said)
    with TemporaryDirectory() as folder:
        copied = _copied(_until(features, columns, lookup, end), features, folder)
        found = look_up(spine, [(lookup, copied)]).table
    different = _different(got, found.select(got.schema.names))
    wrong = int(different.select(pl.any_horizontal(pl.all())).to_series().sum())
    said = f"{later:,} of {rows:,} rows of the table became known later and were removed, "
    verdict = CheckVerdict.FAILED if wrong else CheckVerdict.PASSED
    said += f"{wrong} of {spine.num_rows} rows changed." if wrong else f"none of {spine.num_rows:,} rows changed."
    return Check(WHOLE_NAME, label, verdict, spine.num_rows, wrong, said)


def _later_rows(features: FeatureRows, lookup: Lookup, end: int) -> tuple[int, int]:
    """How many rows of the table were not known at an instant, or never are, and how many there are."""
    clocks = list(dict.fromkeys(name for name in (lookup.event, lookup.known.column) if name is not None))
    there = rows = 0
    for batch in features.batches(clocks):
        there += int(_known_by(pa.Table.from_batches([batch]), lookup, end).sum())
        rows += batch.num_rows
    return rows - there, rows


def _until(features: FeatureRows, columns: list[str], lookup: Lookup, end: int) -> pa.RecordBatchReader:
    """The rows of the table that were known at an instant, in their order."""
    schema = pa.schema([features.schema.field(name) for name in columns])

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in features.batches(columns):
            table = pa.Table.from_batches([batch]).select(columns).cast(schema)
            yield from table.filter(pa.array(_known_by(table, lookup, end))).to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())


def _known_by(table: pa.Table, lookup: Lookup, end: int) -> np.ndarray:
    event, known = clocks_of(table, lookup)
    assert event is not None and known is not None
    return event.present & known.present & (np.maximum(event.values, known.values) <= end)


def _copied(rows: pa.Table | pa.RecordBatchReader, like: FeatureRows, folder: str) -> FeatureRows:
    place = str(Path(folder) / "table")
    create_table(place, data=rows)
    return replace(like, snapshot=open_snapshot(place))


def _different(got: pa.Table, found: pa.Table) -> pl.DataFrame:
    """Where two tables differ, by column; NaN is equal to NaN, and null to null."""
    left, right = (
        pl.DataFrame({name: pl.Series(name, each[name]) for name in each.schema.names}) for each in (got, found)
    )
    return pl.DataFrame({name: left[name].ne_missing(right[name].cast(left[name].dtype)) for name in left.columns})


def _examples(different: pl.DataFrame, got: pa.Table, found: pa.Table, sample: Sampled) -> tuple[dict[str, str], ...]:
    examples: list[dict[str, str]] = []
    for name in different.columns:
        for row in np.flatnonzero(different[name].to_numpy())[:SHOWN].tolist():
            was, now = got[name][row].as_py(), found[name][row].as_py()
            examples.append(sample.described(row, feature=name, in_the_training_set=was, without_later_rows=now))
    return tuple(examples[:SHOWN])


def _not_applicable(name: str, label: str) -> Check:
    return Check(name, label, CheckVerdict.NOT_APPLICABLE, 0, 0, "the lookup does not look at time.")
