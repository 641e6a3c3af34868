# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Rows by key, and keys that are gone, brought into a table by one commit that takes a turn."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable

from boathouse.lake.arrow_input import Source
from boathouse.lake.commits import Turn, commit_rewrite
from boathouse.lake.locations import as_url
from boathouse.lake.schema import identifier
from boathouse.lake.snapshots import open_snapshot
from boathouse.lake.storage_format import writer_properties

_GONE = "__bh_gone"


def upsert(
    location: str,
    rows: pa.Table,
    gone: pa.Table,
    key: Sequence[str],
    *,
    turns: Sequence[Turn] = (),
    commit_info: Mapping[str, str] | None = None,
) -> int:
    """Put rows in the place of those with the same key, add the others, and delete the keys that are ``gone``. Rows and
    keys are held in memory.

    Raises:
        WriteConflict: Somebody else has taken one of the turns.
        SchemaMismatch: The columns differ.
    """

    def attempt(table: DeltaTable, commit: CommitProperties) -> None:
        target = open_snapshot(location).arrow_schema
        fitted = Source(rows).fitted(target, partition_by=table.metadata().partition_columns, fill_missing=True)
        new = fitted.reader().read_all()
        new = new.append_column(_GONE, pa.repeat(False, new.num_rows))
        old = pa.table({name: gone.column(name).cast(target.field(name).type) for name in key})
        old = old.append_column(_GONE, pa.repeat(True, old.num_rows))
        both = pa.concat_tables([new, old], promote_options="default")
        values = {identifier(name): f"source.{identifier(name)}" for name in target.names}
        (
            table.merge(
                both,
                " AND ".join(f"target.{identifier(name)} = source.{identifier(name)}" for name in key),
                source_alias="source",
                target_alias="target",
                writer_properties=writer_properties(),
                commit_properties=commit,
            )
            .when_matched_delete(f"source.{_GONE}")
            .when_matched_update(values, predicate=f"NOT source.{_GONE}")
            .when_not_matched_insert(values, predicate=f"NOT source.{_GONE}")
            .execute()
        )

    return commit_rewrite(as_url(location), attempt, info=commit_info, turns=turns)
