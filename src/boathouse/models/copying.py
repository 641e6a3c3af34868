"""Copying a version to another model: the files stay where they are, and what is known of it comes along.

Where a policy asks for the model itself to move from dev to prod, the copy has its run, its inputs are kept for it too,
and what was measured of it is judged anew by the rules of where it arrives. A comparison with the champion counts there
only if that champion is the same model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from boathouse.catalog import LineageEdge, LineageNode, NodeKind, Privilege, SecurableKind
from boathouse.foundation.errors import BoathouseError, InvalidInput, NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.models.approval.tagging import is_approval_key
from boathouse.models.authority import with_authority
from boathouse.models.evidence.nouns import Evaluation, Evidence, Measurement
from boathouse.models.gates.policy import PRODUCTION
from boathouse.models.promotion.policies import stages_of
from boathouse.models.requirements.nouns import Revision
from boathouse.models.runs import RESERVED_PREFIX

if TYPE_CHECKING:
    from boathouse.models.parts import ModelParts

KIND = SecurableKind.REGISTERED_MODEL
COPIED_FROM = "boathouse.copied_from"
_AGAINST_CHAMPION = "against_champion"


class Record(Protocol):
    """Writes down what was measured, judged by what is deployed."""

    def __call__(
        self, principal: Principal, evaluation: Evaluation, measurements: Sequence[Measurement]
    ) -> list[Evidence]: ...


@dataclass(frozen=True, slots=True)
class CopyPorts:
    """What belongs to other parts of the room."""

    latest: Callable[[Principal, ModelName, int], Sequence[Evidence]]
    """The evidence of the last time that a version went through its gates."""
    record: Record


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy, and what came along."""

    model: str
    version: int
    measurements: int
    requirements_revision: int | None
    """Of the model that it was copied to, when they were copied too."""
    left_behind: tuple[str, ...] = ()
    """What did not come along, and why."""


class Copies:
    """The verb."""

    def __init__(self, parts: "ModelParts", ports: CopyPorts) -> None:
        self._parts = parts
        self._ports = ports

    def copy(
        self, principal: Principal, name: ModelName, version: int, target: ModelName, *, starts_job: bool = False
    ) -> Copied:
        """Make a version of ``target`` that is the same model; the model too, if there is none of the name.

        Raises:
            NotFound: There is no such version.
            Denied: The principal may not read the one or not make versions of the other.
        """
        params = {"source": f"{name}@{version}"}
        with self._parts.catalog.audit.verb(
            principal, "models", "copyModelVersion", KIND, str(target), params
        ) as opened:
            if name == target:
                raise InvalidInput(f"{name} cannot be copied to itself.", hint="Name another model.")
            source = next(
                (each for each in self._parts.registry.versions(principal, name) if each.version == version), None
            )
            if source is None:
                raise NotFound(f"{name} has no version {version}.", hint=f"boathouse model show {name} lists them.")
            if source.run_id:
                experiment = self._parts.stores.experiment_of_run(source.run_id)
                self._parts.catalog.grants.require(
                    principal, Privilege.READ_EXPERIMENT, SecurableKind.EXPERIMENT, experiment
                )
            self._ensure(principal, name, target)
            tags = {
                key: value
                for key, value in source.tags.items()
                if not key.startswith(RESERVED_PREFIX) and not is_approval_key(key)  # nobody has signed the copy
            }
            tags[COPIED_FROM] = f"{name}@{version}"
            number = self._make(principal, name, version, target, source.run_id, tags, source.comment, starts_job)
            opened.params["version"] = str(number)
        node = LineageNode(NodeKind.MODEL_VERSION, str(name), version)
        edge = LineageEdge(node, LineageNode(NodeKind.MODEL_VERSION, str(target), number), "COPIED")
        self._parts.catalog.lineage.record(with_authority(principal), [edge])
        left: list[str] = []
        revision = self._requirements(principal, name, target, left)
        measured = self._evidence(principal, name, version, target, number, left)
        return Copied(str(target), number, measured, revision.revision if revision else None, tuple(left))

    # --- steps

    def _ensure(self, principal: Principal, name: ModelName, target: ModelName) -> None:
        try:
            self._parts.catalog.securables.get(with_authority(principal), KIND, str(target))
        except NotFound:
            comment = self._parts.registry.get(principal, name).comment
            self._parts.registry.create(principal, target, comment=comment)
            return
        self._parts.catalog.grants.require(principal, Privilege.CREATE_MODEL_VERSION, KIND, str(target))

    def _make(
        self,
        principal: Principal,
        name: ModelName,
        version: int,
        target: ModelName,
        run_id: str | None,
        tags: dict[str, str],
        comment: str | None,
        starts_job: bool,
    ) -> int:
        from mlflow.entities.model_registry import ModelVersionTag

        stores = self._parts.stores
        given = [ModelVersionTag(key, value) for key, value in tags.items()]
        make = stores.registry.create_model_version
        made = self._parts.registry.creating_version(
            principal,
            target,
            lambda: stores.call(
                lambda: make(str(target), f"models:/{name}/{version}", run_id, given, description=comment)
            ),
            lambda made: int(made.version),
            starts_job=starts_job,
        )
        return int(made.version)

    def _requirements(
        self, principal: Principal, name: ModelName, target: ModelName, left: list[str]
    ) -> Revision | None:
        """Those of the source, where nobody has said yet what the target has to meet."""
        book = self._parts.requirements
        known = book.deployed(str(name))
        if known is None or book.deployed(str(target)) is not None:
            return None
        try:
            return book.put(principal, target, known.requirements, card_text=known.card_text, source=known.source)
        except BoathouseError as error:
            left.append(f"requirements: {error.message}")
            return None

    def _evidence(
        self, principal: Principal, name: ModelName, version: int, target: ModelName, number: int, left: list[str]
    ) -> int:
        """What was measured of the source, judged by what holds for the target."""
        known = self._ports.latest(principal, name, version)
        measurements = _measurements(known)
        if not measurements:
            left.append("evidence: the source has not been through its gates")
            return 0
        evaluation = known[0].evaluation
        held = self._parts.requirements.deployed(str(target))
        production = stages_of(held.requirements if held else None)[PRODUCTION]
        champion = self._parts.stores.aliases(str(target)).get(production)
        same = self._is_same(str(name), evaluation.champion, str(target), champion)
        carried = [comparable(each, same_champion=same, source=f"{name}@{version}") for each in measurements]
        renewed = replace(
            evaluation, evaluation_id=new_id(), model=str(target), version=number, champion=champion, run_id=None
        )
        try:
            self._ports.record(principal, renewed, carried)
        except BoathouseError as error:
            left.append(f"evidence: {error.message}")
            return 0
        return len(carried)

    def _is_same(self, source: str, version: int | None, target: str, other: int | None) -> bool:
        if version is None or other is None:
            return version is None and other is None
        place = self._parts.files.location(source, version)
        return place is not None and place == self._parts.files.location(target, other)


def comparable(measurement: Measurement, *, same_champion: bool, source: str) -> Measurement:
    """A measurement as it counts for the copy: what compared with another champion measured nothing here."""
    details = {**measurement.details, "copied_from": source}
    if same_champion or not _compares(measurement):
        return replace(measurement, details=details)
    told = (
        f"it was measured against {measurement.baseline or 'no champion'} of {source}, which is not the champion here"
    )
    return replace(measurement, value=None, interval=None, problem=told, details=details)


def _compares(measurement: Measurement) -> bool:
    """Whether another version, or the lack of one, has a say in the value."""
    is_against = (measurement.baseline or "").startswith("version ") or "first_version" in measurement.details
    return is_against or measurement.gate == _AGAINST_CHAMPION


def _measurements(evidence: Sequence[Evidence]) -> list[Measurement]:
    """Each measurement once, though several rules may have judged it; those of nothing are left out."""
    found: dict[tuple[str, str, str], Measurement] = {}
    for row in evidence:
        seen = row.measurement
        if seen.rows or seen.value is not None:
            found.setdefault((seen.gate, seen.metric, str(seen.slice)), seen)
    return list(found.values())
