"""Users, groups and service principals, and who belongs to whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boathouse.catalog.audit import Audit
from boathouse.catalog.facts import PrincipalNotFound
from boathouse.catalog.identity_names import BUILT_IN, identity_key, valid_identity_name
from boathouse.catalog.lawbook import LawBook
from boathouse.catalog.repository import Connection, grants, securables
from boathouse.catalog.repository import identities as rows
from boathouse.catalog.repository.identities import Identity
from boathouse.catalog.tokens import Identified, IssuedToken, TokenInfo, Tokens, ValidToken
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.context import TaskContext
from boathouse.foundation.errors import Conflict, Denied, InvalidInput
from boathouse.foundation.principals import ADMINS, SYSTEM, Principal, PrincipalKind
from boathouse.metastore import Database


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """What to change about an identity; None leaves it."""

    display_name: str | None = None
    active: bool | None = None
    new_name: str | None = None


class Identities:
    """Knows everybody. Changes are for administrators; looking is for everyone, since grants name people."""

    def __init__(self, database: Database, clock: Clock, audit: Audit, tokens: Tokens, book: LawBook) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._tokens = tokens
        self._book = book

    def create_user(self, principal: Principal, name: str, *, display_name: str | None = None) -> Identity:
        """Add a user by e-mail address or login name."""
        return self._create(principal, PrincipalKind.USER, name, display_name)

    def create_group(self, principal: Principal, name: str, *, display_name: str | None = None) -> Identity:
        """Add an empty group."""
        return self._create(principal, PrincipalKind.GROUP, name, display_name)

    def create_service_principal(self, principal: Principal, name: str, *, display_name: str | None = None) -> Identity:
        """Add an identity for a program."""
        return self._create(principal, PrincipalKind.SERVICE_PRINCIPAL, name, display_name)

    def add_member(self, principal: Principal, group: str, member: str) -> None:
        """Make somebody, or a whole group, a member. Nothing happens when it is one already.

        Raises:
            InvalidInput: The group would contain itself.
        """
        with self._audit.verb(
            principal, "identities", "addPrincipalToGroup", params={"group": group, "member": member}
        ) as event:
            _require_admin(principal, "change groups")
            with self._database.write() as connection:
                into, who = self._group(connection, group), self._require(connection, member)
                if into.id == who.id or into.id in _members_below(connection, who):
                    raise InvalidInput(
                        f"{who.name} cannot be a member of {into.name}: that group would contain itself."
                    )
                if not rows.is_member(connection, into.id, who.id):
                    rows.add_member(connection, into.id, who.id)
                generation = self._tokens.changed(connection)
                event.commit_with(connection)
            self._tokens.renew(generation)

    def remove_member(self, principal: Principal, group: str, member: str) -> None:
        """End a membership.

        Raises:
            NotFound: There is no such membership.
            Conflict: Nobody would be an administrator any more.
        """
        params = {"group": group, "member": member}
        with self._audit.verb(principal, "identities", "removePrincipalFromGroup", params=params) as event:
            _require_admin(principal, "change groups")
            with self._database.write() as connection:
                into, who = self._group(connection, group), self._require(connection, member)
                if not rows.is_member(connection, into.id, who.id):
                    members = [each.name for each in rows.members_of(connection, into.id)]
                    raise PrincipalNotFound(member, what=f"member of {into.name}", known=members)
                rows.remove_member(connection, into.id, who.id)
                self._require_an_admin_left(connection, f"remove {who.name} from {into.name}")
                generation = self._tokens.changed(connection)
                event.commit_with(connection)
            self._tokens.renew(generation)

    def update(self, principal: Principal, name: str, change: IdentityChange) -> Identity:
        """Change how somebody is shown, or switch them off: an inactive principal's tokens are refused."""
        with self._audit.verb(principal, "identities", "updatePrincipal", params={"name": name}) as event:
            _require_admin(principal, "change principals")
            with self._database.write() as connection:
                found = self._require(connection, name)
                if change.new_name is not None and identity_key(change.new_name) != identity_key(found.name):
                    raise InvalidInput(
                        f"{found.name} cannot be renamed: grants and the audit log know it by its name.",
                        hint="Create the new principal, and delete this one with its things transferred.",
                    )
                values = {"display_name": change.display_name, "active": change.active}
                given = {key: value for key, value in values.items() if value is not None}
                if given:
                    rows.change(connection, found.id, given)
                if change.active is False:
                    self._require_an_admin_left(connection, f"deactivate {found.name}")
                generation = self._tokens.changed(connection)
                event.commit_with(connection)
            self._tokens.renew(generation)
            return self.get(name)

    def delete(self, principal: Principal, name: str, *, transfer_to: str | None = None) -> None:
        """Remove a principal with its memberships, grants and tokens.

        Raises:
            Conflict: It still owns something and ``transfer_to`` names nobody; or it is the last administrator.
        """
        with self._audit.verb(
            principal, "identities", "deletePrincipal", params={"name": name, "transfer_to": transfer_to}
        ) as event:
            _require_admin(principal, "delete principals")
            if identity_key(name) in BUILT_IN:
                raise Conflict(f"{name} is built in and cannot be deleted.")
            with self._database.write() as connection:
                found = self._require(connection, name)
                heir = self._require(connection, transfer_to) if transfer_to is not None else None
                _pass_on(connection, found, heir)
                grants.remove_all_of(connection, found.name)
                rows.remove(connection, found.id)
                self._require_an_admin_left(connection, f"delete {found.name}")
                self._require_still_admin(connection, principal, found)
                generations = self._tokens.changed(connection), self._book.changed(connection)
                event.commit_with(connection)
            self._tokens.renew(generations[0])
            self._book.renew(generations[1])

    def principal(self, name: str) -> Principal:
        """Somebody as an acting principal, with all groups that count.

        Raises:
            PrincipalNotFound: Nobody has that name.
            Denied: The principal is switched off, or is a group.
        """
        with self._database.read() as connection:
            found = self._require(connection, name)
            if found.kind is PrincipalKind.GROUP:
                raise InvalidInput(f"{found.name} is a group; a group cannot act.")
            if not found.active:
                raise Denied(f"{found.name} has been deactivated.")
            return Principal(found.name, found.kind, frozenset(rows.groups_above(connection, found.id).values()))

    def person(self, name: str, *, create: bool = False) -> Principal:
        """The user of this name, whom somebody we trust vouches for; with ``create`` a new one.

        Raises:
            Denied: There is no such user, or it has been deactivated.
        """
        with self._database.read() as connection:
            found = rows.find(connection, identity_key(name))
        if found is None and create:
            found = self.create_user(SYSTEM, name)
        if found is None or found.kind is not PrincipalKind.USER:
            raise Denied(
                f"{name} is not a user of this Boathouse.",
                hint=f"Ask an administrator to add you: boathouse users create {name}",
            )
        return self.principal(found.name)

    def as_owner(self, name: str) -> Principal:
        """As :meth:`principal`, but a group may be meant: what it owns acts with what was granted to it.

        Raises:
            PrincipalNotFound: Nobody has that name (any more).
            Denied: The principal is switched off.
        """
        if name == SYSTEM.name:
            return SYSTEM
        with self._database.read() as connection:
            found = self._require(connection, name)
            if not found.active:
                raise Denied(f"{found.name} has been deactivated.")
            groups = frozenset(rows.groups_above(connection, found.id).values())
        own = {found.name} if found.kind is PrincipalKind.GROUP else set[str]()
        return Principal(found.name, found.kind, groups | own)

    def get(self, name: str) -> Identity:
        with self._database.read() as connection:
            return self._require(connection, name)

    def get_by_id(self, kind: PrincipalKind, id: int) -> Identity:
        with self._database.read() as connection:
            found = rows.find_by_id(connection, id)
        if found is None or found.kind is not kind:
            raise PrincipalNotFound(str(id), what=kind.value.replace("_", " "))
        return found

    def list(self, kind: PrincipalKind | None = None) -> list[Identity]:
        """Everybody of a kind, in the order in which they were added."""
        with self._database.read() as connection:
            return rows.every(connection, kind)

    def find(
        self, _: Principal, text: str = "", kind: PrincipalKind | None = None, *, offset: int = 0, limit: int = 50
    ) -> tuple[int, Sequence[Identity]]:
        """How many have the text in their name, and some of them in the order of their names. Everybody may look."""
        with self._database.read() as connection:
            return rows.matching(connection, text.strip().lower(), kind, offset=offset, limit=limit)

    def members(self, group: str) -> Sequence[Identity]:
        """The direct members of a group."""
        with self._database.read() as connection:
            return rows.members_of(connection, self._group(connection, group).id)

    def groups_of(self, name: str) -> Sequence[Identity]:
        """The groups that somebody is a direct member of."""
        with self._database.read() as connection:
            return rows.groups_of(connection, self._require(connection, name).id)

    def revoke_task_tokens(self) -> int:
        """End the tokens of all tasks, whose processes are of another time; gives their number."""
        return self._tokens.revoke_of_tasks()

    def forget_expired_tokens(self) -> int:
        """Remove tokens that expired long ago; gives their number."""
        return self._tokens.forget_expired()

    def issue_token(
        self,
        acting: Principal,
        name: str,
        *,
        lifetime_seconds: float | None = None,
        comment: str | None = None,
        task: TaskContext | None = None,
    ) -> IssuedToken:
        """Make a token for oneself, or as an administrator for anybody; its secret is shown this once."""
        return self._tokens.issue(acting, name, lifetime_seconds=lifetime_seconds, comment=comment, task=task)

    def valid_tokens(self) -> Mapping[str, ValidToken]:
        """Every token that works now, by the SHA-256 of its secret in hex."""
        return self._tokens.valid()

    def authenticate(self, secret: str) -> Identified:
        """Who shows this secret.

        Raises:
            Unauthenticated: It is unknown, expired or revoked; the message says which, and never repeats it.
        """
        return self._tokens.authenticate(secret)

    def revoke_token(self, acting: Principal, token_id: str) -> None:
        """Make a token useless, at once here and within a second or two in other processes."""
        self._tokens.revoke(acting, token_id)

    def list_tokens(self, acting: Principal, name: str | None = None, *, everyone: bool = False) -> Sequence[TokenInfo]:
        """One's own tokens; an administrator may name somebody else, or ask for all."""
        return self._tokens.list(acting, name, everyone=everyone)

    def _create(self, principal: Principal, kind: PrincipalKind, name: str, display_name: str | None) -> Identity:
        action = {"user": "createUser", "group": "createGroup"}.get(kind.value, "createServicePrincipal")
        with self._audit.verb(principal, "identities", action, params={"name": name}) as event:
            _require_admin(principal, f"create a {kind.value.replace('_', ' ')}")
            name = valid_identity_name(name)
            values = {
                "name": name,
                "name_key": identity_key(name),
                "kind": kind.value,
                "display_name": display_name,
                "active": True,
                "created_at": epoch_ms(self._clock.now()),
                "created_by": principal.name,
            }
            with self._database.write() as connection:
                created = rows.insert(connection, values)
                event.commit_with(connection)
            return created

    def _require(self, connection: Connection, name: str) -> Identity:
        found = rows.find(connection, identity_key(name))
        if found is None:
            raise PrincipalNotFound(name, known=[each.name for each in rows.every(connection)])
        return found

    def _group(self, connection: Connection, name: str) -> Identity:
        found = rows.find(connection, identity_key(name))
        if found is None or found.kind is not PrincipalKind.GROUP:
            known = [each.name for each in rows.every(connection, PrincipalKind.GROUP)]
            raise PrincipalNotFound(name, what="group", known=known)
        return found

    def _require_an_admin_left(self, connection: Connection, deed: str) -> None:
        admins = rows.find(connection, identity_key(ADMINS))
        if admins is None:
            return
        below = _members_below(connection, admins).values()
        if not any(member.active and member.kind is not PrincipalKind.GROUP for member in below):
            raise Conflict(
                f"Cannot {deed}: nobody would be an administrator any more.",
                hint=f"First add somebody else to the group {ADMINS}.",
            )

    def _require_still_admin(self, connection: Connection, principal: Principal, deleted: Identity) -> None:
        acting = rows.find(connection, identity_key(principal.name))
        if deleted.kind is not PrincipalKind.GROUP or acting is None:
            return
        if ADMINS not in rows.groups_above(connection, acting.id).values():
            raise Conflict(
                f"Cannot delete {deleted.name}: you are an administrator only through this group.",
                hint=f"Add yourself to {ADMINS} directly, or let another administrator delete it.",
            )


def _require_admin(principal: Principal, deed: str) -> None:
    if not principal.is_admin:
        raise Denied(
            f"{principal} may not {deed}: only administrators may.", hint=f"Ask a member of the group {ADMINS}."
        )


def _members_below(connection: Connection, identity: Identity) -> dict[int, Identity]:
    """Everybody who belongs to a group, directly or through groups in it."""
    found: dict[int, Identity] = {}
    frontier = [identity]
    while frontier:
        reached = [member for each in frontier for member in rows.members_of(connection, each.id)]
        frontier = [member for member in reached if member.id not in found]
        found |= {member.id: member for member in frontier}
    return found


def _pass_on(connection: Connection, leaving: Identity, heir: Identity | None) -> None:
    owned = securables.owned_by(connection, leaving.name)
    if owned and heir is None:
        shown = ", ".join(each.full_name for each in owned[:3]) + (", ..." if len(owned) > 3 else "")
        raise Conflict(
            f"{leaving.name} still owns {len(owned)} things: {shown}.",
            hint="Name somebody who shall own them: --transfer-to NAME.",
        )
    if heir is not None:
        if heir.id == leaving.id:
            raise InvalidInput(f"{leaving.name} cannot leave its things to itself.")
        securables.give_to(connection, leaving.name, heir.name)
