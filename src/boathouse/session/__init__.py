"""A principal's governed reads and writes: resolve, authorise, scan, record. The one way to data.

:class:`Session` joins a principal, the law and an engine; ``boathouse.sql`` and its siblings (``verbs.py``) use the
default one.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boathouse.session.default import default_session
    from boathouse.session.law import Intent, Law, NewTable, StagedTable, Statement, TableRequest
    from boathouse.session.local import LocalLaw
    from boathouse.session.remote import RemoteLaw
    from boathouse.session.result import Result
    from boathouse.session.running.writes import WriteReport
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
