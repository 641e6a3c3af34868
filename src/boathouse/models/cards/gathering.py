"""Gathers the facts of a card, each from where it is kept, as far as the principal may know of them.

A fact that cannot be had is no reason for having no card: it is said to be missing, with the reason.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from boathouse.catalog import LineageNode, NodeKind, Privilege, SecurableKind
from boathouse.catalog.lineage_graph import Graph, Place, Walk
from boathouse.catalog.lineage_names import Asked
from boathouse.foundation.errors import BoathouseError, Denied, NotFound
from boathouse.foundation.names import ModelName, TableName
from boathouse.foundation.principals import Principal
from boathouse.models.approval.nouns import Approval
from boathouse.models.cards.contents import contents_of, text_of
from boathouse.models.cards.facts import CardFacts, DataUsed, FeatureUsed, Origin, Passage, RunTold
from boathouse.models.evidence.nouns import Evidence
from boathouse.models.nouns import ModelVersion
from boathouse.models.promotion.nouns import Decision
from boathouse.models.version_files import VersionFiles

if TYPE_CHECKING:
    from boathouse.models.parts import ModelParts

T = TypeVar("T")
SPEC_FILE = "feature_spec.yaml"
"""The recipe of features that a model carries; whoever reads it knows its format."""
_STEPS_UP = 3
_STEPS_DOWN = 2


def _nothing(*_: object) -> None:
    return None


def _none_of(*_: object) -> Sequence[Any]:
    return ()


@dataclass(frozen=True, slots=True)
class CardPorts:
    """What other rooms tell; each answers for itself whether the principal may know."""

    evidence: Callable[[Principal, ModelName, int], Sequence[Evidence]] = _none_of
    """All that is in use, of the latest evaluation and of what other rooms have noted."""
    decision: Callable[[Principal, ModelName, int], Decision | None] = _nothing
    approvals: Callable[[Principal, ModelName, int], Sequence[Approval]] = _none_of
    author: Callable[[str, int], str | None] = _nothing
    features: Callable[[Principal, str], Sequence[FeatureUsed]] = _none_of
    """The features of a recipe, given as text."""
    origin: Callable[[Principal, ModelName, int], Origin | None] = _nothing
    """Where the version was imported from."""
    questions: Callable[[], dict[str, str]] = dict
    """What each gate asks."""


class Cards:
    """Gathers facts and gives them to whoever renders them."""

    def __init__(self, parts: "ModelParts", files: VersionFiles, ports: CardPorts) -> None:
        self._parts = parts
        self._files = files
        self._ports = ports

    def facts(self, principal: Principal, name: ModelName, number: int, *, leaves: bool = False) -> CardFacts:
        """All that a card says of a version.

        Args:
            leaves: The card goes elsewhere: then it does not say where the version went here, which is no fact of the
                version, changes with time, and is not for others.

        Raises:
            NotFound: There is no such version.
            Denied: The principal lacks EXECUTE on the model.
        """
        model = self._parts.registry.get(principal, name)
        version = next(
            (each for each in self._parts.registry.versions(principal, name) if each.version == number), None
        )
        if version is None:
            raise NotFound(f"{name} has no version {number}.", hint=f"boathouse model show {name} lists them.")
        asked = _Asking()
        revision = self._parts.requirements.deployed(str(name))
        if revision is None:
            asked.missing["requirements"] = "none are deployed: write them in boathouse.yml"
        folder = asked.of("files", lambda: self._files.folder(str(name), number))
        run_id = version.run_id
        lock = asked.of("lock", lambda: self._files.lock_of_run(run_id)) if run_id else None
        spec = text_of(folder / SPEC_FILE) if folder is not None else None
        up = asked.of("lineage", lambda: self._walk(principal, name, number, up=True))
        down = None if leaves else asked.of("lineage", lambda: self._walk(principal, name, number, up=False))
        evidence = asked.of("evidence", lambda: self._ports.evidence(principal, name, number)) or ()
        return CardFacts(
            model,
            version,
            requirements=revision.requirements if revision else None,
            requirements_revision=revision.revision if revision else None,
            free_text=revision.card_text if revision else None,
            author=asked.of("author", lambda: self._ports.author(str(name), number)),
            decision=asked.of("decision", lambda: self._ports.decision(principal, name, number)),
            evidence=evidence,
            approvals=asked.of("approvals", lambda: self._ports.approvals(principal, name, number)) or (),
            history=asked.of("history", lambda: self._parts.registry.aliases.history(principal, name)) or (),
            run=asked.of("run", lambda: self._run(principal, version)),
            contents=asked.of("contents", lambda: contents_of(folder, lock)) if folder is not None else None,
            origin=asked.of("origin", lambda: self._ports.origin(principal, name, number)),
            data=[*(asked.of("data", lambda: self._training(principal, version)) or ()), *_evaluated(evidence)],
            features=asked.of("features", lambda: self._ports.features(principal, spec)) or () if spec else (),
            upstream=_passages(up),
            downstream=_passages(down),
            hidden=(up.hidden if up else 0) + (down.hidden if down else 0),
            questions=self._ports.questions(),
            missing=asked.missing,
        )

    def _run(self, principal: Principal, version: ModelVersion) -> RunTold | None:
        """The run of a version, for who may read its experiment."""
        run_id = version.run_id
        if not run_id:
            return None
        experiment = self._parts.stores.experiment_of_run(run_id)
        self._parts.catalog.grants.require(principal, Privilege.READ_EXPERIMENT, SecurableKind.EXPERIMENT, experiment)
        found = self._parts.stores.call(lambda: self._parts.stores.tracking.get_run(run_id))
        tags = {str(key): str(value) for key, value in dict(found.data.tags).items()}
        return RunTold(
            str(found.info.run_id),
            name=found.info.run_name or None,
            user=tags.get("boathouse.principal") or tags.get("mlflow.user"),
            started_at=found.info.start_time,
            ended_at=found.info.end_time,
            parameters=dict(found.data.params),
            metrics=dict(found.data.metrics),
            tags=tags,
            experiment_id=str(found.info.experiment_id),
        )

    def _training(self, principal: Principal, version: ModelVersion) -> list[DataUsed]:
        if not version.run_id:
            return []
        return [
            self._table(principal, each.table_name, each.version)
            for each in self._parts.repository.inputs_of(version.run_id)
        ]

    def _table(self, principal: Principal, name: str, version: int) -> DataUsed:
        try:
            told = self._parts.catalog.securables.table(principal, TableName.parse(name)).securable
        except (NotFound, Denied):  # gone, or not for this reader; that it was read is a fact of the model
            return DataUsed(name, version, "training")
        return DataUsed(name, version, "training", told.owner, told.comment)

    def _walk(self, principal: Principal, name: ModelName, number: int, *, up: bool) -> Graph:
        lineage = self._parts.catalog.lineage
        asked = Asked(LineageNode(NodeKind.MODEL_VERSION, str(name), number))
        if up:
            return lineage.columns_up(principal, asked, Walk("up", depth=_STEPS_UP))
        return lineage.columns_down(principal, asked, Walk("down", depth=_STEPS_DOWN))


class _Asking:
    """Asks for facts one by one, and keeps why one could not be had."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}

    def of(self, what: str, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except BoathouseError as error:
            self.missing[what] = error.message
            return None


def _evaluated(evidence: Sequence[Evidence]) -> Iterator[DataUsed]:
    places = {(row.evaluation.data_table, row.evaluation.data_version) for row in evidence}
    for table, version in sorted(places, key=str):
        if table is not None:
            yield DataUsed(table, version, "evaluation")


def _passages(graph: Graph | None) -> list[Passage]:
    steps: dict[tuple[str, str, str], None] = {}
    for step in graph.steps if graph is not None else ():
        operation = step.passage.latest.edge.operation.lower().replace("_", " ")
        steps[_shown(step.source, step.passage.source), operation, _shown(step.target, step.passage.target)] = None
    return [Passage(source, operation or "read", target) for source, operation, target in steps]


def _shown(place: Place, node: Any) -> str:
    told = node if node.kind is place.node.kind and node.name == place.node.name else place.node
    version = f"@{told.version}" if told.version is not None else ""
    return f"{told.kind.value.replace('_', ' ')} {told.name}{version}"
