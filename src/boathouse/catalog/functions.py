"""The verbs of functions: make, look, list, resolve for a statement."""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from boathouse.catalog.definitions import Function
from boathouse.catalog.facts import SecurableExists
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.registry import Registry
from boathouse.catalog.repository import definitions as rows
from boathouse.catalog.repository import grants
from boathouse.catalog.repository import securables as securable_rows
from boathouse.catalog.securables import Securable, SecurableKind
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.names import FunctionName, SchemaName
from boathouse.foundation.principals import Principal

FUNCTION, SCHEMA = SecurableKind.FUNCTION, SecurableKind.SCHEMA


class Opens(Protocol):
    """Looks with an owner's rights at what lies behind a function."""

    def opened_function(self, function: Function, /) -> Function: ...


class Functions(Registry):
    """Functions under the law."""

    def _drafted(self, principal: Principal, name: FunctionName, *, comment: str | None, replace: bool) -> Securable:
        """The securable that a new function will be, if the principal may make it (or replace what is there).

        Raises:
            AlreadyExists: The name is taken, and the function is not to be replaced.
            Denied: The principal may not make it; or it is somebody else's, with whose rights it reads.
        """
        with self._database.read() as connection:
            old = securable_rows.find(connection, (FUNCTION, str(name)))
        self._require_create(principal, FUNCTION, (SCHEMA, str(name.parent)))
        made = self._new(principal, FUNCTION, str(name), comment=comment)
        if old is None:
            return made
        if not replace:
            raise SecurableExists(FUNCTION, str(name))
        self._require_manage(principal, FUNCTION, str(name))
        self._require_owner(principal, old)
        return dataclasses.replace(made, owner=old.owner, tags=old.tags)

    def create(self, principal: Principal, function: Function, owners: Opens, *, replace: bool = False) -> Function:
        """Add a function; of its securable only name and comment count. A replaced one hands down its owner, grants and
        tags.

        Raises:
            AlreadyExists: The name is taken.
            Denied: The function is somebody else's, with whose rights it reads.
            InvalidInput: It would lead back to itself.
        """
        name = FunctionName.parse(function.full_name)
        params = {"language": function.language.value, "replace": replace}
        with self._audit.verb(principal, "catalog", "createFunction", FUNCTION, str(name), params) as event:
            draft = self._drafted(principal, name, comment=function.securable.comment, replace=replace)
            made = dataclasses.replace(function, securable=draft, behind=None)
            owners.opened_function(made)
            with self._database.write() as connection:
                parent = self._held(connection, (SCHEMA, str(name.parent)))
                old = securable_rows.find_and_hold(connection, (FUNCTION, str(name)), to_change=True)
                if old is not None and replace:
                    now = epoch_ms(self._clock.now())
                    securable_rows.mark_deleted(connection, [old.id], at=now, by=principal.name)
                securable_rows.insert(connection, draft, parent.id)
                rows.insert_function(connection, made)
                if old is not None:
                    grants.copy(connection, old.id, draft.id)
                generation = self._book.changed(connection)
                event.commit_with(connection)
            self._book.renew(generation)
            return made

    def function(self, principal: Principal, name: FunctionName) -> Function:
        """A function. Its body is told only to who may execute it.

        Raises:
            NotFound: It does not exist, or the principal may not know of it.
        """
        with self._audit.verb(principal, "catalog", "getFunction", FUNCTION, str(name)):
            self._grants.require_visible(principal, FUNCTION, str(name))
            return self._shown(principal, self._found(principal, name))

    def functions(self, principal: Principal, schema: SchemaName) -> Sequence[Function]:
        """The functions of a schema that the principal may know of, by name."""
        with self._audit.verb(principal, "catalog", "listFunctions", SCHEMA, str(schema)):
            self._grants.require_visible(principal, SCHEMA, str(schema))
            with self._database.read() as connection:
                found = rows.functions_in(connection, str(schema))
            visible = self._grants.visible(principal, FUNCTION, [each.full_name for each in found])
            return [self._shown(principal, each) for each in found if each.full_name in visible]

    def resolve(self, principal: Principal, name: FunctionName) -> Function:
        """The function, if the principal may execute it. Writes no audit event: the statement that calls it does.

        Raises:
            NotFound, Denied: As :meth:`Grants.require`.
        """
        self._grants.require(principal, Privilege.EXECUTE, FUNCTION, str(name))
        return self._found(principal, name)

    def _found(self, principal: Principal, name: FunctionName) -> Function:
        with self._database.read() as connection:
            found = rows.find_function(connection, str(name))
        if found is None:
            raise self._grants.not_found(principal, (FUNCTION, str(name)))
        return found

    def _shown(self, principal: Principal, function: Function) -> Function:
        may = self._grants.allows(principal, Privilege.EXECUTE, FUNCTION, function.full_name)
        return function if may else dataclasses.replace(function, body="", dependencies=())
