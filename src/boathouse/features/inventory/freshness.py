"""How old the newest values of a feature table are, by what the table's log says of its files."""

from datetime import UTC, date, datetime, time
from typing import Any

from boathouse.features.inventory.nouns import AgeAtCommit, Freshness
from boathouse.features.tables.feature_tables import FeatureTable
from boathouse.foundation.clock import epoch_ms
from boathouse.lake import Snapshot


def freshness_of(table: FeatureTable, snapshot: Snapshot, now: datetime) -> Freshness:
    """The freshness of a table at an instant, held against its promise."""
    promised = table.freshness.total_seconds() if table.freshness is not None else None
    newest = newest_event(snapshot, table.timeseries_column) if table.timeseries_column else None
    if newest is None:
        return Freshness(None, None, promised, None)
    age = (now - newest).total_seconds()
    return Freshness(epoch_ms(newest), age, promised, None if promised is None else age <= promised)


def age_at_commit(at: datetime, newest: datetime, before: datetime | None) -> AgeAtCommit:
    """The age around a commit.

    Args:
        before: The newest event before it.
    """
    return AgeAtCommit(
        epoch_ms(at),
        None if before is None else (at - before).total_seconds(),
        (at - newest).total_seconds(),
    )


def newest_event(snapshot: Snapshot, column: str) -> datetime | None:
    """The latest instant in a column, from the statistics of the files; None where a file has none."""
    newest: datetime | None = None
    for file in snapshot.files:
        if file.row_count == 0:
            continue
        value = file.partition.get(column, file.maximum.get(column))
        instant = _instant(value)
        if instant is None:
            return None
        newest = instant if newest is None else max(newest, instant)
    return newest


def _instant(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.combine(value, time.min, UTC) if isinstance(value, date) else None
