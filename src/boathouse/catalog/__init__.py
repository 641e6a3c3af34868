"""The law: names, owners, grants, tags, lineage, audit, events and pins of everything governed."""

from boathouse.catalog.privileges import Privilege
from boathouse.catalog.securables import (
    METASTORE_NAME,
    AuditEvent,
    Column,
    LineageEdge,
    LineageNode,
    NodeKind,
    Securable,
    SecurableKind,
    Table,
    TableType,
    Volume,
)

__all__ = [
    "METASTORE_NAME",
    "AuditEvent",
    "Column",
    "LineageEdge",
    "LineageNode",
    "NodeKind",
    "Privilege",
    "Securable",
    "SecurableKind",
    "Table",
    "TableType",
    "Volume",
]
