# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""What came to a table by some of its commits: new rows in their order, or the last word on each key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from boathouse.foundation.errors import Conflict
from boathouse.lake import Commit, Snapshot, tables
from boathouse.lake.change_feed import CHANGE_COLUMNS, read_changes
from boathouse.lake.log import DeltaLog
from boathouse.serving.streaming.nouns import OnChange

NEW = ("insert", "update_postimage")
GONE = ("delete", "update_preimage")


@dataclass(frozen=True, slots=True)
class Due:
    """The next commits of a source."""

    commits: tuple[Commit, ...]
    """Those of them that brought, changed or took rows."""
    upto: int


def due(snapshot: Snapshot, after: int, most: int) -> Due:
    """The commits behind a version, as many as are taken at once.

    Raises:
        Conflict: The log does not go back so far.
    """
    log = DeltaLog(snapshot.location)
    upto = min(snapshot.version, after + most)
    found: list[Commit] = []
    for commit in log.between(after, upto):
        if commit is None:
            raise Conflict(
                f"The log of the source has been cleaned: the versions from {after + 1} on are not all there.",
                hint="Begin another stream, under another name; it begins with the rows that are there.",
            )
        if commit.changes_data:
            found.append(commit)
    return Due(tuple(found), upto)


def new_rows(snapshot: Snapshot, commits: Sequence[Commit], policy: OnChange, source: str) -> pa.RecordBatchReader:
    """The rows that commits have added, in their order.

    Raises:
        Conflict: A commit has changed or deleted rows, and the policy is ``error``.
    """
    log = DeltaLog(snapshot.location)
    wanted: list[Commit] = []
    for commit in commits:
        actions = log.actions(commit.version) or []
        has_feed = any("cdc" in action for action in actions)
        if has_feed or any((action.get("remove") or {}).get("dataChange") for action in actions):
            if policy is OnChange.ERROR:
                raise Conflict(
                    f"{commit.operation} has changed or deleted rows of {source} in version {commit.version}.",
                    hint="Let the stream ignore such commits (only new rows count), or follow them by key (upsert).",
                )
            if not has_feed:
                continue  # whole files went and came; which of their rows are new nobody can tell
        wanted.append(commit)
    rows = _feed(snapshot, wanted)
    schema = snapshot.arrow_schema

    def inserted() -> Iterator[pa.RecordBatch]:
        for batch in rows:
            is_new = pc.field("_change_type") == "insert"
            yield from pa.Table.from_batches([batch]).filter(is_new).select(schema.names).cast(schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, inserted())


@dataclass(frozen=True, slots=True)
class Keyed:
    """The last word of some commits on each key."""

    rows: pa.Table
    """As they are now."""
    gone: pa.Table
    """Keys that have no row any more."""


def last_words(snapshot: Snapshot, commits: Sequence[Commit], key: Sequence[str]) -> Keyed:
    """What commits have made of each key; rows without a whole key are left out."""
    import polars as pl

    found = _feed(snapshot, commits).read_all()
    order = pl.DataFrame(pl.from_arrow(found.select([*key, "_commit_version", "_change_type"]))).with_row_index("__row")
    order = order.drop_nulls(list(key)).with_columns(__new=pl.col("_change_type").is_in(list(NEW)))
    # In one commit what went comes before what came, whatever the order of its files.
    order = order.sort(["_commit_version", "__new", "__row"]).unique(list(key), keep="last", maintain_order=True)
    is_new = order["__new"]
    rows = found.take(pa.array(order.filter(is_new)["__row"].to_numpy()))
    gone = found.take(pa.array(order.filter(~is_new)["__row"].to_numpy()))
    return Keyed(rows.drop_columns(CHANGE_COLUMNS.names), gone.select(list(key)))


def _feed(snapshot: Snapshot, commits: Sequence[Commit]) -> pa.RecordBatchReader:
    if not commits:
        return pa.RecordBatchReader.from_batches(pa.schema([*snapshot.arrow_schema, *CHANGE_COLUMNS]), iter(()))
    if snapshot.needs_delta_reader:
        return _only(commits, tables.changes(snapshot.location, commits[0].version, commits[-1].version))
    return read_changes(snapshot, commits)


def _only(commits: Sequence[Commit], rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """delta-rs reads all versions from the first to the last, those too that were left out between them."""
    wanted = pa.array([commit.version for commit in commits], pa.int64())
    batches = (batch.filter(pc.is_in(batch.column("_commit_version"), value_set=wanted)) for batch in rows)
    return pa.RecordBatchReader.from_batches(rows.schema, batches)
