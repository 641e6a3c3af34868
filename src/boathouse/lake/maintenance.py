"""Keeping a table small and fast, without taking away what a pin still needs.

A pin names a version that must stay readable (a registered model was trained on it). Vacuum keeps the data files of
pinned versions, and the log clean-up keeps every entry from the oldest pinned version on.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from deltalake import CommitProperties, DeltaTable

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.commits import commit_rewrite
from boathouse.lake.errors import VersionNotFound, translated
from boathouse.lake.locations import as_url
from boathouse.lake.log import DeltaLog
from boathouse.lake.snapshots import dated_commits, open_table
from boathouse.lake.storage_format import TARGET_FILE_BYTES, writer_properties

DEFAULT_RETENTION_HOURS = 168
"""A week, as Delta has it: longer than any query or write may take."""


def optimize(
    location: str,
    *,
    z_order_by: Sequence[str] = (),
    target_file_bytes: int = TARGET_FILE_BYTES,
    commit_info: Mapping[str, str] | None = None,
) -> int:
    """Put the rows of small files together into larger ones, or order all rows along the given columns.

    Rows stay what they are. Gives way to writers and tries again.

    Raises:
        WriteConflict: The writers left it no moment.
    """
    options: dict[str, Any] = {"target_size": target_file_bytes, "writer_properties": writer_properties()}

    def attempt(table: DeltaTable, commit: CommitProperties) -> None:
        if z_order_by:
            table.optimize.z_order(list(z_order_by), **options, commit_properties=commit)
        else:
            table.optimize.compact(**options, commit_properties=commit)

    return commit_rewrite(as_url(location), attempt, info=commit_info)


def vacuum(
    location: str,
    *,
    retention_hours: int = DEFAULT_RETENTION_HOURS,
    pinned_versions: Iterable[int] = (),
    dry_run: bool = False,
) -> list[str]:
    """Delete the files that no version younger than the retention, and no pinned version, needs; gives their paths.

    Files that no version ever named are deleted too, once they are older than the retention: they are what writers that
    died left behind.

    Raises:
        VersionNotFound: A pinned version is not in the log; nothing is deleted then.
    """
    _require_retention(retention_hours)
    location = as_url(location)
    pinned = sorted(set(pinned_versions))
    for version in pinned:
        open_table(location, version)
    with translated(location):
        return open_table(location).vacuum(
            retention_hours=retention_hours,
            dry_run=dry_run,
            enforce_retention_duration=False,
            full=True,
            keep_versions=pinned or None,
        )


def clean_log(
    location: str,
    *,
    retention_hours: int = 30 * 24,
    pinned_versions: Iterable[int] = (),
    dry_run: bool = False,
) -> list[str]:
    """Delete log entries that no version younger than the retention, and no pinned version, needs; gives their names.

    The log stays without gaps: it begins with the last checkpoint at or before the oldest version that is kept.
    """
    _require_retention(retention_hours)
    location = as_url(location)
    table = open_table(location)
    oldest_kept = min([*pinned_versions, _oldest_within(location, retention_hours)])
    log = DeltaLog(location)
    if not dry_run and table.version() not in log.checkpoints():
        with translated(location):
            table.create_checkpoint()
    beginning = max((version for version in log.checkpoints() if version <= oldest_kept), default=0)
    superfluous = log.files_before(beginning)
    if not dry_run:
        for path in superfluous:  # oldest first, so that a clean-up that is interrupted leaves no gap either
            path.unlink(missing_ok=True)
    return [path.name for path in superfluous]


def _oldest_within(location: str, retention_hours: int) -> int:
    """The version that was current when the retention began."""
    commits = dated_commits(location)
    cutoff = datetime.now(UTC) - timedelta(hours=retention_hours)
    before = [commit.version for commit in commits if commit.timestamp <= cutoff]
    if not commits:
        raise VersionNotFound(f"The log of the table at {location} has no entries.")
    return before[-1] if before else commits[0].version


def _require_retention(retention_hours: int) -> None:
    if retention_hours < 0:
        raise InvalidInput(f"A retention of {retention_hours} hours is not possible.", hint="Use 0 or more.")
