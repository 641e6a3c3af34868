"""What a table, or one column of it, has touched in a stretch of time: tables, models, endpoints, predictions, people.

Lineage says what lives on it; inference tables say how many answers were given meanwhile by what lives on it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from boathouse.catalog import Catalog, LineageNode, NodeKind, SecurableKind
from boathouse.catalog.lineage_graph import Influence, Place, Step, Walk
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.serving.capture.finding import listed
from boathouse.serving.capture.layout import TableKind
from boathouse.session import Session

SessionOf = Callable[[Principal], Session]
_OWNED = {
    NodeKind.TABLE: SecurableKind.TABLE,
    NodeKind.MODEL_VERSION: SecurableKind.REGISTERED_MODEL,
    NodeKind.ENDPOINT: SecurableKind.ENDPOINT,
    NodeKind.FUNCTION: SecurableKind.FUNCTION,
    NodeKind.VOLUME: SecurableKind.VOLUME,
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when, [start, end), in milliseconds since 1970-01-01 UTC; None is open."""

    start: int | None = None
    end: int | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise InvalidInput("The stretch ends before it begins.", hint="Give --from before --to.")


@dataclass(frozen=True, slots=True)
class Touched:
    """One thing downstream."""

    kind: str
    name: str
    version: int | None
    column: str | None
    hops: int
    influence: str
    """``direct``, ``indirect`` (it only decides which rows there are), ``whole`` (which columns is not known)."""
    owner: str | None
    last_at: int
    """When it was last made of it."""
    is_made_since: bool
    """Whether it was made, trained or written from it since the stretch began."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers that a version gave in the stretch."""

    endpoint: str
    model: str
    version: int | None
    requests: int | None
    predictions: int | None
    problem: str | None = None
    """Why they could not be counted."""


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything that is known to be touched."""

    asked: str
    stretch: Stretch
    touched: tuple[Touched, ...] = ()
    answers: tuple[Answers, ...] = ()
    hidden: int = 0
    """Things that the principal may not know of."""
    is_cut: bool = False
    owners: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """What each of them has that is touched."""

    @property
    def predictions(self) -> int:
        return sum(each.predictions or 0 for each in self.answers)


class Impacts:
    """Finds what is touched, as far as the principal may know."""

    def __init__(self, catalog: Catalog, session_of: SessionOf) -> None:
        self._catalog = catalog
        self._session_of = session_of

    def of(self, principal: Principal, text: str, stretch: Stretch | None = None) -> Impact:
        """What ``catalog.schema.table[.column]`` has touched.

        Raises:
            NotFound: There is no such table or column that the principal may know of.
        """
        stretch = stretch or Stretch()
        with self._catalog.audit.verb(principal, "lineage", "getImpact", None, text):
            asked = self._catalog.lineage.find(principal, text)
            graph = self._catalog.lineage.columns_down(principal, asked, Walk("down", with_indirect=True))
            touched = tuple(self._touched(graph.start, graph.steps, stretch))
            answers = tuple(self._answers(principal, touched, stretch))
            owners: dict[str, list[str]] = {}
            for each in touched:
                if each.owner is not None:
                    mine = owners.setdefault(each.owner, [])
                    if (named := f"{each.kind.replace('_', ' ')} {each.name}") not in mine:
                        mine.append(named)
            return Impact(text, stretch, touched, answers, graph.hidden, graph.is_cut, owners)

    def _touched(self, start: Place, steps: tuple[Step, ...], stretch: Stretch) -> Iterator[Touched]:
        """Every place, the nearest first, with the strongest way that leads to it."""
        onward: dict[Place, list[Step]] = {}
        for step in steps:
            onward.setdefault(step.source, []).append(step)
        seen, frontier, hops = {start}, [start], 0
        while frontier:
            hops += 1
            reached: dict[Place, list[Step]] = {}
            for place in frontier:
                for step in onward.get(place, ()):
                    if step.target not in seen:
                        reached.setdefault(step.target, []).append(step)
            for place, ways in reached.items():
                seen.add(place)
                best = min(ways, key=lambda step: list(Influence).index(step.influence))
                last = max(step.passage.latest.event_time for step in ways)
                yield Touched(
                    place.node.kind.value, place.node.name, place.node.version, place.column, hops,
                    best.influence.value, self._owner(place.node), last,
                    stretch.start is None or last >= stretch.start,
                )  # fmt: skip
            frontier = list(reached)

    def _owner(self, node: LineageNode) -> str | None:
        kind = _OWNED.get(node.kind)
        try:
            return None if kind is None else self._catalog.grants.owner(kind, node.name)
        except BoathouseError:  # it is gone
            return None

    def _answers(self, principal: Principal, touched: tuple[Touched, ...], stretch: Stretch) -> Iterator[Answers]:
        versions = {(each.name, each.version) for each in touched if each.kind == NodeKind.MODEL_VERSION.value}
        for table in listed(self._catalog, principal) if versions else ():
            if table.kind_of_table is not TableKind.PREDICTIONS:
                continue
            try:
                yield from _counted(self._session_of(principal), table.endpoint, table.table, versions, stretch)
            except BoathouseError as error:
                yield Answers(table.endpoint, "", None, None, None, error.message)


def _counted(
    session: Session, endpoint: str, table: str, versions: set[tuple[str, int | None]], stretch: Stretch
) -> Iterator[Answers]:
    conditions, parameters = ["true"], dict[str, Any]()
    if stretch.start is not None:
        conditions += ["request_time >= :start", "request_date >= CAST(:start AS DATE)"]
        parameters["start"] = from_epoch_ms(stretch.start)
    if stretch.end is not None:
        conditions += ["request_time < :until", "request_date <= CAST(:until AS DATE)"]
        parameters["until"] = from_epoch_ms(stretch.end)
    text = (
        "SELECT model_name, model_version, count(DISTINCT databricks_request_id) AS requests, count(*) AS predictions "
        f"FROM {TableName.parse(table).quoted()} WHERE {' AND '.join(conditions)} GROUP BY model_name, model_version"
    )
    known = {(name.lower(), version) for name, version in versions}
    for row in session.sql(text, parameters).rows():
        if ((row["model_name"] or "").lower(), row["model_version"]) in known:
            yield Answers(endpoint, row["model_name"], row["model_version"], row["requests"], row["predictions"])
