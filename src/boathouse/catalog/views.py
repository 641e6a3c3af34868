"""The verbs of views: make, replace, change what they read."""

import dataclasses
from collections.abc import Sequence

from boathouse.catalog.column_tags import carried_by_name
from boathouse.catalog.definitions import VIEW_FORMAT, NewView, View
from boathouse.catalog.facts import SecurableExists
from boathouse.catalog.owners_rights import OwnersRights
from boathouse.catalog.repository import definitions, grants
from boathouse.catalog.repository import securables as rows
from boathouse.catalog.securables import Column, Securable, SecurableKind, Table, TableType
from boathouse.catalog.tables import Securables
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal

TABLE, SCHEMA = SecurableKind.TABLE, SecurableKind.SCHEMA


class Views(Securables):
    """Views under the law. They are tables in all that concerns names and grants."""

    def create(self, principal: Principal, new: NewView, owners: OwnersRights, *, replace: bool = False) -> Table:
        """Add a view. A replaced one hands down its owner, grants and tags.

        Raises:
            AlreadyExists: The name is taken.
            InvalidInput: A table that is no view would be replaced, or the view would lead back to itself.
            Denied: The view is somebody else's, with whose rights it reads.
        """
        name = new.name
        with self._audit.verb(principal, "catalog", "createTable", TABLE, str(name), _params(new, replace)) as event:
            old = self._replaceable(principal, name, replace=replace)
            if old is not None and not replace:
                raise SecurableExists(TABLE, str(name))
            made = self._new(principal, TABLE, str(name), comment=new.comment, properties=new.properties)
            if old is not None:
                self._require_view(principal, name)
                self._require_owner(principal, old)
                made = dataclasses.replace(made, owner=old.owner, tags=old.tags)
            owners.opened_view(made, new.view)
            with self._database.write() as connection:
                parent = self._held(connection, (SCHEMA, str(name.parent)))
                replaced = rows.find_table(connection, str(name)) if replace else None
                columns = carried_by_name(replaced.columns if replaced is not None else (), new.columns)
                table = Table(made, TableType.VIEW, VIEW_FORMAT, "", columns, new.view)
                old = rows.find_and_hold(connection, (TABLE, str(name)), to_change=True) if replace else None
                if old is not None:
                    rows.mark_deleted(connection, [old.id], at=epoch_ms(self._clock.now()), by=principal.name)
                rows.insert(connection, made, parent.id)
                rows.insert_table(connection, table)
                definitions.insert_view(connection, made.id, new.view)
                if old is not None:
                    grants.copy(connection, old.id, made.id)
                generation = self._book.changed(connection)
                event.commit_with(connection)
            self._book.renew(generation)
            return table

    def alter(
        self, principal: Principal, name: TableName, view: View, columns: Sequence[Column], owners: OwnersRights
    ) -> None:
        """Change what a view reads; everything else about it stays.

        Raises:
            Denied: The view is somebody else's, with whose rights it reads.
        """
        with self._audit.verb(
            principal, "catalog", "updateTable", TABLE, str(name), {"view_definition": view.text}
        ) as event:
            self._require_manage(principal, TABLE, str(name))
            old = self._require_view(principal, name)
            self._require_owner(principal, old)
            owners.opened_view(old, view)
            with self._database.write() as connection:
                found = self._held(connection, (TABLE, str(name)), to_change=True)
                rows.set_columns(connection, found.id, columns)
                definitions.set_view(connection, found.id, view)
                rows.change(connection, found.id, self._stamp(principal))
                event.commit_with(connection)

    def _require_view(self, principal: Principal, name: TableName) -> Securable:
        table = self._found_table(principal, name)
        if table.view is None:
            raise InvalidInput(f"{name} is a table, not a view.", hint="Choose another name, or drop the table first.")
        return table.securable


def _params(new: NewView, replace: bool) -> dict[str, object]:
    return {"type": TableType.VIEW.value, "replace": replace, "view_definition": new.view.text}
