"""``retraining`` of ``boathouse.yml``: what may train a bundle's models again, read for one target and checked with
file and line."""

from collections.abc import Iterator

from pydantic import ValidationError

from boathouse.bundles.checking import check_shape, final
from boathouse.bundles.desired import ResourceId
from boathouse.bundles.findings import Findings
from boathouse.bundles.kinds import KINDS, RETRAINING
from boathouse.bundles.merging import merge
from boathouse.bundles.nodes import Node
from boathouse.bundles.references import References
from boathouse.catalog.events.nouns import KNOWN_TYPES
from boathouse.foundation.errors import did_you_mean
from boathouse.foundation.event_filter import problems_of_filter
from boathouse.foundation.names import InvalidName, ModelName
from boathouse.foundation.shapes import dotted
from boathouse.foundation.yaml_source import KeyPath
from boathouse.monitoring.retraining.policy import RetrainingPolicy

_PARTS = ("catalog_name", "schema_name", "name")


class RetrainingSettings:
    """Reads the retraining of the models of one target."""

    def __init__(self, document: Node, target: str, references: References, findings: Findings) -> None:
        self._document = document
        self._target = target
        self._references = references
        self._findings = findings

    def read(self, settings: Node) -> dict[ResourceId, Node]:
        """What is to be deployed. What is wrong is noted."""
        found: dict[ResourceId, Node] = {}
        for key, written in self._of_target(settings):
            path = ("retraining", key)
            node = check_shape(RetrainingPolicy, self._references.resolve_tree(written), path, self._findings)
            model = self._model(key, written)
            if node is None or model is None:
                continue
            self._check_filters(node, path)
            payload = {
                "model": Node(model, written.where, written.where),
                "policy": Node(node.value, node.position),
            }
            found[ResourceId(RETRAINING, key)] = Node(payload, written.position, written.key_position)
        return found

    def _of_target(self, settings: Node) -> Iterator[tuple[str, Node]]:
        """The models with what the target says otherwise; one that it sets to null is not trained again there."""
        base = settings.get("retraining") or Node({}, settings.position)
        over = settings.get("targets", self._target, "retraining")
        merged = merge(base, over, key="retraining") if over is not None and over.mapping else base
        for key, node in merged.mapping.items():
            if node.mapping:
                yield key, node
            elif over is None or key not in over.mapping:
                self._findings.error(node, f"retraining.{key}: it says nothing.")

    def _model(self, key: str, written: Node) -> str | None:
        """The full name of the model that a key means; None when that has been noted or cannot be said."""
        own = self._document.get("resources", "registered_models")
        if own is not None and key in own.mapping:
            payload = final(own.mapping[key].plain())
            whole = isinstance(payload, dict) and all(payload.get(part) for part in _PARTS)
            return KINDS["registered_models"].full_name(payload) if whole else None
        name = self._references.resolve_tree(Node(key, written.where, written.key_position))
        try:
            return str(ModelName.parse(name.text or ""))
        except InvalidName:
            known = own.mapping if own is not None else {}
            self._findings.error(
                written,
                f"retraining.{key}: there is no registered model {key!r} among the resources.",
                did_you_mean(key, known) or "Name one of resources.registered_models, or write catalog.schema.model.",
            )
            return None

    def _check_filters(self, node: Node, path: KeyPath) -> None:
        """Note types that no event has: such a trigger would wait for ever."""
        try:
            policy = RetrainingPolicy.model_validate(final(node.plain()))
        except ValidationError:
            return  # it holds a reference that cannot be resolved, which has been noted
        for index, trigger in enumerate(policy.triggers):
            if trigger.event is None:
                continue
            place: KeyPath = ("triggers", index, "event")
            for problem in problems_of_filter(trigger.event, KNOWN_TYPES, place):
                where = dotted((*path, *problem.path))
                self._findings.error(node.nearest(problem.path), f"{where}: {problem.message}", problem.hint)
