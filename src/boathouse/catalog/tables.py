"""The verbs of what the catalog itself makes: catalogs, schemas, tables and volumes."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boathouse.catalog.column_tags import carried_by_name, named
from boathouse.catalog.definitions import View
from boathouse.catalog.facts import SecurableExists, SecurableNotFound
from boathouse.catalog.hierarchy import ROOT
from boathouse.catalog.keys import require_declaration
from boathouse.catalog.locations import external_location, managed_location, path_of, require_free
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.registry import Registry, valid_texts
from boathouse.catalog.repository import Connection, grants
from boathouse.catalog.repository import securables as rows
from boathouse.catalog.securables import (
    INFORMATION_SCHEMA,
    Column,
    Securable,
    SecurableKind,
    Table,
    TableType,
    Volume,
)
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import Conflict, InvalidInput
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import CatalogName, SchemaName, TableName, VolumeName
from boathouse.foundation.principals import SYSTEM, Principal

CATALOG, SCHEMA, TABLE, VOLUME = SecurableKind.CATALOG, SecurableKind.SCHEMA, SecurableKind.TABLE, SecurableKind.VOLUME


@dataclass(frozen=True, slots=True)
class TablePlace:
    """A place reserved for a table that is being written."""

    table_id: str
    name: TableName
    storage_location: str


class Securables(Registry):
    """Everything governed, with the verbs of the kinds that the catalog makes."""

    def create_catalog(
        self,
        principal: Principal,
        name: str,
        *,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        owner: str | None = None,
    ) -> Securable:
        """Add a catalog; its creator owns it."""
        full_name = str(CatalogName.parse(name))
        with self._audit.verb(principal, "catalog", "createCatalog", CATALOG, full_name) as event:
            self._grants.require(principal, Privilege.CREATE_CATALOG, *ROOT)
            made = self._new(principal, CATALOG, full_name, comment=comment, properties=properties, owner=owner)
            with self._database.write() as connection:
                rows.insert(connection, made, self._held(connection, ROOT).id)
                event.commit_with(connection)
            return made

    def create_schema(
        self,
        principal: Principal,
        name: SchemaName,
        *,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        owner: str | None = None,
    ) -> Securable:
        """Add a schema to a catalog; its creator owns it."""
        key, parent = (SCHEMA, str(name)), (CATALOG, name.catalog)
        with self._audit.verb(principal, "catalog", "createSchema", *key) as event:
            self._require_create(principal, SCHEMA, parent)
            if name.schema == INFORMATION_SCHEMA and principal.name != SYSTEM.name:
                raise Conflict(f"Every catalog has its {INFORMATION_SCHEMA} already; it cannot be created.")
            made = self._new(principal, SCHEMA, key[1], comment=comment, properties=properties, owner=owner)
            with self._database.write() as connection:
                rows.insert(connection, made, self._held(connection, parent).id)
                event.commit_with(connection)
            return made

    def stage_table(
        self, principal: Principal, name: TableName, *, replace: bool = False, external: bool = False
    ) -> TablePlace:
        """Check that the table may be created (or replaced), and reserve a place for it; nothing is visible yet."""
        with self._audit.verb(principal, "catalog", "createStagingTable", TABLE, str(name)):
            existing = self._replaceable(principal, name, replace=replace)
            self._require_stored(principal, name, existing)
            if external:
                self._grants.require(principal, Privilege.CREATE_EXTERNAL_TABLE, *ROOT)
            if existing is not None and not replace:
                raise SecurableExists(TABLE, str(name))
            table_id = new_id()
            return TablePlace(table_id, name, managed_location(self._home, TABLE, table_id))

    def require_staged(self, principal: Principal, name: TableName, location: str) -> str:
        """The id of a reserved place, if the principal may still give it the name, and nobody has taken it.

        Raises:
            InvalidInput: It is not a place for managed tables.
            Conflict: A table lies there already.
        """
        existing = self._replaceable(principal, name, replace=False)
        if existing is not None:
            raise SecurableExists(TABLE, str(name))
        table_id = path_of(location).name
        self._table_location(TableType.MANAGED, table_id, location)
        with self._database.read() as connection:
            _require_new_id(connection, table_id)
        return table_id

    def create_table(
        self,
        principal: Principal,
        name: TableName,
        *,
        table_id: str,
        storage_location: str,
        columns: Sequence[Column],
        table_type: TableType = TableType.MANAGED,
        data_source_format: str = "DELTA",
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        replace: bool = False,
    ) -> Table:
        """Give a written table its name. A replaced table hands down its owner, grants and tags.

        Raises:
            AlreadyExists: Somebody was faster.
            Conflict: The place is taken by another table or volume.
            InvalidInput: The properties declare a key that the columns are not.
        """
        with self._audit.verb(
            principal, "catalog", "createTable", TABLE, str(name), {"type": table_type.value, "replace": replace}
        ) as event:
            self._require_stored(principal, name, self._replaceable(principal, name, replace=replace))
            if table_type is TableType.EXTERNAL:
                self._grants.require(principal, Privilege.CREATE_EXTERNAL_TABLE, *ROOT)
            location = self._table_location(table_type, table_id, storage_location)
            require_declaration(properties or {}, columns, str(name))
            made = self._new(principal, TABLE, str(name), id=table_id, comment=comment, properties=properties)
            with self._database.write() as connection:
                parent = self._held(connection, (SCHEMA, str(name.parent)))
                _require_new_id(connection, table_id)
                if table_type is TableType.EXTERNAL:
                    require_free(location, rows.locations_in_use(connection))
                replaced = rows.find_table(connection, str(name)) if replace else None
                old = self._make_way(connection, principal, name) if replace else None
                if old is not None:
                    made = dataclasses.replace(made, owner=old.owner, tags=old.tags)
                tagged = carried_by_name(replaced.columns if replaced is not None else (), columns)
                table = Table(made, table_type, data_source_format, location, tagged)
                rows.insert(connection, made, parent.id)
                rows.insert_table(connection, table)
                if old is not None:
                    grants.copy(connection, old.id, made.id)
                generation = self._book.changed(connection) if old is not None else None
                event.commit_with(connection)
            if generation is not None:
                self._book.renew(generation)
            return table

    def create_volume(
        self,
        principal: Principal,
        name: VolumeName,
        *,
        comment: str | None = None,
        storage_location: str | None = None,
    ) -> Volume:
        """Make a governed folder for files: our own, or an existing one outside our home."""
        with self._audit.verb(principal, "catalog", "createVolume", VOLUME, str(name)) as event:
            self._require_create(principal, VOLUME, (SCHEMA, str(name.parent)))
            id = new_id()
            if storage_location is None:
                kind, location = "MANAGED", managed_location(self._home, VOLUME, id)
            else:
                self._grants.require(principal, Privilege.CREATE_EXTERNAL_VOLUME, *ROOT)
                kind, location = "EXTERNAL", external_location(self._home, storage_location)
            volume = Volume(self._new(principal, VOLUME, str(name), id=id, comment=comment), kind, location)
            with self._database.write() as connection:
                parent = self._held(connection, (SCHEMA, str(name.parent)))
                if kind == "EXTERNAL":
                    require_free(location, rows.locations_in_use(connection))
                rows.insert(connection, volume.securable, parent.id)
                rows.insert_volume(connection, volume)
                path_of(location).mkdir(parents=True, exist_ok=True)
                event.commit_with(connection)
            return volume

    def table(self, principal: Principal, name: TableName) -> Table:
        """A table. Its location is told only to who may read or write it.

        Raises:
            NotFound: It does not exist, or the principal may not know of it.
        """
        with self._audit.verb(principal, "catalog", "getTable", TABLE, str(name)):
            self._grants.require_visible(principal, TABLE, str(name))
            return self._table_for(principal, self._found_table(principal, name))

    def table_by_id(self, principal: Principal, table_id: str) -> Table:
        """As :meth:`table`, by id."""
        with self._audit.verb(principal, "catalog", "getTable", TABLE, table_id):
            with self._database.read() as connection:
                found = rows.find_table_by_id(connection, table_id)
            if found is None:
                raise SecurableNotFound(TABLE, table_id)
            if not self._grants.visible(principal, TABLE, [found.securable.full_name]):
                raise SecurableNotFound(TABLE, table_id)
            return self._table_for(principal, found)

    def tables(self, principal: Principal, schema: SchemaName) -> Sequence[Table]:
        """The tables of a schema that the principal may know of, by name."""
        with self._audit.verb(principal, "catalog", "listTables", SCHEMA, str(schema)):
            self._grants.require_visible(principal, SCHEMA, str(schema))
            with self._database.read() as connection:
                found = rows.tables_in(connection, str(schema))
            visible = self._grants.visible(principal, TABLE, [each.securable.full_name for each in found])
            return [self._table_for(principal, each) for each in found if each.securable.full_name in visible]

    def volume(self, principal: Principal, name: VolumeName) -> Volume:
        """A volume. Its location is told only to who may read or write it."""
        with self._audit.verb(principal, "catalog", "getVolume", VOLUME, str(name)):
            self._grants.require_visible(principal, VOLUME, str(name))
            return self._volume_for(principal, self._found_volume(principal, name))

    def volumes(self, principal: Principal, schema: SchemaName) -> Sequence[Volume]:
        """The volumes of a schema that the principal may know of, by name."""
        with self._audit.verb(principal, "catalog", "listVolumes", SCHEMA, str(schema)):
            self._grants.require_visible(principal, SCHEMA, str(schema))
            with self._database.read() as connection:
                found = rows.volumes_in(connection, str(schema))
            visible = self._grants.visible(principal, VOLUME, [each.securable.full_name for each in found])
            return [self._volume_for(principal, each) for each in found if each.securable.full_name in visible]

    def resolve_table(self, principal: Principal, name: TableName, privilege: Privilege) -> Table:
        """The table with its location, if the principal holds the privilege. Writes no audit event: a statement that
        resolves several tables records one for all of them.

        Raises:
            NotFound, Denied: As :meth:`Grants.require`.
        """
        self._grants.require(principal, privilege, TABLE, str(name))
        return self._found_table(principal, name)

    def resolve_volume(self, principal: Principal, name: VolumeName, privilege: Privilege) -> Volume:
        """As :meth:`resolve_table`, of a volume."""
        self._grants.require(principal, privilege, VOLUME, str(name))
        return self._found_volume(principal, name)

    def refresh_columns(self, principal: Principal, name: TableName, columns: Sequence[Column]) -> None:
        """Tell the catalog that a write has changed the schema in the Delta log, which is the truth about columns."""
        with self._audit.verb(principal, "catalog", "refreshColumns", TABLE, str(name)) as event:
            self._grants.require(principal, Privilege.MODIFY, TABLE, str(name))
            with self._database.write() as connection:
                found = self._held(connection, (TABLE, str(name)), to_change=True)
                rows.set_columns(connection, found.id, columns)
                rows.change(connection, found.id, self._stamp(principal))
                event.commit_with(connection)

    def set_column_tags(
        self,
        principal: Principal,
        name: TableName,
        column: str,
        tags: Mapping[str, str],
        *,
        remove: Sequence[str] = (),
    ) -> Column:
        """Add or change tags of a column of a table or view, and take others away; those not named stay.

        Raises:
            NotFound: There is no such column.
        """
        params = {"column": column, "tags": dict(tags), "remove": list(remove)}
        with self._audit.verb(principal, "catalog", "updateColumnTags", TABLE, str(name), params) as event:
            self._require_tagging(principal, TABLE, str(name))
            with self._database.write() as connection:
                found = self._held(connection, (TABLE, str(name)), to_change=True)
                table = rows.find_table(connection, str(name))
                before = named(str(name), table.columns if table is not None else (), column)
                kept = {key: value for key, value in before.tags.items() if key not in remove}
                after = dataclasses.replace(before, tags=kept | valid_texts(tags))
                rows.set_column_tags(connection, found.id, after.name, after.tags)
                rows.change(connection, found.id, self._stamp(principal))
                event.commit_with(connection)
            return after

    def _replaceable(self, principal: Principal, name: TableName, *, replace: bool) -> Securable | None:
        """What the name stands for now; the principal may create the table, or replace what is there."""
        with self._database.read() as connection:
            existing = rows.find(connection, (TABLE, str(name)))
        if replace and existing is not None:
            self._require_manage(principal, TABLE, str(name))
        self._require_create(principal, TABLE, (SCHEMA, str(name.parent)))
        return existing

    def _table_location(self, table_type: TableType, table_id: str, location: str) -> str:
        match table_type:
            case TableType.MANAGED:
                expected = managed_location(self._home, TABLE, table_id)
                if location.rstrip("/") != expected:
                    raise InvalidInput("A managed table lies where Boathouse has reserved a place for it.")
                return expected
            case TableType.EXTERNAL:
                return external_location(self._home, location)
            case TableType.VIEW:
                raise InvalidInput("A view has no place of its own.", hint="Make it with SQL: CREATE VIEW ... AS ...")

    def _require_stored(self, principal: Principal, name: TableName, existing: Securable | None) -> None:
        if existing is not None and self._found_table(principal, name).view is not None:
            raise InvalidInput(f"{name} is a view; a table cannot take its place.", hint="Drop the view first.")

    def _make_way(self, connection: Connection, principal: Principal, name: TableName) -> Securable | None:
        old = rows.find_and_hold(connection, (TABLE, str(name)), to_change=True)
        if old is not None:
            rows.mark_deleted(connection, [old.id], at=epoch_ms(self._clock.now()), by=principal.name)
        return old

    def _found_table(self, principal: Principal, name: TableName) -> Table:
        with self._database.read() as connection:
            found = rows.find_table(connection, str(name))
        if found is None:
            raise self._grants.not_found(principal, (TABLE, str(name)))
        return found

    def _found_volume(self, principal: Principal, name: VolumeName) -> Volume:
        with self._database.read() as connection:
            found = rows.find_volume(connection, str(name))
        if found is None:
            raise self._grants.not_found(principal, (VOLUME, str(name)))
        return found

    def _table_for(self, principal: Principal, table: Table) -> Table:
        may = (Privilege.SELECT, Privilege.MODIFY)
        if self._may_any(principal, may, table.securable):
            return table
        return dataclasses.replace(table, storage_location="", view=_untold(table.view))

    def _volume_for(self, principal: Principal, volume: Volume) -> Volume:
        may = (Privilege.READ_VOLUME, Privilege.WRITE_VOLUME)
        if self._may_any(principal, may, volume.securable):
            return volume
        return dataclasses.replace(volume, storage_location="")

    def _may_any(self, principal: Principal, privileges: Sequence[Privilege], securable: Securable) -> bool:
        return any(self._grants.allows(principal, each, securable.kind, securable.full_name) for each in privileges)


def _untold(view: View | None) -> View | None:
    """That it is a view is no secret; what it reads is."""
    return None if view is None else View("", view.query_columns)


def _require_new_id(connection: Connection, id: str) -> None:
    if rows.id_is_taken(connection, id):
        raise Conflict(f"The place {id} has been given to another table already.", hint="Stage the table again.")
