# pyright: reportUnknownParameterType=false
"""The source of a publication as it is now, and the note of what was made of it.

The note lies beside the values in the store, so it is always true.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from boathouse.features.online.contract import OnlineSchema
from boathouse.features.online.moments import milliseconds_now, run_instant
from boathouse.features.online.nouns import Publication
from boathouse.features.online.publishing.latest import Source, published_features
from boathouse.features.tables.feature_tables import FeatureTable, feature_table_of
from boathouse.features.tables.opening import feature_table_at
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.session import Session


def open_source(session: Session, declared: Publication, version: int | None = None, now: int | None = None
) -> tuple[Source, str]:  # fmt: skip
    """The source of a publication as it is now, or as it was published; and the id of its table."""
    name = TableName.parse(declared.source_table)
    opened = session.open_tables([name], {} if version is None else {name: version})[0]
    table = feature_table_of(opened.table)
    features = published_features(feature_table_at(opened), declared.features)
    _require_features(table, features)
    require_time(table, declared.time_to_live)
    moment = run_instant() if now is None else now
    return Source(table, opened.snapshot, features, moment, declared.time_to_live), opened.table.securable.id


def schema_of(source: Source) -> OnlineSchema:
    return OnlineSchema(_plain(source.key_schema), _plain(source.feature_schema), source.time_to_live)


def _plain(schema: pa.Schema) -> pa.Schema:
    """Names and types; whether a column may be null, and comments, make no difference online."""
    return pa.schema([pa.field(field.name, field.type) for field in schema])


def note_of(source: Source, table_id: str, next_known: int | None, *, ties: bool = False) -> dict[str, Any]:
    """What lies beside the values: of what they are the image, and for which instant."""
    table, fields = source.table, source.snapshot.fields
    return {
        "source": table.name,
        "source_id": table_id,
        "version": source.snapshot.version,
        "now": source.now,
        "next_known": next_known,
        "ties": ties,
        "published_at": milliseconds_now(),
        "keys": list(source.keys),
        "clocks": clocks_of(table),
        "columns": {name: fields[name] for name in [*source.keys, *source.features]},
        "time_to_live_seconds": None if source.time_to_live is None else source.time_to_live.total_seconds(),
    }


def clocks_of(table: FeatureTable) -> list[Any]:
    """Event and known time, as the note has them."""
    return [table.timeseries_column, table.known.column, table.known.lag.total_seconds()]


def _require_features(table: FeatureTable, features: Sequence[str]) -> None:
    if not features:
        raise InvalidInput(f"Feature table {table.name} has no features to publish, only keys and clocks.")


def require_time(table: FeatureTable, time_to_live: timedelta | None) -> None:
    if time_to_live is not None and table.timeseries_column is None:
        raise InvalidInput(
            f"{table.name} has no time column, so its values cannot expire.", hint="Leave the time to live out."
        )
