"""A principal's governed reads and writes: resolve, authorise, scan, record. The one way to data.

``sql``, ``table``, ``write_table`` and ``upload`` use the default session; :class:`Session` joins a principal, the law
and an engine of one's own.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from boathouse.session.default import default_session
    from boathouse.session.law import Intent, Law, NewTable, StagedTable, Statement, TableRequest
    from boathouse.session.local import LocalLaw
    from boathouse.session.remote import RemoteLaw
    from boathouse.session.result import Result
    from boathouse.session.running.writes import SchemaMode, WriteMode, WriteReport
    from boathouse.session.session import Session

__all__ = [
    "Intent",
    "Law",
    "LocalLaw",
    "NewTable",
    "RemoteLaw",
    "Result",
    "Session",
    "StagedTable",
    "Statement",
    "TableRequest",
    "WriteReport",
    "default_session",
    "sql",
    "table",
    "upload",
    "write_table",
]

_HOMES = {
    **dict.fromkeys(("Intent", "Law", "NewTable", "StagedTable", "Statement", "TableRequest"), "law"),
    "LocalLaw": "local",
    "RemoteLaw": "remote",
    "Result": "result",
    "Session": "session",
    "WriteReport": "running.writes",
    "default_session": "default",
}


def __getattr__(name: str) -> Any:
    """Parts come when they are asked for: nobody should pay for DuckDB and Arrow by an import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


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
        comment=comment,
    )


def upload(path: str, content: "bytes | str | Path | BinaryIO", *, overwrite: bool = True) -> str:
    """Put a file into a volume."""
    return _session().upload(path, content, overwrite=overwrite)
