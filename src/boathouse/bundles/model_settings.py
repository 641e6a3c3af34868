"""``boathouse.yml``: what the models of a bundle have to meet, read for one target and checked with file and line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from boathouse.bundles.checking import check_shape, final, with_numbers
from boathouse.bundles.desired import ResourceId
from boathouse.bundles.endpoint_settings import follows_alias
from boathouse.bundles.files import read_file
from boathouse.bundles.findings import Findings
from boathouse.bundles.kinds import KINDS, REQUIREMENTS
from boathouse.bundles.local_files import LocalFiles
from boathouse.bundles.merging import section_of
from boathouse.bundles.nodes import Node
from boathouse.bundles.references import References
from boathouse.bundles.substitution import OPEN, escape
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import InvalidName, ModelName
from boathouse.foundation.shapes import DoesNotFit, Shape, dotted
from boathouse.foundation.yaml_source import KeyPath
from boathouse.jobs.settings import EnvironmentSpec
from boathouse.models.gates.policy import Policy, policy_of
from boathouse.models.requirements import Requirements
from boathouse.serving.endpoints.defaults import rungs_of

LONGEST_CARD = 200_000
"""Bytes of a model's own text."""
LONGEST_KEY = 255
_PARTS = ("catalog_name", "schema_name", "name")
OF_ENDPOINTS = (("rollout",), ("fallback",))
"""What endpoints act on that follow an alias of the model."""
NOT_ACTED_ON = (("constraints", "freshness"),)
"""What is kept with the model, for parts that are not there yet."""


class TargetSettingsShape(Shape):
    """What one target says otherwise."""

    models: dict[str, dict[str, Any] | None] | None = None
    endpoints: dict[str, dict[str, Any] | None] | None = None
    alerts: dict[str, dict[str, Any] | None] | None = None
    monitors: dict[str, dict[str, Any] | None] | None = None
    contracts: dict[str, dict[str, Any] | None] | None = None
    playbooks: dict[str, dict[str, Any] | None] | None = None
    retraining: dict[str, dict[str, Any] | None] | None = None


class SettingsShape(Shape):
    """The whole file; models and endpoints have shapes of their own, which they have once the target is merged in."""

    models: dict[str, dict[str, Any]] | None = None
    endpoints: dict[str, dict[str, Any] | None] | None = None
    alerts: dict[str, dict[str, Any] | None] | None = None
    monitors: dict[str, dict[str, Any] | None] | None = None
    contracts: dict[str, dict[str, Any] | None] | None = None
    playbooks: dict[str, dict[str, Any] | None] | None = None
    retraining: dict[str, dict[str, Any] | None] | None = None
    targets: dict[str, TargetSettingsShape | None] | None = None


@dataclass(frozen=True, slots=True)
class JudgedModel:
    """A model of the bundle, and what it has to show."""

    key: str
    model: str
    requirements: Requirements
    policy: Policy


class ModelSettings:
    """Reads the models of one target."""

    def __init__(
        self,
        root: Path,
        document: Node,
        target: str,
        references: References,
        files: LocalFiles,
        findings: Findings,
    ) -> None:
        self._root = root
        self._files = files
        self._document = document
        self._target = target
        self._references = references
        self._findings = findings
        self.judged: list[JudgedModel] = []

    def read(self, settings: Node, targets: Mapping[str, Node]) -> dict[ResourceId, Node]:
        """What is to be deployed. What is wrong is noted."""
        check_shape(SettingsShape, settings, (), self._findings)
        self._check_targets(settings, targets)
        found: dict[ResourceId, Node] = {}
        for key, written in section_of(settings, "models", self._target, self._findings):
            resource = self._payload(key, written)
            if resource is not None:
                found[resource[0]] = resource[1]
        return found

    def _check_targets(self, settings: Node, targets: Mapping[str, Node]) -> None:
        of_targets = settings.get("targets")
        for name, node in (of_targets.mapping if of_targets else {}).items():
            if name not in targets:
                hint = did_you_mean(name, targets) or f"The targets of this bundle: {', '.join(targets) or 'none'}."
                self._findings.error(node, f"there is no target {name!r}.", hint)

    def _payload(self, key: str, written: Node) -> tuple[ResourceId, Node] | None:
        path = ("models", key)
        node = check_shape(Requirements, self._references.resolve_tree(written), path, self._findings)
        model = self._model(key, written)
        if node is None or model is None:
            return None
        if (gates := node.get("gates")) is not None:  # no shape says yet which of their settings are numbers
            node = node.with_child("gates", with_numbers(gates))
        node = self._environment(node, path)
        self._note_what_waits(node, path, model)
        self._check_policy(key, model, node)
        payload: dict[str, Node] = {
            "model": Node(model, written.where, written.where),
            "requirements": Node(node.value, node.position),
        }
        card = node.get("card")
        if card is not None and card.text is not None and (text := self._card(card, card.text)) is not None:
            payload["card_text"] = Node(escape(text), card.where)
        return ResourceId(REQUIREMENTS, key), Node(payload, written.position, written.key_position)

    def _model(self, key: str, written: Node) -> str | None:
        """The full name of the model that a key means; None when that has been noted or cannot be said."""
        own = self._document.get("resources", "registered_models")
        if own is not None and key in own.mapping:
            payload = final(own.mapping[key].plain())
            whole = isinstance(payload, dict) and all(payload.get(part) for part in _PARTS)
            return KINDS["registered_models"].full_name(payload) if whole else None
        name = self._references.resolve_tree(Node(key, written.where, written.key_position))
        if name.text is None or len(key) > LONGEST_KEY:
            self._findings.error(written, f"models.{key}: this is no name of a model.")
            return None
        try:
            return str(ModelName.parse(name.text))
        except InvalidName:
            known = own.mapping if own is not None else {}
            self._findings.error(
                written,
                f"models.{key}: there is no registered model {key!r} among the resources.",
                did_you_mean(key, known) or "Name one of resources.registered_models, or write catalog.schema.model.",
            )
            return None

    def _check_policy(self, key: str, model: str, node: Node) -> None:
        try:
            requirements = Requirements.model_validate(final(node.plain()))
        except ValidationError:
            return  # it holds a reference that cannot be resolved, which has been noted
        policy = checked_policy(requirements, node, ("models", key), self._findings)
        if policy is not None:
            self.judged.append(JudgedModel(key, model, requirements, policy))

    def _environment(self, node: Node, path: tuple[str, ...]) -> Node:
        """The model with what its deployment job needs, checked as for any other job."""
        place = ("deployment", "environment")
        spec = node.get(*place)
        if spec is None or spec.value is None:
            return node
        fits = check_shape(EnvironmentSpec, spec, (*path, *place), self._findings) is not None
        dependencies = spec.get("dependencies")
        if not fits or dependencies is None or not dependencies.items:
            return node
        placed = Node([self._files.placed(each) for each in dependencies.items], dependencies.position)
        return node.with_path(place, spec.with_child("dependencies", placed))

    def _note_what_waits(self, node: Node, path: tuple[str, ...], model: str) -> None:
        is_served = follows_alias(self._document, model)
        for waiting in OF_ENDPOINTS if not is_served else ():
            if (found := node.get(*waiting)) is not None:
                where = dotted((*path, *waiting))
                self._findings.ignored(found, f"{where} is kept; no endpoint of this bundle follows an alias of it.")
        self._check_fallback(node, path)
        for waiting in NOT_ACTED_ON:
            if (found := node.get(*waiting)) is not None:
                self._findings.ignored(found, f"{dotted((*path, *waiting))} is kept, and not acted on yet.")

    def _check_fallback(self, node: Node, path: tuple[str, ...]) -> None:
        """Warn of words that name nobody who could answer."""
        written = node.get("fallback")
        for each in written.items if written is not None else ():
            if each.text is None or OPEN in each.text:
                continue
            try:
                rungs_of([each.text])
            except InvalidInput as error:
                self._findings.warning(each, f"{dotted((*path, 'fallback'))}: {error.message}", error.hint)

    def _card(self, where: Node, name: str) -> str | None:
        """The text of the file that ``card`` names, which lies in the bundle."""
        file = (self._root / name).resolve()
        if not file.is_relative_to(self._root.resolve()):
            self._findings.error(where, f"card: the path {name!r} leads out of the bundle's folder.")
        elif file.is_dir():
            self._findings.error(where, f"card: {name} is a folder; a file is expected.")
        elif not file.is_file():
            siblings = [each.name for each in file.parent.iterdir()] if file.parent.is_dir() else []
            self._findings.error(where, f"card: the file {name} does not exist.", did_you_mean(file.name, siblings))
        elif file.stat().st_size > LONGEST_CARD:
            self._findings.error(where, f"card: {name} has more than {LONGEST_CARD:,} bytes.")
        else:
            try:
                return file.read_text(encoding="utf-8")
            except (UnicodeDecodeError, OSError) as error:
                self._findings.error(where, f"card: {name} cannot be read as UTF-8 text: {error}.")
        return None


def checked_policy(requirements: Requirements, node: Node, path: KeyPath, findings: Findings) -> Policy | None:
    """What the shape alone cannot say is noted: gates, their settings, metrics, reasons."""
    try:
        return policy_of(requirements)
    except DoesNotFit as error:
        for problem in error.problems:
            where = dotted((*path, *problem.path))
            findings.error(node.nearest(problem.path), f"{where}: {problem.message}", problem.hint)
        return None


def read_alone(file: Path, findings: Findings) -> dict[str, Requirements]:
    """The models of a file that belongs to no bundle: a ``boathouse.yml``, or one model's requirements by the file's
    name."""
    node = read_file(file, findings)
    if node is None:
        return {}
    several = node.get("models")
    models: dict[KeyPath, Node] = {(): node}
    if several is not None:
        models = {("models", key): each for key, each in several.mapping.items()}
    found: dict[str, Requirements] = {}
    for path, each in models.items():
        fitting = check_shape(Requirements, each, path, findings)
        if fitting is None:
            continue
        for _, child in fitting.walk():
            if child.text is not None and OPEN in child.text:
                findings.error(child, f"{child.text} means something only in a bundle.", "Write the value itself.")
        try:
            requirements = Requirements.model_validate(final(fitting.plain()))
        except ValidationError:
            continue
        if checked_policy(requirements, fitting, path, findings) is not None:
            found[str(path[-1]) if path else file.stem] = requirements
    return found
