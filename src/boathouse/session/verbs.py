"""The verbs of ``import boathouse as bh``: they use the default session.

They stand in a module of their own because the package ``session`` has a subpackage ``sql``, which would take the place
of a function with that name as soon as it is imported.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from boathouse.session.result import Result
    from boathouse.session.running.writes import SchemaMode, WriteMode, WriteReport
    from boathouse.session.session import Session


def _session() -> "Session":
    from boathouse.session.default import default_session

    return default_session()


def sql(text: str, parameters: Mapping[str, Any] | None = None) -> "Result":
    """Run one statement of Databricks SQL; ``:name`` in it takes its value from ``parameters``.

    Example:
        >>> boathouse.sql("SELECT * FROM prod.flights.weather WHERE origin = :origin", {"origin": "JFK"}).pl()
    """
    return _session().sql(text, parameters)


def table(
    name: str,
    *,
    version: int | None = None,
    timestamp: "datetime | str | None" = None,
    columns: Sequence[str] | None = None,
    where: str | None = None,
) -> "Result":
    """The rows of a table, now or as of a version or an instant."""
    return _session().table(name, version=version, timestamp=timestamp, columns=columns, where=where)


def write_table(
    name: str,
    data: Any,
    *,
    mode: "WriteMode" = "append",
    merge_on: Sequence[str] | str | None = None,
    partition_by: Sequence[str] | None = None,
    schema_mode: "SchemaMode | None" = None,
    read_version: int | None = None,
    replace_where: str | None = None,
    comment: str | None = None,
) -> "WriteReport":
    """Write rows to a table in one commit; a table that does not exist is created."""
    return _session().write_table(
        name,
        data,
        mode=mode,
        merge_on=merge_on,
        partition_by=partition_by,
        schema_mode=schema_mode,
        read_version=read_version,
        replace_where=replace_where,
        comment=comment,
    )


def upload(path: str, content: "bytes | str | Path | BinaryIO", *, overwrite: bool = True) -> str:
    """Put a file into a volume."""
    return _session().upload(path, content, overwrite=overwrite)
