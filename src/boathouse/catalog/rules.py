"""May this principal do this? The whole rule, as pure functions over what has been loaded.

- Administrators may do everything.
- Who owns a thing, or anything above it, holds every privilege on it.
- A privilege granted on a thing holds for everything in it. ``ALL_PRIVILEGES`` stands for all but ``MANAGE``.
- To use or make what lies in a catalog one needs ``USE_CATALOG`` on it, and ``USE_SCHEMA`` for what lies in a schema;
  owners of a table are no exception. ``BROWSE`` alone needs neither.
- One knows of a thing when one owns it or something above it, or holds a privilege that concerns it.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from boathouse.catalog.hierarchy import CONCERNS, CREATE_PRIVILEGES
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.securables import SecurableKind
from boathouse.foundation.principals import Principal

NO_PRIVILEGES: frozenset[Privilege] = frozenset()

_IMPLIED_BY: dict[Privilege, frozenset[Privilege]] = {
    Privilege.READ_EXPERIMENT: frozenset({Privilege.WRITE_EXPERIMENT, Privilege.MANAGE}),
    Privilege.WRITE_EXPERIMENT: frozenset({Privilege.MANAGE}),
    Privilege.VIEW_JOB: frozenset({Privilege.RUN_JOB, Privilege.MANAGE}),
    Privilege.RUN_JOB: frozenset({Privilege.MANAGE}),
    Privilege.READ_SECRET: frozenset({Privilege.WRITE_SECRET, Privilege.MANAGE}),
    Privilege.WRITE_SECRET: frozenset({Privilege.MANAGE}),
    Privilege.BROWSE: frozenset({Privilege.MANAGE}),
}
"""Experiments, jobs and secrets know a ladder: who may manage may run, who may run may view."""


@dataclass(frozen=True, slots=True)
class Node:
    """What the rules need to know of one securable."""

    id: str
    kind: SecurableKind
    full_name: str
    owner: str
    grants: Mapping[str, frozenset[Privilege]]
    """Privileges by grantee, granted on this very thing."""


MAKING = frozenset(CREATE_PRIVILEGES.values()) - {Privilege.MANAGE}
"""Privileges to make something in the thing they are held on: these pass through that thing's own gate too."""

Chain = Sequence[Node]
"""A thing and all above it, from the thing to the metastore."""


@dataclass(frozen=True, slots=True)
class Lack:
    """A privilege that is missing, and where."""

    privilege: Privilege
    node: Node


def effective_privileges(identities: Set[str], chain: Chain) -> frozenset[Privilege]:
    """Everything granted to any of the identities on the thing or above it."""
    found: set[Privilege] = set()
    for node in chain:
        for grantee, privileges in node.grants.items():
            if grantee in identities:
                found |= privileges
    return frozenset(found)


def owns(identities: Set[str], chain: Chain) -> bool:
    """Whether one of the identities owns the thing or something above it."""
    return any(node.owner in identities for node in chain)


def holds(principal: Principal, privilege: Privilege, chain: Chain) -> bool:
    """Whether the principal holds the privilege on the thing, leaving aside what is needed on its parents."""
    if principal.is_admin:
        return True
    identities = principal.identities
    if owns(identities, chain):
        return True
    held = effective_privileges(identities, chain)
    if privilege in held or (Privilege.ALL_PRIVILEGES in held and privilege is not Privilege.MANAGE):
        return True
    return not held.isdisjoint(_IMPLIED_BY.get(privilege, NO_PRIVILEGES))


def holders(privilege: Privilege, chain: Chain) -> frozenset[str]:
    """Every name through which the privilege reaches a thing, leaving aside what is needed on its parents."""
    enough = sufficient(privilege)
    held = ((who, given) for node in chain for who, given in node.grants.items())
    return frozenset({node.owner for node in chain} | {who for who, given in held if not given.isdisjoint(enough)})


def sufficient(privilege: Privilege) -> frozenset[Privilege]:
    """Every privilege that is as good as this one."""
    all_but_manage = NO_PRIVILEGES if privilege is Privilege.MANAGE else frozenset({Privilege.ALL_PRIVILEGES})
    return frozenset({privilege}) | all_but_manage | _IMPLIED_BY.get(privilege, NO_PRIVILEGES)


def needs(privilege: Privilege, chain: Chain) -> Iterator[tuple[Privilege, int]]:
    """What it takes to use a privilege on the first of a chain, seen from the top: each privilege, and how far up the
    chain it must be held."""
    if privilege is not Privilege.BROWSE:
        for depth in range(len(chain) - 1, -1 if privilege in MAKING else 0, -1):
            if gate := _GATES.get(chain[depth].kind):
                yield gate, depth
    yield privilege, 0


def what_is_missing(principal: Principal, privilege: Privilege, chain: Chain) -> Lack | None:
    """The first privilege that the principal would still need, seen from the top; None when it may."""
    if principal.is_admin:
        return None
    for wanted, depth in needs(privilege, chain):
        if not holds(principal, wanted, chain[depth:]):
            return Lack(wanted, chain[depth])
    return None


def reaches_all_below(principal: Principal, privilege: Privilege, kind: SecurableKind, above: Chain) -> bool:
    """Whether the principal holds the privilege on everything of a kind that lies in the first of the chain, whatever
    was granted on each."""
    return what_is_missing(principal, privilege, (Node("", kind, "", "", {}), *above)) is None


_GATES = {SecurableKind.CATALOG: Privilege.USE_CATALOG, SecurableKind.SCHEMA: Privilege.USE_SCHEMA}


def knows_of(principal: Principal, chain: Chain) -> bool:
    """Whether the principal may know that the thing exists, by what it holds on it or above it.

    Who holds something *in* a catalog or schema may know of it too; that takes a look downward, which is not made here.
    """
    kind = chain[0].kind
    if principal.is_admin or kind is SecurableKind.METASTORE:
        return True
    identities = principal.identities
    return owns(identities, chain) or not effective_privileges(identities, chain).isdisjoint(CONCERNS[kind])
