# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The law in process: what the control plane's own sessions use."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from boathouse.catalog import (
    Behind,
    Catalog,
    Column,
    Function,
    LineageEdge,
    NewView,
    Privilege,
    Securable,
    SecurableKind,
    Table,
    TableType,
    View,
    Volume,
)
from boathouse.catalog.definitions import THROUGH
from boathouse.foundation.context import current_request, refuse_in_reproduction
from boathouse.foundation.errors import Denied, InvalidInput
from boathouse.foundation.names import FunctionName, SchemaName, TableName, VolumeName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.session.law import Alteration, Intent, NewTable, StagedTable, Statement, TableRequest
from boathouse.session.system_tables import SYSTEM_FORMAT, Providers, SystemTables, is_system

_NEEDED = {Intent.READ: Privilege.SELECT, Intent.WRITE: Privilege.MODIFY}
_NEEDED_FOR_FILES = {Intent.READ: Privilege.READ_VOLUME, Intent.WRITE: Privilege.WRITE_VOLUME}


Reproduced = Callable[[str, Table, bool], Table]
"""A table as the tasks of a reproduction get it, to read or (if the flag is set) to write."""


class LocalLaw:
    """Answers from the catalog directly. Implements :class:`boathouse.session.law.Law`."""

    def __init__(
        self, catalog: Catalog, reproduced: Reproduced | None = None, *, system_tables: Providers | None = None
    ) -> None:
        self._catalog = catalog
        self._system = SystemTables(catalog, system_tables)
        self._reproduced = reproduced

    @property
    def catalog(self) -> Catalog:
        """For higher rooms, which keep what is theirs beside it."""
        return self._catalog

    def resolve_tables(
        self, principal: Principal, requests: Sequence[TableRequest], statement: Statement
    ) -> list[Table]:
        names = ", ".join(str(request.name) for request in requests)
        with self._audited(principal, statement, SecurableKind.TABLE if requests else None, names or None):
            return [self._resolve(principal, request) for request in requests]

    def resolve_volume(self, principal: Principal, name: VolumeName, intent: Intent, statement: Statement) -> Volume:
        with self._audited(principal, statement, SecurableKind.VOLUME, str(name)):
            if intent is Intent.WRITE:
                refuse_in_reproduction(f"written to the volume {name}")
            return self._catalog.securables.resolve_volume(principal, name, _NEEDED_FOR_FILES[intent])

    def record_lineage(self, principal: Principal, edges: Sequence[LineageEdge]) -> None:
        self._catalog.lineage.record(principal, edges if self._in_reproduction() is None else _reads_of(edges))

    def stage_table(self, principal: Principal, name: TableName, *, replace: bool = False) -> StagedTable:
        refuse_in_reproduction(f"written to the new table {name}")
        place = self._catalog.securables.stage_table(principal, name, replace=replace)
        return StagedTable(place.table_id, place.name, place.storage_location)

    def create_table(self, principal: Principal, table: NewTable, *, replace: bool = False) -> Table:
        return self._catalog.securables.create_table(
            principal,
            table.staged.name,
            table_id=table.staged.table_id,
            storage_location=table.staged.storage_location,
            columns=table.columns,
            table_type=TableType.MANAGED,
            comment=table.comment,
            properties=table.properties,
            replace=replace,
        )

    def refresh_columns(self, principal: Principal, name: TableName, columns: Sequence[Column]) -> None:
        if self._in_reproduction() is None:
            self._catalog.securables.refresh_columns(principal, name, columns)

    def create_catalog(self, principal: Principal, name: str, *, comment: str | None = None) -> Securable:
        return self._catalog.securables.create_catalog(principal, name, comment=comment)

    def create_schema(self, principal: Principal, name: SchemaName, *, comment: str | None = None) -> Securable:
        return self._catalog.securables.create_schema(principal, name, comment=comment)

    def create_volume(self, principal: Principal, name: VolumeName, *, comment: str | None = None) -> Volume:
        return self._catalog.securables.create_volume(principal, name, comment=comment)

    def drop(self, principal: Principal, kind: SecurableKind, full_name: str, *, cascade: bool = False) -> None:
        self._catalog.securables.drop(principal, kind, full_name, cascade=cascade)

    def get(self, principal: Principal, kind: SecurableKind, full_name: str) -> Securable:
        return self._catalog.securables.get(principal, kind, full_name)

    def table(self, principal: Principal, name: TableName) -> Table:
        if is_system(name):
            self._system.require(principal, name)
            return self._system_table(name)
        table = self._catalog.securables.table(principal, name)
        # In a reproduction whoever wants to know where it lies has to say what for.
        return table if self._in_reproduction() is None else replace(table, storage_location="")

    def volume(self, principal: Principal, name: VolumeName) -> Volume:
        return self._catalog.securables.volume(principal, name)

    def list_children(self, principal: Principal, kind: SecurableKind, parent: str | None = None) -> list[Securable]:
        return list(self._catalog.securables.list(principal, kind, parent))

    def alter(self, principal: Principal, kind: SecurableKind, full_name: str, change: Alteration) -> None:
        if change.new_name is not None or change.owner is not None:
            self._catalog.securables.update(principal, kind, full_name, owner=change.owner, new_name=change.new_name)
        if change.column is not None:
            self._catalog.securables.set_column_tags(
                principal, TableName.parse(full_name), change.column, change.tags, remove=change.untag
            )
        elif change.tags or change.untag:
            self._catalog.securables.set_tags(principal, kind, full_name, change.tags, remove=change.untag)

    def pinned_versions(self, principal: Principal, name: TableName) -> list[int]:
        table = self._catalog.securables.resolve_table(principal, name, Privilege.MODIFY)
        return self._catalog.pins.versions(table.securable.id)

    def set_comment(self, principal: Principal, kind: SecurableKind, full_name: str, comment: str | None) -> None:
        self._catalog.securables.update(principal, kind, full_name, comment=comment or "")

    def set_properties(
        self, principal: Principal, kind: SecurableKind, full_name: str, properties: Mapping[str, str | None]
    ) -> None:
        self._catalog.securables.set_properties(principal, kind, full_name, properties)

    def grant(
        self, principal: Principal, grantee: str, privileges: Sequence[Privilege], kind: SecurableKind, full_name: str
    ) -> None:
        self._catalog.grants.grant(principal, grantee, privileges, kind, full_name)

    def revoke(
        self, principal: Principal, grantee: str, privileges: Sequence[Privilege], kind: SecurableKind, full_name: str
    ) -> None:
        self._catalog.grants.revoke(principal, grantee, privileges, kind, full_name)

    def list_grants(
        self, principal: Principal, kind: SecurableKind, full_name: str
    ) -> list[tuple[str, Privilege, SecurableKind, str]]:
        found = self._catalog.grants.effective(principal, kind, full_name)
        return [(each.grantee, each.privilege, each.kind, each.full_name) for each in found]

    def resolve_functions(
        self, principal: Principal, names: Sequence[FunctionName], statement: Statement
    ) -> list[Function]:
        shown = ", ".join(map(str, names))
        with self._audited(principal, statement, SecurableKind.FUNCTION, shown):
            found = [self._catalog.functions.resolve(principal, name) for name in names]
            opened = [self._catalog.owners_rights.opened_function(each) for each in found]
        in_reproduction = self._in_reproduction()
        if in_reproduction is None:
            return opened
        read = lambda table: in_reproduction(table, False)  # noqa: E731
        return [replace(each, behind=_behind(each.behind, read)) for each in opened]

    def create_view(self, principal: Principal, view: NewView, *, replace: bool = False) -> Table:
        return self._catalog.views.create(principal, view, self._catalog.owners_rights, replace=replace)

    def alter_view(self, principal: Principal, name: TableName, view: View, columns: Sequence[Column]) -> None:
        self._catalog.views.alter(principal, name, view, columns, self._catalog.owners_rights)

    def create_function(self, principal: Principal, function: Function, *, replace: bool = False) -> Function:
        return self._catalog.functions.create(principal, function, self._catalog.owners_rights, replace=replace)

    def function(self, principal: Principal, name: FunctionName) -> Function:
        return self._catalog.functions.function(principal, name)

    def system_table(self, principal: Principal, name: TableName) -> pa.Table:
        return self._system.rows(principal, name)

    def _resolve(self, principal: Principal, request: TableRequest) -> Table:
        if not is_system(request.name):
            return self._opened(principal, request)
        if request.intent is Intent.WRITE:
            raise Denied(f"Table {request.name} is kept by Boathouse; nobody can write to it.")
        table = self._system.table(principal, request.name)
        in_reproduction = self._in_reproduction()
        return in_reproduction(table, False) if in_reproduction and table.view is not None else table

    def _opened(self, principal: Principal, request: TableRequest) -> Table:
        table = self._catalog.securables.resolve_table(principal, request.name, _NEEDED[request.intent])
        if table.view is not None and request.intent is Intent.WRITE:
            raise InvalidInput(f"{request.name} is a view; nothing can be written to it.")
        opened = self._catalog.owners_rights.opened_table(table)
        in_reproduction = self._in_reproduction()
        return in_reproduction(opened, request.intent is Intent.WRITE) if in_reproduction else opened

    def _in_reproduction(self) -> Callable[[Table, bool], Table] | None:
        """What becomes of the tables that the task which asks is given; None where they stay what they are."""
        task = current_request().task
        if task is None or task.reproduction is None or self._reproduced is None:
            return None
        reproduction, reproduced = task.reproduction, self._reproduced
        return lambda table, writes: _everywhere(table, lambda each: reproduced(reproduction, each, writes))

    def _system_table(self, name: TableName) -> Table:
        securable = Securable("", SecurableKind.TABLE, str(name), owner=SYSTEM.name)
        return Table(securable, TableType.VIEW, SYSTEM_FORMAT, "", self._system.columns(name))

    @contextmanager
    def _audited(
        self, principal: Principal, statement: Statement, kind: SecurableKind | None, name: str | None
    ) -> Generator[None]:
        facts = {"statement_id": statement.id, "statement_text": statement.text, "statement_type": statement.kind}
        with self._catalog.audit.verb(principal, "session", "commandSubmit", kind, name, facts):
            yield


def _everywhere(table: Table, change: Callable[[Table], Table]) -> Table:
    """The table, or what lies behind a view, changed."""
    if table.view is not None:
        return replace(table, view=replace(table.view, behind=_behind(table.view.behind, change)))
    return change(table)


def _behind(behind: Behind | None, change: Callable[[Table], Table]) -> Behind | None:
    if behind is None:
        return None
    tables = tuple(_everywhere(each, change) for each in behind.tables)
    functions = tuple(replace(each, behind=_behind(each.behind, change)) for each in behind.functions)
    return Behind(tables, functions)


def _reads_of(edges: Sequence[LineageEdge]) -> list[LineageEdge]:
    """What a reproduction has read; what it writes is nowhere, and nothing comes from it."""
    kept = [edge for edge in edges if edge.target is None or edge.operation == THROUGH]
    sources = [edge.source for edge in edges if edge not in kept and edge.source is not None]
    return [*kept, *(LineageEdge(source, None, "READ") for source in dict.fromkeys(sources))]
