"""The verbs on scopes and their secrets. Who may do what is asked of the one law; reading is audited like writing."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager

from boathouse.catalog.audit import Audit, OpenEvent
from boathouse.catalog.facts import SecurableNotFound
from boathouse.catalog.grants import GrantChange, Grants
from boathouse.catalog.hierarchy import canonical_name
from boathouse.catalog.identity_names import identity_key
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.repository import Connection
from boathouse.catalog.repository import securables as securable_rows
from boathouse.catalog.rules import Node
from boathouse.catalog.secrets import repository as rows
from boathouse.catalog.secrets.facts import SecretNotFound, TooMany
from boathouse.catalog.secrets.nouns import (
    ACL_PRIVILEGES,
    MOST_SCOPES,
    MOST_SECRETS,
    AclItem,
    AclPermission,
    Secret,
    valid_key,
    valid_scope,
    valid_value,
)
from boathouse.catalog.secrets.vault import Vault
from boathouse.catalog.securables import SecurableKind
from boathouse.catalog.tables import Securables
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import Denied, NotFound
from boathouse.foundation.principals import EVERYONE, Principal
from boathouse.metastore import Database

SCOPE = SecurableKind.SECRET_SCOPE
_SERVICE = "secrets"


class Scopes:
    """Scopes of secrets."""

    def __init__(
        self, database: Database, clock: Clock, audit: Audit, grants: Grants, securables: Securables, vault: Vault
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._grants = grants
        self._securables = securables
        self._vault = vault

    # Scopes

    def create(self, principal: Principal, scope: str, *, everyone_manages: bool = False) -> None:
        """Make an empty scope; the principal owns it.

        Raises:
            AlreadyExists: There is one of that name; case makes no difference.
        """
        name = valid_scope(scope)
        with self._audit.verb(principal, _SERVICE, "createScope", SCOPE, name.lower()):
            with self._database.read() as connection:
                if len(securable_rows.children(connection, SCOPE, None)) >= MOST_SCOPES:
                    raise TooMany(f"There are {MOST_SCOPES} secret scopes; more cannot be.", hint="Delete one first.")
            self._securables.register(principal, SCOPE, name, title=name)
            if everyone_manages:
                self._grants.grant(principal, EVERYONE, [Privilege.MANAGE], SCOPE, name)

    def delete(self, principal: Principal, scope: str) -> None:
        """Take a scope away with all its secrets; their values are erased."""
        with self._audit.verb(principal, _SERVICE, "deleteScope", SCOPE, scope.lower()):
            node = self._require(principal, Privilege.MANAGE, scope)
            with self._database.write() as connection:
                rows.erase(connection, node.id)  # first, so that nothing is left whenever we die
            self._securables.forget(principal, SCOPE, scope)
            with self._database.write() as connection:
                rows.erase(connection, node.id)  # what was written in between

    def names(self, principal: Principal) -> Sequence[str]:
        """The scopes that the principal may know of."""
        with self._audit.verb(principal, _SERVICE, "listScopes"):
            return self._visible(principal)

    # Secrets

    def put(self, principal: Principal, scope: str, key: str, value: bytes) -> None:
        """Write a secret, in place of the one that had this name.

        Raises:
            InvalidSecret: No secret can have that name or that value.
        """
        with self._verb(principal, "putSecret", scope, key) as event:
            node = self._require(principal, Privilege.WRITE_SECRET, scope)
            name, value = valid_key(key), valid_value(value)
            now = epoch_ms(self._clock.now())
            with self._database.write() as connection:
                self._hold(connection, node)
                row = self._vault.seal(connection, node.id, name.lower(), value, at=now, by=principal.name)
                rows.put(connection, row, name, at=now, by=principal.name)
                if rows.count(connection, node.id) > MOST_SECRETS:
                    raise TooMany(f"The secret scope {node.full_name} holds {MOST_SECRETS} secrets; no more fit.")
                event.commit_with(connection)

    def get(self, principal: Principal, scope: str, key: str) -> bytes:
        """The value of a secret.

        Raises:
            SecretNotFound: The scope has none of that name.
        """
        with self._verb(principal, "getSecret", scope, key):
            node = self._require(principal, Privilege.READ_SECRET, scope)
            with self._database.read() as connection:
                row = rows.find(connection, node.id, key.lower())
                if row is None:
                    raise self._not_found(connection, node, key)
            return self._vault.open(row, node.full_name)

    def list(self, principal: Principal, scope: str) -> Sequence[Secret]:
        """The secrets of a scope, without their values."""
        with self._verb(principal, "listSecrets", scope):
            node = self._require(principal, Privilege.READ_SECRET, scope)
            with self._database.read() as connection:
                return rows.in_scope(connection, node.id)

    def remove(self, principal: Principal, scope: str, key: str) -> None:
        """Erase a secret."""
        with self._verb(principal, "deleteSecret", scope, key) as event:
            node = self._require(principal, Privilege.WRITE_SECRET, scope)
            with self._database.write() as connection:
                if not rows.remove(connection, node.id, key.lower()):
                    raise self._not_found(connection, node, key)
                event.commit_with(connection)

    # Who may do what

    def put_acl(self, principal: Principal, scope: str, grantee: str, permission: AclPermission) -> None:
        """Give a principal exactly this permission, in place of the one it had."""
        with self._verb(principal, "putAcl", scope):
            node = self._require(principal, Privilege.MANAGE, scope)
            grantee = _grantee(grantee)
            held = self._held(principal, node, grantee)
            wanted = {permission.privilege}
            change = GrantChange(grantee, add=frozenset(wanted - held), remove=frozenset(held - wanted))
            self._grants.change(principal, SCOPE, node.full_name, [change])

    def delete_acl(self, principal: Principal, scope: str, grantee: str) -> None:
        """Take a principal's permission away.

        Raises:
            NotFound: It has none of its own.
        """
        with self._verb(principal, "deleteAcl", scope):
            node = self._require(principal, Privilege.MANAGE, scope)
            grantee = _grantee(grantee)
            held = self._held(principal, node, grantee)
            if not held:
                raise _no_acl(node, grantee)
            self._grants.revoke(principal, grantee, held, SCOPE, node.full_name)

    def acl(self, principal: Principal, scope: str, grantee: str) -> AclItem:
        """The permission of one principal, as far as it was given or comes from owning the scope."""
        wanted = identity_key(_grantee(grantee))
        for item in self.acls(principal, scope):
            if identity_key(item.principal) == wanted:
                return item
        raise _no_acl(self._require(principal, Privilege.MANAGE, scope), grantee)

    def acls(self, principal: Principal, scope: str) -> Sequence[AclItem]:
        """Everybody's permission: the owner's, and what was given."""
        with self._verb(principal, "listAcls", scope):
            node = self._require(principal, Privilege.MANAGE, scope)
            found = {node.owner: AclPermission.MANAGE}
            for permission in AclPermission:  # from the lowest to the highest, which counts
                for grant in self._grants.direct(principal, SCOPE, node.full_name):
                    if grant.privilege is permission.privilege and grant.grantee != node.owner:
                        found[grant.grantee] = permission
            return [AclItem(name, found[name]) for name in sorted(found)]

    # The key

    def rotate_key(self, principal: Principal) -> int:
        """Encrypt every secret anew under a new key: all of them or none. Gives their number.

        Raises:
            Denied: The principal is no administrator.
        """
        with self._audit.verb(principal, _SERVICE, "rotateKey") as event:
            if not principal.is_admin:
                raise Denied(f"{principal} may not rotate the key of the secrets.", hint="An administrator can.")
            now = epoch_ms(self._clock.now())
            with self._database.write() as connection:
                number = self._vault.rotate(connection, at=now, by=principal.name)
                event.commit_with(connection)
            with self._database.write() as connection:
                self._vault.settle(connection)
            return number

    def _require(self, principal: Principal, privilege: Privilege, scope: str) -> Node:
        try:
            return self._grants.require(principal, privilege, SCOPE, scope)
        except NotFound as error:
            raise SecurableNotFound(SCOPE, scope, known=self._visible(principal)) from error

    def _visible(self, principal: Principal) -> Sequence[str]:
        with self._database.read() as connection:
            found = securable_rows.children(connection, SCOPE, None)
        visible = self._grants.visible(principal, SCOPE, [each.full_name for each in found])
        return [each.title or each.full_name for each in found if each.full_name in visible]

    def _hold(self, connection: Connection, node: Node) -> None:
        """Somebody may have deleted the scope since the law was asked."""
        found = securable_rows.find_and_hold(connection, (SCOPE, node.full_name), to_change=True)
        if found is None or found.id != node.id:
            raise SecurableNotFound(SCOPE, node.full_name)

    def _held(self, principal: Principal, node: Node, grantee: str) -> set[Privilege]:
        direct = self._grants.direct(principal, SCOPE, node.full_name)
        return {
            grant.privilege
            for grant in direct
            if identity_key(grant.grantee) == identity_key(grantee) and grant.privilege in ACL_PRIVILEGES
        }

    def _not_found(self, connection: Connection, node: Node, key: str) -> SecretNotFound:
        known: Iterable[str] = [secret.key for secret in rows.in_scope(connection, node.id)]
        return SecretNotFound(node.full_name, key, known)

    def _verb(
        self, principal: Principal, action: str, scope: str, key: str | None = None
    ) -> AbstractContextManager[OpenEvent]:
        return self._audit.verb(principal, _SERVICE, action, SCOPE, canonical_name(SCOPE, scope), {"key": key})


def _grantee(name: str) -> str:
    """Databricks calls everybody of a workspace ``users``."""
    return EVERYONE if name == "users" else name


def _no_acl(node: Node, grantee: str) -> NotFound:
    return NotFound(f"{grantee} has no permission of its own on the secret scope {node.full_name}.")
