"""What people type when they ask where something came from: ``prod.flights.features``, one column of it, a run."""

from dataclasses import dataclass

from boathouse.catalog.grants import Grants
from boathouse.catalog.hierarchy import asked_name, canonical_name
from boathouse.catalog.repository import records
from boathouse.catalog.repository import securables as rows
from boathouse.catalog.repository.records import EdgeFilter
from boathouse.catalog.securables import LineageNode, NodeKind, SecurableKind
from boathouse.foundation.errors import InvalidInput, NotFound, did_you_mean
from boathouse.foundation.names import quote_part, split_name
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database

GOVERNED = {
    NodeKind.TABLE: SecurableKind.TABLE,
    NodeKind.VOLUME: SecurableKind.VOLUME,
    NodeKind.MODEL_VERSION: SecurableKind.REGISTERED_MODEL,
    NodeKind.FUNCTION: SecurableKind.FUNCTION,
}
"""What is found by its name in the catalog, in the order in which a bare name is tried."""

WITH_GRANTS = {**GOVERNED, NodeKind.ENDPOINT: SecurableKind.ENDPOINT}
"""What is shown only to those who may know of it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A thing in the graph, and the column of it that is asked about."""

    node: LineageNode
    column: str | None = None


class LineageNames:
    """Finds what a name means, and tells nobody of what they may not know."""

    def __init__(self, database: Database, grants: Grants) -> None:
        self._database = database
        self._grants = grants

    def find(self, principal: Principal, text: str, kind: NodeKind | None = None, version: int | None = None) -> Asked:
        """What ``catalog.schema.thing[.column][@version]`` means, or the id of a run.

        Raises:
            NotFound: There is nothing of that name that the principal may know of.
        """
        text = asked_name(text)
        parts, version = _parted(text, version)
        if kind is not None and kind not in GOVERNED:
            return self._ungoverned(LineageNode(kind, text, version))
        if len(parts) == 1 and kind is None:
            return self._ungoverned(LineageNode(NodeKind.RUN, parts[0], version))
        if len(parts) not in (3, 4):
            raise InvalidInput(
                f"{text!r} does not say what is meant.",
                hint="Write catalog.schema.name, or catalog.schema.name.column.",
            )
        name, column = ".".join(map(quote_part, parts[:3])), parts[3] if len(parts) == 4 else None
        kinds = [kind] if kind is not None else [NodeKind.TABLE] if column else list(GOVERNED)
        for each in kinds:
            full_name = canonical_name(GOVERNED[each], name)
            if self._is_known(principal, LineageNode(each, full_name)):
                return Asked(LineageNode(each, full_name, version), column)
        raise self._grants.not_found(principal, (GOVERNED[kinds[0]], canonical_name(GOVERNED[kinds[0]], name)))

    def require_column(self, asked: Asked) -> None:
        """Go on only if the table has the column now; call it when the graph knows nothing of the column.

        Raises:
            NotFound: It has not; proposes those that it has.
        """
        with self._database.read() as connection:
            table = rows.find_table(connection, asked.node.name)
        if table is None or asked.column is None:
            return
        known = [column.name for column in table.columns]
        if asked.column.lower() not in {name.lower() for name in known}:
            hint = did_you_mean(asked.column, known) or f"It has {', '.join(known[:20])}."
            raise NotFound(f"Table {asked.node.name} has no column {asked.column}.", hint=hint)

    def _is_known(self, principal: Principal, node: LineageNode) -> bool:
        """Whether it exists; or has existed, which administrators may know: of others no rights are left."""
        if self._grants.visible(principal, GOVERNED[node.kind], [node.name]):
            return True
        return principal.is_admin and self._has_edges(node)

    def _ungoverned(self, node: LineageNode) -> Asked:
        if not self._has_edges(node):
            raise NotFound(
                f"Nothing is known of the {node.kind.replace('_', ' ')} {node.name}.",
                hint="A table, volume or model is named as catalog.schema.name.",
            )
        return Asked(node)

    def _has_edges(self, node: LineageNode) -> bool:
        with self._database.read() as connection:
            return bool(records.edges(connection, EdgeFilter(touching=node), 1))


def _parted(text: str, version: int | None) -> tuple[list[str], int | None]:
    name, at, number = text.rpartition("@")
    if at and number.lower().removeprefix("v").isdigit():
        told = int(number.lower().removeprefix("v"))
        if version not in (None, told):
            raise InvalidInput(f"{text!r} and version {version} contradict each other.", hint="Say it once.")
        return split_name(name), told
    return split_name(text), version
