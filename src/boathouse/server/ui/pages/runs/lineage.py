"""What a run has read and written."""

from collections.abc import Iterable

from boathouse.catalog import LineageNode, NodeKind
from boathouse.catalog.repository.records import EdgeFilter
from boathouse.jobs.records import Run
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import Linked, grid
from boathouse.server.ui.parts.layout import card, columns
from boathouse.server.ui.visitor import Visitor

MOST_EDGES = 500
MOST_VERSIONS = 5


async def lineage_card(visitor: Visitor, run: Run) -> None:
    """Two lists: written and read, as far as the visitor may know of it."""
    wanted = EdgeFilter(None, None, None, run.run_id, None, None, None, None)
    edges = await visitor.ask(visitor.plane.catalog.lineage.edges, wanted, limit=MOST_EDGES)
    written = versions_of(edge.edge.target for edge in edges if edge.edge.operation != "LOCATION_GRANTED")
    read = versions_of(edge.edge.source for edge in edges)
    with columns():
        with card("Written"):
            _shown(written, "This run has written nothing that you may know of.")
        with card("Read"):
            _shown(read, "This run has read nothing that you may know of.")


def versions_of(nodes: Iterable[LineageNode | None]) -> dict[tuple[NodeKind, str], list[int]]:
    """What was touched, with its versions in order."""
    found: dict[tuple[NodeKind, str], set[int]] = {}
    for node in nodes:
        if node is not None:
            versions = found.setdefault((node.kind, node.name), set())
            if node.version is not None:
                versions.add(node.version)
    return {key: sorted(versions) for key, versions in sorted(found.items())}


def _shown(things: dict[tuple[NodeKind, str], list[int]], nothing: str) -> None:
    if not things:
        empty(nothing)
        return
    rows = [
        [_linked(kind, name), kind.value.replace("_", " "), _versions(versions)]
        for (kind, name), versions in things.items()
    ]
    grid(["What", "Kind", "Versions"], rows, label="What was touched")


def _linked(kind: NodeKind, name: str) -> object:
    match kind:
        case NodeKind.TABLE | NodeKind.ONLINE_TABLE:
            return Linked(name, addresses.table(name))
        case NodeKind.VOLUME:
            return Linked(name, addresses.volume(name))
        case NodeKind.MODEL_VERSION:
            return Linked(name, addresses.model(name))
        case NodeKind.FUNCTION:
            return Linked(name, addresses.function(name))
        case NodeKind.ENDPOINT:
            return Linked(name, addresses.endpoint(name))
        case NodeKind.JOB_RUN if name.isdecimal():
            return Linked(name, addresses.run(int(name)))
        case _:
            return name


def _versions(versions: list[int]) -> str | None:
    if not versions:
        return None
    if len(versions) <= MOST_VERSIONS:
        return ", ".join(map(str, versions))
    return f"{len(versions)} from {versions[0]} to {versions[-1]}"
