# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""What a session asks of the law. In the control plane the catalog answers in process; elsewhere it is asked over HTTP.

The data itself never comes this way: a session reads and writes the files of a table directly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import pyarrow as pa

from boathouse.catalog import (
    Column,
    Function,
    LineageEdge,
    NewView,
    Privilege,
    Securable,
    SecurableKind,
    Table,
    View,
    Volume,
)
from boathouse.foundation.names import FunctionName, SchemaName, TableName, VolumeName
from boathouse.foundation.principals import Principal


class Intent(StrEnum):
    """Why a statement wants a table or a volume."""

    READ = "READ"
    WRITE = "WRITE"


@dataclass(frozen=True, slots=True)
class TableRequest:
    name: TableName
    intent: Intent


@dataclass(frozen=True, slots=True)
class Statement:
    """What is being done, for the audit log."""

    id: str
    text: str
    kind: str
    """``SELECT``, ``INSERT``, ``READ_TABLE``, ``WRITE_TABLE``, ..."""


@dataclass(frozen=True, slots=True)
class StagedTable:
    """A place where a new table may be written before it gets its name."""

    table_id: str
    name: TableName
    storage_location: str


@dataclass(frozen=True, slots=True)
class NewTable:
    """What the catalog needs to know of a table whose Delta log has been written."""

    staged: StagedTable
    columns: tuple[Column, ...]
    comment: str | None = None
    properties: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Alteration:
    """What shall change of a governed thing; the rest stays."""

    new_name: str | None = None
    """The last part of its name."""
    owner: str | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    untag: tuple[str, ...] = ()
    column: str | None = None
    """Of a table: the tags are those of this column."""


class Law(Protocol):
    """Names, permissions and memory. Every verb takes the acting principal, is authorised and audited."""

    def resolve_tables(
        self, principal: Principal, requests: Sequence[TableRequest], statement: Statement
    ) -> list[Table]:
        """The tables of a statement, in the order asked; one audit event. Denied or NotFound when any one is."""
        ...

    def resolve_volume(
        self, principal: Principal, name: VolumeName, intent: Intent, statement: Statement
    ) -> Volume: ...

    def record_lineage(self, principal: Principal, edges: Sequence[LineageEdge]) -> None:
        """Remember what was read and written, with Delta versions. Called before a reader sees its rows."""
        ...

    def stage_table(self, principal: Principal, name: TableName, *, replace: bool = False) -> StagedTable:
        """Check that the table may be created (or replaced) and reserve a location; nothing is visible yet."""
        ...

    def create_table(self, principal: Principal, table: NewTable, *, replace: bool = False) -> Table:
        """Give a written table its name. AlreadyExists when somebody was faster."""
        ...

    def refresh_columns(self, principal: Principal, name: TableName, columns: Sequence[Column]) -> None:
        """Tell the catalog that a write has changed a table's schema."""
        ...

    def create_catalog(self, principal: Principal, name: str, *, comment: str | None = None) -> Securable: ...

    def create_schema(self, principal: Principal, name: SchemaName, *, comment: str | None = None) -> Securable: ...

    def create_volume(self, principal: Principal, name: VolumeName, *, comment: str | None = None) -> Volume: ...

    def drop(self, principal: Principal, kind: SecurableKind, full_name: str, *, cascade: bool = False) -> None: ...

    def get(self, principal: Principal, kind: SecurableKind, full_name: str) -> Securable: ...

    def table(self, principal: Principal, name: TableName) -> Table:
        """A table with its columns. Its location is told only to who may read or write it."""
        ...

    def volume(self, principal: Principal, name: VolumeName) -> Volume:
        """A volume. Its location is told only to who may read or write it."""
        ...

    def list_children(self, principal: Principal, kind: SecurableKind, parent: str | None = None) -> list[Securable]:
        """What of this kind lies in ``parent`` and is visible to the principal."""
        ...

    def alter(self, principal: Principal, kind: SecurableKind, full_name: str, change: Alteration) -> None:
        """Give a thing another name, owner or tags."""
        ...

    def pinned_versions(self, principal: Principal, name: TableName) -> list[int]:
        """The versions of a table that must stay readable; for whoever may change it."""
        ...

    def set_comment(self, principal: Principal, kind: SecurableKind, full_name: str, comment: str | None) -> None: ...

    def set_properties(
        self, principal: Principal, kind: SecurableKind, full_name: str, properties: Mapping[str, str | None]
    ) -> None:
        """Add or change properties, and take away those that are None; those not named stay."""
        ...

    def grant(
        self, principal: Principal, grantee: str, privileges: Sequence[Privilege], kind: SecurableKind, full_name: str
    ) -> None: ...

    def revoke(
        self, principal: Principal, grantee: str, privileges: Sequence[Privilege], kind: SecurableKind, full_name: str
    ) -> None: ...

    def list_grants(
        self, principal: Principal, kind: SecurableKind, full_name: str
    ) -> list[tuple[str, Privilege, SecurableKind, str]]:
        """Grantee, privilege, and the securable it was granted on, inherited ones included."""
        ...

    def resolve_functions(
        self, principal: Principal, names: Sequence[FunctionName], statement: Statement
    ) -> list[Function]:
        """The functions that a statement calls, in the order asked, each with what lies behind it."""
        ...

    def create_view(self, principal: Principal, view: NewView, *, replace: bool = False) -> Table: ...

    def alter_view(self, principal: Principal, name: TableName, view: View, columns: Sequence[Column]) -> None:
        """Change what a view reads."""
        ...

    def create_function(self, principal: Principal, function: Function, *, replace: bool = False) -> Function: ...

    def function(self, principal: Principal, name: FunctionName) -> Function:
        """A function. Its body is told only to who may execute it."""
        ...

    def system_table(self, principal: Principal, name: TableName) -> pa.Table:
        """The rows of a system table or of an information schema, as far as the principal may see them."""
        ...
