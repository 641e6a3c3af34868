"""What a process remembers of owners and grants: one node per securable that somebody has asked about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from boathouse.catalog.freshness import Fresh
from boathouse.catalog.hierarchy import SecurableKey, chain_of
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.repository import Connection
from boathouse.catalog.repository import securables as rows
from boathouse.catalog.rules import Node
from boathouse.metastore import Database


@dataclass(slots=True)
class _Page:
    """The nodes read in one generation. What does not exist is not remembered: it may be created any moment."""

    nodes: dict[SecurableKey, Node] = field(default_factory=dict[SecurableKey, Node])


class LawBook:
    """Chains of nodes for the rules, from memory where possible."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages = Fresh(database, "grants", _Page)

    def chain(self, key: SecurableKey) -> tuple[Node, ...] | None:
        """The thing and all above it; None when one of them does not exist."""
        nodes = self._pages.current().nodes
        keys = chain_of(key)
        try:
            return tuple([nodes[each] for each in keys])
        except KeyError:
            return self.chains([key]).get(key)

    def chains(self, keys: Sequence[SecurableKey]) -> dict[SecurableKey, tuple[Node, ...]]:
        """As :meth:`chain` for many at once; what does not exist is left out."""
        nodes = self._pages.current().nodes
        wanted = {each for key in keys for each in chain_of(key)}
        missing = [key for key in wanted if key not in nodes]
        if missing:
            with self._database.read() as connection:
                nodes.update(_read(connection, missing))
        chains = {key: chain_of(key) for key in keys}
        return {
            key: tuple(nodes[each] for each in chain)
            for key, chain in chains.items()
            if all(each in nodes for each in chain)
        }

    def changed(self, connection: Connection) -> int:
        """Count a change of grants, owners or names, in its own transaction."""
        return self._pages.bump(connection)

    def renew(self, generation: int) -> None:
        """Forget, after the change has committed."""
        self._pages.renew(generation)


def _read(connection: Connection, keys: Sequence[SecurableKey]) -> Iterable[tuple[SecurableKey, Node]]:
    grants: dict[SecurableKey, dict[str, set[Privilege]]] = {}
    facts: dict[SecurableKey, tuple[str, str]] = {}
    for id, kind, full_name, owner, grantee, privilege in rows.standings(connection, keys):
        key = (kind, full_name)
        facts[key] = (id, owner)
        held = grants.setdefault(key, {})
        if grantee is not None and privilege is not None:
            held.setdefault(grantee, set()).add(Privilege(privilege))
    for key, (id, owner) in facts.items():
        frozen = {grantee: frozenset(privileges) for grantee, privileges in grants[key].items()}
        yield key, Node(id, key[0], key[1], owner, frozen)
