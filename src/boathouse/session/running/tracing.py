"""From the flow of a query's columns to what the lineage graph keeps: per source, under the names of the target."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from boathouse.catalog import ColumnFlow, LineageEdge, LineageNode
from boathouse.session.sql.column_lineage import Flow, Origin, QueryFlow
from boathouse.session.sql.column_lineage.flows import EVERY_COLUMN, Relation, Spread

MOST_PAIRS = 20_000
"""Pairs of columns that an edge keeps; beyond them the edge says only that the tables are joined."""


@dataclass(slots=True)
class Trace:
    """What is known of a statement's columns so far: nothing until its query is prepared, for good when it has none."""

    flow: QueryFlow | None = None
    nodes: dict[str, LineageNode] = field(default_factory=dict[str, LineageNode])
    """What is read, by the alias under which the query has it."""
    names: tuple[str, ...] = ()
    """The columns of the query's result, as the engine has named them."""
    through: list[LineageEdge] = field(default_factory=list[LineageEdge])
    """What views and functions read on the statement's behalf."""

    def prepared(self, flow: QueryFlow, nodes: Mapping[str, LineageNode]) -> None:
        """A query has been read; what is written next are its rows."""
        self.flow, self.nodes = flow, dict(nodes)

    def copied(self, source: LineageNode, names: Sequence[str]) -> None:
        """What is written next are the columns of files, each by its name."""
        alias = "files"
        everything = Flow(frozenset({(alias, EVERY_COLUMN)}))
        self.prepared(QueryFlow(Relation((Spread(everything, alias),))), {alias: source})
        self.names = tuple(names)

    def into(self, names: Sequence[str], target: LineageNode) -> dict[LineageNode, ColumnFlow]:
        """What flows from each source into the columns with these names, as far as it is known. Columns of the target
        beyond those of the query have no source."""
        flows = self.flow.of(self.names) if self.flow is not None else None
        if self.flow is None or flows is None:
            return {}
        aliases: dict[LineageNode, set[str]] = {}
        for alias, node in self.nodes.items():
            aliases.setdefault(node, set()).add(alias)
        pairs = list(zip(names, flows, strict=False))
        found = {node: _from(own, pairs, self.flow.rows) for node, own in aliases.items()}
        return {
            node: _without_itself(flow) if (node.kind, node.name) == (target.kind, target.name) else flow
            for node, flow in found.items()
            if sum(map(len, flow.direct.values())) + sum(map(len, flow.indirect.values())) <= MOST_PAIRS
        }


def _from(aliases: set[str], pairs: Sequence[tuple[str, Flow]], rows: Iterable[Origin]) -> ColumnFlow:
    def columns(origins: Iterable[Origin]) -> tuple[str, ...]:
        return tuple(sorted({column for alias, column in origins if alias in aliases}))

    direct = {name: found for name, flow in pairs if (found := columns(flow.direct))}
    indirect = {name: found for name, flow in pairs if (found := columns(flow.indirect - flow.direct))}
    return ColumnFlow(direct, indirect, columns(rows))


def _without_itself(flow: ColumnFlow) -> ColumnFlow:
    """A rewritten table keeps most of its columns; that a column comes from itself tells nobody anything."""
    direct = {name: tuple(each for each in columns if each != name) for name, columns in flow.direct.items()}
    return ColumnFlow({name: columns for name, columns in direct.items() if columns}, flow.indirect, flow.rows)
