"""``retraining`` of ``boathouse.yml``: what may train a bundle's models again, read for one target and checked with
file and line."""

from pydantic import ValidationError

from boathouse.bundles.checking import check_shape, final
from boathouse.bundles.desired import ResourceId
from boathouse.bundles.event_filters import check_filter
from boathouse.bundles.findings import Findings
from boathouse.bundles.kinds import KINDS, RETRAINING
from boathouse.bundles.merging import section_of
from boathouse.bundles.nodes import Node
from boathouse.bundles.references import References
from boathouse.foundation.errors import did_you_mean
from boathouse.foundation.names import InvalidName, ModelName
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
        for key, written in section_of(settings, "retraining", self._target, self._findings):
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
            if trigger.event is not None:
                check_filter(trigger.event, node, path, ("triggers", index, "event"), self._findings)
