"""The law: names, owners, grants, tags, lineage, audit, events and pins of everything governed."""

from typing import TYPE_CHECKING, Any

from boathouse.catalog.definitions import Behind, Dependency, Function, Language, NewView, Parameter, View
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.securables import (
    METASTORE_NAME,
    AuditEvent,
    Column,
    ColumnFlow,
    LineageEdge,
    LineageNode,
    NodeKind,
    Securable,
    SecurableKind,
    Table,
    TableType,
    Volume,
)

if TYPE_CHECKING:
    from boathouse.catalog.law import Catalog

__all__ = [
    "METASTORE_NAME",
    "AuditEvent",
    "Behind",
    "Catalog",
    "Column",
    "ColumnFlow",
    "Dependency",
    "Function",
    "Language",
    "LineageEdge",
    "LineageNode",
    "NewView",
    "NodeKind",
    "Parameter",
    "Privilege",
    "Securable",
    "SecurableKind",
    "Table",
    "TableType",
    "View",
    "Volume",
]


def __getattr__(name: str) -> Any:
    """The law itself brings SQLAlchemy along; the nouns, which clients need too, do not wait for it."""
    if name == "Catalog":
        from boathouse.catalog.law import Catalog

        return Catalog
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
