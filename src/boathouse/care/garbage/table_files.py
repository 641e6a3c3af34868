"""Files and log entries of tables that are in no version that is kept. What a pin holds is kept, however old."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from boathouse.care.garbage.nouns import USUAL, Garbage, Kind
from boathouse.catalog import Catalog, SecurableKind, Table, TableType
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import local_path, open_snapshot
from boathouse.lake.log import DeltaLog
from boathouse.lake.maintenance import clean_log, vacuum

LOG_RETENTION = timedelta(days=30)
"""How long a version can be read, as Delta has it, if nothing else is said."""
_FILES_PROPERTY = "delta.deletedFileRetentionDuration"
_LOG_PROPERTY = "delta.logRetentionDuration"
_INTERVAL = re.compile(r"(?:interval\s+)?(\d+)\s+(week|day|hour|minute|second)s?", re.IGNORECASE)
_HOUR = timedelta(hours=1)


class TableGarbage:
    """One item for each table. Locations of external tables are their owners' business."""

    def __init__(self, kind: Kind, catalog: Catalog, clock: Clock) -> None:
        self.kind = kind
        self._catalog = catalog
        self._clock = clock
        self._is_log = kind is Kind.VERSIONS

    def find(self, before: int) -> Iterator[Garbage]:
        for table in self._tables():
            try:
                paths = self._look(table, before, is_dry_run=True)
            except BoathouseError:
                continue  # a table that cannot be read is not touched
            if paths:
                folder = local_path(table.storage_location)
                size = sum(_size(folder, each) for each in paths)
                yield Garbage(self.kind, table.securable.full_name, self._why(table, before), size, len(paths),
                              handle=table.securable.id)  # fmt: skip

    def remove(self, item: Garbage, before: int) -> bool:
        try:
            table = self._catalog.securables.table_by_id(SYSTEM, item.handle)
        except NotFound:
            return True  # dropped meanwhile
        self._look(table, before, is_dry_run=False)
        return True

    def _look(self, table: Table, before: int, *, is_dry_run: bool) -> Sequence[str]:
        hours = _whole_hours(self._retention(table, before))
        pinned = self._catalog.pins.versions(table.securable.id)
        if not self._is_log:
            place = table.storage_location
            return sorted(set(vacuum(place, retention_hours=hours, pinned_versions=pinned, dry_run=is_dry_run)))
        # What a dry run names is what goes: a clean-up by itself would first write a checkpoint, and find more.
        names = clean_log(table.storage_location, retention_hours=hours, pinned_versions=pinned, dry_run=True)
        if not is_dry_run:
            for name in names:
                (DeltaLog(table.storage_location).folder / name).unlink(missing_ok=True)
        return [f"_delta_log/{name}" for name in names]

    def _retention(self, table: Table, before: int) -> timedelta:
        """At least a week for files and a month for versions, and what the table itself asks for."""
        properties = open_snapshot(table.storage_location).properties
        asked = timedelta(milliseconds=max(0, epoch_ms(self._clock.now()) - before))
        usual, name = (LOG_RETENTION, _LOG_PROPERTY) if self._is_log else (USUAL, _FILES_PROPERTY)
        own = interval_of(properties.get(name, ""))
        return max(asked, usual if own is None else own)

    def _why(self, table: Table, before: int) -> str:
        days = self._retention(table, before) / timedelta(days=1)
        if self._is_log:
            return f"versions older than {days:g} days, which nothing has pinned"
        return f"in no version of the last {days:g} days, and in none that is pinned"

    def _tables(self) -> Iterator[Table]:
        for each in self._catalog.securables.list(SYSTEM, SecurableKind.TABLE):
            try:
                table = self._catalog.securables.table_by_id(SYSTEM, each.id)
            except NotFound:
                continue
            if table.table_type is TableType.MANAGED and table.data_source_format == "DELTA":
                yield table


def interval_of(text: str) -> timedelta | None:
    """``interval 30 days`` as a length of time; None where there is none."""
    found = _INTERVAL.fullmatch(text.strip())
    if found is None:
        return None
    return timedelta(**{f"{found[2].lower()}s": int(found[1])})


def _whole_hours(length: timedelta) -> int:
    return -(-length // _HOUR)


def _size(folder: Path, name: str) -> int:
    try:
        return (folder / name).stat().st_size
    except OSError:
        return 0


def table_collectors(catalog: Catalog, clock: Clock) -> list[TableGarbage]:
    """Files first: a version whose log entry is gone could not say which were its own."""
    return [TableGarbage(Kind.TABLES, catalog, clock), TableGarbage(Kind.VERSIONS, catalog, clock)]
