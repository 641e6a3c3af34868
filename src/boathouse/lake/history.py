"""What happened to a table: its commits, and the rows they changed."""

from datetime import datetime

import pyarrow as pa

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.arrow_input import without_views
from boathouse.lake.errors import NoTableThere, translated
from boathouse.lake.locations import as_url
from boathouse.lake.log import Commit
from boathouse.lake.snapshots import dated_commits, open_table, version_at


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
    """The rows that the versions from ``start`` up to and with ``end`` (default: the newest) inserted, updated, deleted.

    Beside the table's columns come ``_change_type`` (``insert``, ``delete``, ``update_preimage``,
    ``update_postimage``), ``_commit_version`` and ``_commit_timestamp``. An instant means the version of that time.

    Raises:
        VersionNotFound: The log does not have one of the versions.
        InvalidInput: The change data feed was off then, or ``end`` lies before ``start``.
    """
    location = as_url(location)
    first = start if isinstance(start, int) else version_at(location, start)
    newest = open_table(location)
    last = newest.version() if end is None else end if isinstance(end, int) else version_at(location, end)
    if last < first:
        raise InvalidInput(f"The changes end at version {last}, before they start at version {first}.")
    for version in (first, last):
        open_table(location, version)
    with translated(location):
        return without_views(
            pa.RecordBatchReader.from_stream(newest.load_cdf(starting_version=first, ending_version=last))
        )
