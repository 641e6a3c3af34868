# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""What happened to a table: its commits, and the rows they changed."""

from datetime import datetime
from typing import Any

import pyarrow as pa

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.arrow_input import without_views
from boathouse.lake.change_feed import read_changes
from boathouse.lake.errors import NoTableThere, translated
from boathouse.lake.locations import as_url
from boathouse.lake.log import Commit
from boathouse.lake.snapshots import dated_commits, open_snapshot, open_table, version_at


def history(location: str, limit: int | None = None) -> list[Commit]:
    """The commits that the log still has, newest first.

    Raises:
        NoTableThere: No Delta table lies at the location.
    """
    commits = dated_commits(location)
    if not commits:
        raise NoTableThere(f"There is no Delta table at {as_url(location)}.")
    return commits[::-1][:limit]


def changes(location: str, start: int | datetime, end: int | datetime | None = None) -> pa.RecordBatchReader:
    """The rows that were inserted, updated and deleted by the versions from ``start`` up to and with ``end``.

    Without ``end`` up to the newest version.

    Beside the table's columns come ``_change_type`` (``insert``, ``delete``, ``update_preimage``,
    ``update_postimage``), ``_commit_version`` and ``_commit_timestamp``. An instant means the version of that time.

    Raises:
        VersionNotFound: The log does not have one of the versions.
        InvalidInput: The change data feed was off then, or ``end`` lies before ``start``.
    """
    location = as_url(location)
    first = start if isinstance(start, int) else version_at(location, start)
    last = end if isinstance(end, int) else open_snapshot(location, timestamp=end).version
    if last < first:
        raise InvalidInput(f"The changes end at version {last}, before they start at version {first}.")
    snapshot = open_snapshot(location, version=last)
    for edge in (open_snapshot(location, version=first), snapshot):
        if edge.properties.get("delta.enableChangeDataFeed") != "true":
            raise InvalidInput(
                f"The change data feed of the table at {location} was off at version {edge.version}.",
                hint="Set the table property delta.enableChangeDataFeed to true; later changes can be read then.",
            )
    if snapshot.needs_delta_reader:
        with translated(location):
            feed = open_table(location).load_cdf(starting_version=first, ending_version=last)
            return without_views(pa.RecordBatchReader.from_stream(feed))
    return read_changes(snapshot, [commit for commit in dated_commits(location) if first <= commit.version <= last])


class ChangeFeed:
    """The changes between two versions or instants, as an Arrow stream that can be asked for more than once."""

    def __init__(self, location: str, start: int | datetime, end: int | datetime | None = None) -> None:
        self._location, self._start = location, start
        # What comes later is not part of it, however often it is read.
        self.last_version = end if isinstance(end, int) else open_snapshot(location, timestamp=end).version

    @property
    def schema(self) -> pa.Schema:
        return self.reader().schema

    def reader(self) -> pa.RecordBatchReader:
        """The rows; raises as :func:`changes`."""
        return changes(self._location, self._start, self.last_version)

    def __arrow_c_schema__(self) -> Any:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.reader().__arrow_c_stream__(requested_schema)
