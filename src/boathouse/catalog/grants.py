"""Who may do what: the one place that answers, and the verbs that change the answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from boathouse.catalog import rules
from boathouse.catalog.audit import Audit
from boathouse.catalog.facts import PrincipalNotFound, PrivilegeMissing, SecurableNotFound
from boathouse.catalog.hierarchy import (
    GRANTABLE,
    IN_SCHEMA,
    NAMED_BY_LEVELS,
    ROOT,
    SecurableKey,
    canonical_name,
    chain_of,
    in_words,
    parent_of,
)
from boathouse.catalog.identity_names import identity_key
from boathouse.catalog.lawbook import LawBook
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.repository import Connection, identities
from boathouse.catalog.repository import grants as rows
from boathouse.catalog.repository import securables as securable_rows
from boathouse.catalog.rules import Node
from boathouse.catalog.securables import SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.principals import EVERYONE, Principal
from boathouse.metastore import Database


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A privilege that somebody holds, and the securable on which it was granted."""

    grantee: str
    privilege: Privilege
    kind: SecurableKind
    full_name: str


@dataclass(frozen=True, slots=True)
class GrantChange:
    """What to give to a grantee and what to take away."""

    grantee: str
    add: frozenset[Privilege] = frozenset()
    remove: frozenset[Privilege] = frozenset()


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who owns a thing: they hold every privilege on it and on all that lies in it."""

    owner: str
    kind: SecurableKind
    full_name: str


class GrantNotFound(NotFound):
    """A privilege that was to be revoked was never granted."""


_MOST_SUGGESTIONS = 2_000
"""Names looked at for a "did you mean"; comparing more would make a miss slow."""


class Grants:
    """Answers "may this principal do this", and keeps the grants that the answer rests on."""

    def __init__(self, database: Database, clock: Clock, audit: Audit, book: LawBook) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._book = book

    def require(self, principal: Principal, privilege: Privilege, kind: SecurableKind, full_name: str) -> Node:
        """Go on only if the principal may.

        Raises:
            NotFound: The thing does not exist, or the principal may not even know of it.
            Denied: The principal knows of it, and lacks a privilege; the message says which and where.
        """
        key = (kind, canonical_name(kind, full_name))
        chain = self._book.chain(key)
        if chain is None:
            raise self.not_found(principal, key)
        lack = rules.what_is_missing(principal, privilege, chain)
        if lack is None:
            return chain[0]
        if not self._knows_of(principal, chain):
            raise self.not_found(principal, key)
        raise PrivilegeMissing(principal, privilege, kind, key[1], lack)

    def allows(self, principal: Principal, privilege: Privilege, kind: SecurableKind, full_name: str) -> bool:
        """Whether the principal may; False for what does not exist."""
        chain = self._book.chain((kind, canonical_name(kind, full_name)))
        return chain is not None and rules.what_is_missing(principal, privilege, chain) is None

    def within_reach(self, principal: Principal, privilege: Privilege, kind: SecurableKind) -> set[str]:
        """The names of everything of a kind on which the principal holds the privilege.

        What is held on a schema or above it is asked once for all that lies there; only what the principal owns or was
        granted by itself is looked at one by one.
        """
        containers = self._containers_of(kind)
        open_ids = [
            chain[0].id
            for chain in self._book.chains(containers).values()
            if rules.reaches_all_below(principal, privilege, kind, chain)
        ]
        is_rooted = containers == [ROOT]
        with self._database.read() as connection:
            touched = securable_rows.names_touched_by(connection, kind, principal.identities)
            if is_rooted and open_ids:
                return set(securable_rows.names_of(connection, kind))
            below = [] if is_rooted else securable_rows.names_of(connection, kind, open_ids)
        chains = self._book.chains([(kind, name) for name in touched.difference(below)])
        allowed = {
            key[1] for key, chain in chains.items() if rules.what_is_missing(principal, privilege, chain) is None
        }
        return allowed.union(below)

    def holders(self, privilege: Privilege, kind: SecurableKind, full_name: str) -> frozenset[str]:
        """Every principal and group that holds the privilege on a thing, for those who decide without us;
        administrators always do. Empty for what does not exist."""
        chain = self._book.chain((kind, canonical_name(kind, full_name)))
        return frozenset() if chain is None else rules.holders(privilege, chain)

    def owner(self, kind: SecurableKind, full_name: str) -> str | None:
        """Who owns a thing; None when it does not exist. Tells nobody that it was asked."""
        chain = self._book.chain((kind, canonical_name(kind, full_name)))
        return None if chain is None else chain[0].owner

    def require_visible(self, principal: Principal, kind: SecurableKind, full_name: str) -> Node:
        """Go on only if the thing exists and the principal may know of it.

        Raises:
            NotFound: Otherwise.
        """
        key = (kind, canonical_name(kind, full_name))
        chain = self._book.chain(key)
        if chain is None or not self._knows_of(principal, chain):
            raise self.not_found(principal, key)
        return chain[0]

    def visible(self, principal: Principal, kind: SecurableKind, names: Iterable[str]) -> set[str]:
        """Those of the names that exist and that the principal may know of; the names as they were given."""
        keys = {name: (kind, canonical_name(kind, name)) for name in names}
        chains = self._book.chains(list(keys.values()))
        found = {name for name, key in keys.items() if key in chains and rules.knows_of(principal, chains[key])}
        if kind in (SecurableKind.CATALOG, SecurableKind.SCHEMA) and len(found) < len(keys):
            inside = self._containers_of_holdings(principal)
            found |= {name for name, key in keys.items() if key in chains and key in inside}
        return found

    def grant(
        self,
        principal: Principal,
        grantee: str,
        privileges: Iterable[Privilege],
        kind: SecurableKind,
        full_name: str,
    ) -> None:
        """Give privileges; those that the grantee holds already stay as they are."""
        self.change(principal, kind, full_name, [GrantChange(grantee, add=frozenset(privileges))])

    def revoke(
        self,
        principal: Principal,
        grantee: str,
        privileges: Iterable[Privilege],
        kind: SecurableKind,
        full_name: str,
    ) -> None:
        """Take privileges away.

        Raises:
            GrantNotFound: One of them was never granted on this thing; nothing is revoked.
        """
        self.change(principal, kind, full_name, [GrantChange(grantee, remove=frozenset(privileges))])

    def change(self, principal: Principal, kind: SecurableKind, full_name: str, changes: Sequence[GrantChange]) -> None:
        """Give and take in one step: all of it or nothing."""
        full_name = canonical_name(kind, full_name)
        with self._audit.verb(
            principal, "catalog", "updatePermissions", kind, full_name, {"changes": _described(changes)}
        ) as event:
            node = self.require(principal, Privilege.MANAGE, kind, full_name)
            for change in changes:
                _require_grantable(kind, change.add)
            with self._database.write() as connection:
                for change in changes:
                    self._apply(connection, principal, node, change)
                generation = self._book.changed(connection)
                event.commit_with(connection)
            self._book.renew(generation)

    def direct(
        self, principal: Principal, kind: SecurableKind, full_name: str, *, grantee: str | None = None
    ) -> list[Grant]:
        """What was granted on the thing itself. Who may not manage it sees only what reaches themselves."""
        return [grant for grant in self.effective(principal, kind, full_name, grantee=grantee)
                if grant.kind is kind and grant.full_name == canonical_name(kind, full_name)]  # fmt: skip

    def effective(
        self, principal: Principal, kind: SecurableKind, full_name: str, *, grantee: str | None = None
    ) -> list[Grant]:
        """What was granted on the thing or on anything above it, each with where it was granted."""
        key = (kind, canonical_name(kind, full_name))
        with self._audit.verb(principal, "catalog", "getPermissions", kind, key[1]):
            self.require_visible(principal, *key)
            chain = self._book.chain(key) or ()
            sees_all = rules.holds(principal, Privilege.MANAGE, chain)
            return sorted(
                Grant(holder, privilege, node.kind, node.full_name)
                for node in chain
                for holder, privileges in node.grants.items()
                if (sees_all or holder in principal.identities) and grantee in (None, holder)
                for privilege in privileges
            )

    def owners(self, principal: Principal, kind: SecurableKind, full_name: str) -> list[Ownership]:
        """Who owns the thing, and who owns what it lies in: all of them may do everything with it."""
        key = (kind, canonical_name(kind, full_name))
        self.require_visible(principal, *key)
        return [Ownership(node.owner, node.kind, node.full_name) for node in self._book.chain(key) or ()]

    def not_found(self, principal: Principal, key: SecurableKey) -> SecurableNotFound:
        """The error for a thing that does not exist or may not be known; proposes only names that may be known."""
        return SecurableNotFound(*key, known=self._visible_siblings(principal, key))

    def _knows_of(self, principal: Principal, chain: Sequence[Node]) -> bool:
        if rules.knows_of(principal, chain):
            return True
        key = (chain[0].kind, chain[0].full_name)
        return key[0] in (SecurableKind.CATALOG, SecurableKind.SCHEMA) and key in self._containers_of_holdings(
            principal
        )

    def _containers_of_holdings(self, principal: Principal) -> set[SecurableKey]:
        """The catalogs and schemas in which the principal owns something or holds a grant on something."""
        with self._database.read() as connection:
            touched = securable_rows.touched_by(connection, principal.identities)
        return {above for key in touched for above in chain_of(key)[1:]}

    def _containers_of(self, kind: SecurableKind) -> list[SecurableKey]:
        """Everything in which a thing of this kind may lie."""
        if kind in IN_SCHEMA:
            above = SecurableKind.SCHEMA
        elif kind is SecurableKind.SCHEMA:
            above = SecurableKind.CATALOG
        else:
            return [ROOT]
        with self._database.read() as connection:
            return [(above, name) for name in securable_rows.names_of(connection, above)]

    def _visible_siblings(self, principal: Principal, key: SecurableKey) -> set[str]:
        kind, parent = key[0], parent_of(key)
        if kind not in NAMED_BY_LEVELS or parent is None:
            return set()
        for where in (parent, None):  # None: the mistake may be in the name of the schema or catalog
            with self._database.read() as connection:
                names = [sibling.full_name for sibling in securable_rows.children(connection, kind, where)]
            if known := self.visible(principal, kind, names[:_MOST_SUGGESTIONS]):
                return known
        return set()

    def _apply(self, connection: Connection, principal: Principal, node: Node, change: GrantChange) -> None:
        grantee = _canonical_grantee(connection, change.grantee)
        held = rows.held(connection, node.id, grantee)
        if never := change.remove - held:
            raise GrantNotFound(
                f"{grantee} was not granted {', '.join(sorted(never))} on {in_words(node.kind)} {node.full_name}; "
                "nothing was revoked.",
                hint="A privilege is revoked where it was granted: on the thing itself or on what it lies in.",
            )
        rows.remove(connection, node.id, grantee, change.remove)
        now = epoch_ms(self._clock.now())
        rows.add(connection, node.id, grantee, change.add - held, at=now, by=principal.name)


def _canonical_grantee(connection: Connection, name: str) -> str:
    if identity_key(name) == EVERYONE:
        return EVERYONE
    found = identities.find(connection, identity_key(name))
    if found is None:
        known = [identity.name for identity in identities.every(connection)]
        raise PrincipalNotFound(name, known=known)
    return found.name


def _require_grantable(kind: SecurableKind, privileges: frozenset[Privilege]) -> None:
    if unfit := privileges - GRANTABLE[kind]:
        raise InvalidInput(
            f"{', '.join(sorted(unfit))} cannot be granted on a {in_words(kind)}.",
            hint=f"What can: {', '.join(sorted(GRANTABLE[kind]))}.",
        )


def _described(changes: Sequence[GrantChange]) -> str:
    described: list[Mapping[str, object]] = [
        {"principal": change.grantee, "add": sorted(change.add), "remove": sorted(change.remove)} for change in changes
    ]
    return str([{key: value for key, value in one.items() if value} for one in described])
