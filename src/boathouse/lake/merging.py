# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Merging rows into a table by key or by condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.lake.schema import identifier
from boathouse.lake.storage_format import writer_properties


@dataclass(frozen=True, slots=True)
class Merge:
    """What to do with rows that meet, and with those that do not."""

    on: Sequence[str] | str
    """Key columns, or an SQL condition over ``target`` and ``source``."""
    matched: Literal["update", "delete", "ignore"]
    not_matched: Literal["insert", "ignore"]
    not_matched_by_source: Literal["delete", "ignore"]


def merge_rows(table: DeltaTable, source: pa.Table, how: Merge, *, evolve: bool, commit: CommitProperties) -> None:
    """Carry out a merge and commit it.

    Raises:
        InvalidInput: A key column does not exist, or two source rows have one key.
    """
    merger = table.merge(
        source,
        _condition(source, how.on),
        source_alias="source",
        target_alias="target",
        merge_schema=evolve,
        writer_properties=writer_properties(),
        commit_properties=commit,
    )
    if how.matched == "update":
        merger = merger.when_matched_update_all()
    elif how.matched == "delete":
        merger = merger.when_matched_delete()
    if how.not_matched == "insert":
        merger = merger.when_not_matched_insert_all()
    if how.not_matched_by_source == "delete":
        merger = merger.when_not_matched_by_source_delete()
    merger.execute()


def _condition(source: pa.Table, on: Sequence[str] | str) -> str:
    if isinstance(on, str):
        return on
    if not on:
        raise InvalidInput("A merge needs at least one column to merge on.")
    for name in on:
        if name not in source.column_names:
            raise InvalidInput(f"There is no column {name} to merge on.", hint=did_you_mean(name, source.column_names))
    require_unique(source, on)
    return " AND ".join(f"target.{identifier(name)} = source.{identifier(name)}" for name in on)


def require_unique(source: pa.Table, on: Sequence[str]) -> None:
    """Two source rows for one target row have no right order, and two new ones would make the key ambiguous."""
    counts = source.group_by(list(on)).aggregate([([], "count_all")])
    repeated = counts.filter(pc.field("count_all") > 1).drop_columns(["count_all"])
    for row in repeated.to_pylist():
        if None not in row.values():  # a null key equals nothing, so such rows are all new
            key = ", ".join(f"{name} = {value!r}" for name, value in row.items())
            raise InvalidInput(f"The data has several rows with {key}.", hint="Keep one row per key.")
