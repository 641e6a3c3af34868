"""Why somebody may do something, or what is missing: each way in which a privilege reaches them.

The decision itself is that of ``rules``; this says which owner, grant and membership it rests on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from boathouse.catalog import rules
from boathouse.catalog.audit import Audit
from boathouse.catalog.facts import PrincipalNotFound
from boathouse.catalog.grants import Grants
from boathouse.catalog.hierarchy import CONCERNS, ROOT, canonical_name, in_words
from boathouse.catalog.identity_names import identity_key
from boathouse.catalog.lawbook import LawBook
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.repository import Connection, holdings, identities
from boathouse.catalog.repository.holdings import Held
from boathouse.catalog.repository.identities import Identity
from boathouse.catalog.rules import Chain
from boathouse.catalog.securables import SecurableKind
from boathouse.foundation.errors import Denied
from boathouse.foundation.principals import ADMINS, EVERYONE, Principal
from boathouse.metastore import Database

Paths = Mapping[str, Sequence[str]]
"""Every name under which a grant reaches somebody, with the memberships that lead there: from themselves to it."""

MOST_HOLDINGS = 1_000
"""Grants and owned things of one principal that are told at once."""


class Way(StrEnum):
    """How somebody comes to a privilege."""

    ADMINISTRATOR = "administrator"
    OWNER = "owner"
    GRANT = "grant"


@dataclass(frozen=True, slots=True)
class Reason:
    """One way in which a privilege reaches somebody."""

    way: Way
    privilege: Privilege
    """What was granted; it may be a stronger one than what it is the reason for."""
    through: tuple[str, ...]
    """From the principal itself through its groups to the one who owns or was granted."""
    kind: SecurableKind
    full_name: str
    """Where it was granted, or what is owned."""


@dataclass(frozen=True, slots=True)
class Need:
    """One of the privileges that a deed takes, and every reason why it is held; without a reason it is missing."""

    privilege: Privilege
    kind: SecurableKind
    full_name: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether somebody may use a privilege on a thing, and why."""

    privilege: Privilege
    needs: tuple[Need, ...]

    @property
    def allowed(self) -> bool:
        return all(need.reasons for need in self.needs)

    @property
    def missing(self) -> tuple[Need, ...]:
        return tuple(need for need in self.needs if not need.reasons)


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that somebody owns or was granted, by itself or through a group."""

    through: tuple[str, ...]
    held: Held


class Reasons:
    """Explains decisions. One may ask about oneself; about others whoever may manage the thing in question."""

    def __init__(self, database: Database, audit: Audit, grants: Grants, book: LawBook) -> None:
        self._database = database
        self._audit = audit
        self._grants = grants
        self._book = book

    def explain(self, principal: Principal, about: str, kind: SecurableKind, full_name: str) -> list[Explanation]:
        """What somebody may do with a thing: each privilege that concerns it, with its reasons or what is missing.

        Raises:
            NotFound: The thing does not exist or the principal may not know of it; or nobody has that name.
            Denied: It is about somebody else, and the principal may not manage the thing.
        """
        full_name = canonical_name(kind, full_name)
        with self._audit.verb(principal, "catalog", "explainPermissions", kind, full_name, {"principal": about}):
            self._grants.require_visible(principal, kind, full_name)
            chain = self._book.chain((kind, full_name)) or ()
            with self._database.read() as connection:
                found = _identity(connection, about)
                paths = _paths(connection, found)
            if found.name not in principal.identities and not rules.holds(principal, Privilege.MANAGE, chain):
                raise Denied(
                    f"{principal} may not see what {found.name} may do with {in_words(kind)} {full_name}.",
                    hint="Whoever may manage it sees what others may do, and everybody what they may do themselves.",
                )
            asked = sorted(CONCERNS[kind] - {Privilege.ALL_PRIVILEGES})
            return [explanation(paths, privilege, chain) for privilege in asked]

    def holdings(self, principal: Principal, about: str) -> list[Holding]:
        """What somebody owns or was granted, by itself or through groups. Of others one sees what lies on things that
        one may manage, and what reaches oneself too.

        Raises:
            PrincipalNotFound: Nobody has that name.
        """
        with self._audit.verb(principal, "catalog", "listHoldings", params={"principal": about}):
            with self._database.read() as connection:
                found = _identity(connection, about)
                paths = _paths(connection, found)
                held = holdings.of(connection, list(paths), MOST_HOLDINGS)
            if found.name not in principal.identities:
                held = self._seen_by(principal, held)
            return [Holding(tuple(paths[each.holder]), each) for each in held]

    def _seen_by(self, principal: Principal, held: Sequence[Held]) -> list[Held]:
        chains = self._book.chains([(each.kind, each.full_name) for each in held])
        return [
            each
            for each in held
            if (chain := chains.get((each.kind, each.full_name)))
            and (each.holder in principal.identities or rules.holds(principal, Privilege.MANAGE, chain))
        ]


def explanation(paths: Paths, privilege: Privilege, chain: Chain) -> Explanation:
    """Everything that a privilege takes on the first of a chain, with the reasons for each."""
    return Explanation(
        privilege,
        tuple(
            Need(wanted, chain[depth].kind, chain[depth].full_name, reasons(paths, wanted, chain[depth:]))
            for wanted, depth in rules.needs(privilege, chain)
        ),
    )


def reasons(paths: Paths, privilege: Privilege, chain: Chain) -> tuple[Reason, ...]:
    """Every way in which a privilege reaches somebody, leaving aside what is needed on parents."""
    found: list[Reason] = []
    if ADMINS in paths:
        found.append(Reason(Way.ADMINISTRATOR, privilege, tuple(paths[ADMINS]), *ROOT))
    enough = rules.sufficient(privilege)
    for node in chain:
        if node.owner in paths:
            found.append(Reason(Way.OWNER, privilege, tuple(paths[node.owner]), node.kind, node.full_name))
        for grantee, given in sorted(node.grants.items()):
            if grantee in paths:
                through = tuple(paths[grantee])
                found += [
                    Reason(Way.GRANT, each, through, node.kind, node.full_name) for each in sorted(given & enough)
                ]
    return tuple(found)


def _identity(connection: Connection, name: str) -> Identity:
    found = identities.find(connection, identity_key(name))
    if found is None:
        raise PrincipalNotFound(name, known=[each.name for each in identities.every(connection)])
    return found


def _paths(connection: Connection, who: Identity) -> dict[str, tuple[str, ...]]:
    above = {name: (who.name, *path) for name, path in identities.paths_above(connection, who.id).items()}
    return {who.name: (who.name,), EVERYONE: (who.name, EVERYONE), **above}
