"""Boathouse: the MLOps side of an open lakehouse.

Example:
    >>> import boathouse as bh
    >>> bh.sql("SELECT origin, count(*) AS flights FROM prod.flights.flights GROUP BY ALL").pl()
    >>> bh.table("prod.flights.weather", version=3).df()
    >>> bh.write_table("dev.flights.daily", frame, mode="overwrite")
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's own, which takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from boathouse.session import Result, Session, WriteReport, default_session, secrets, task_values
    from boathouse.session.verbs import sql, table, upload, write_table

    def summarize(  # of a higher floor than the session, which imports this package: it is found when it is called
        table: str,
        *,
        version: int | None = None,
        columns: Sequence[str] | None = None,
        against: str | int | None = None,
    ) -> dict[str, Any]: ...


__all__ = [
    "Result",
    "Session",
    "WriteReport",
    "default_session",
    "secrets",
    "sql",
    "summarize",
    "table",
    "task_values",
    "upload",
    "write_table",
]


def __getattr__(name: str) -> Any:
    """The parts come when they are used: importing Boathouse costs next to nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("secrets", "task_values"):
        from importlib import import_module

        return import_module(f"boathouse.session.{name}")
    if name == "summarize":
        from importlib import import_module

        return import_module("boathouse.quality.profiles.verbs").summarize
    from boathouse import session
    from boathouse.session import verbs

    return getattr(verbs if name in ("sql", "table", "upload", "write_table") else session, name)
