"""``alerts`` and ``playbooks`` of ``boathouse.yml``, read for one target and checked with file and line."""

from pydantic import ValidationError

from boathouse.bundles.checking import check_shape, final
from boathouse.bundles.desired import ResourceId
from boathouse.bundles.event_filters import check_filter
from boathouse.bundles.findings import Findings
from boathouse.bundles.kinds import ALERT_RULES, PLAYBOOKS
from boathouse.bundles.merging import section_of
from boathouse.bundles.nodes import Node
from boathouse.bundles.references import References
from boathouse.bundles.substitution import OPEN
from boathouse.foundation.names import InvalidName, TableName
from boathouse.foundation.yaml_source import KeyPath
from boathouse.monitoring.alerts.rules import AlertRule
from boathouse.monitoring.incidents.playbook import Playbook


class AlertSettings:
    """Reads the alerts and playbooks of one target."""

    def __init__(self, target: str, references: References, findings: Findings) -> None:
        self._target = target
        self._references = references
        self._findings = findings

    def read(self, settings: Node) -> dict[ResourceId, Node]:
        """What is to be deployed. What is wrong is noted."""
        found: dict[ResourceId, Node] = {}
        for key, written in section_of(settings, "playbooks", self._target, self._findings):
            node = check_shape(Playbook, self._references.resolve_tree(written), ("playbooks", key), self._findings)
            if node is not None:
                name = node.get("name") or Node(key, written.where, written.where)
                payload = {"playbook": name, "definition": Node(node.value, node.position)}
                found[ResourceId(PLAYBOOKS, key)] = Node(payload, written.position, written.key_position)
        for key, written in section_of(settings, "alerts", self._target, self._findings):
            path = ("alerts", key)
            node = check_shape(AlertRule, self._references.resolve_tree(written), path, self._findings)
            if node is None:
                continue
            name = self._name(key, node, path)
            payload = {"alert": Node(name, written.where, written.where), "rule": Node(node.value, node.position)}
            found[ResourceId(ALERT_RULES, key)] = Node(payload, written.position, written.key_position)
        return found

    def _name(self, key: str, node: Node, path: KeyPath) -> str:
        """The name of the alert, with references to what the deployment will make."""
        self._check_events(node, path)
        if (own := node.get("name")) is not None and own.text is not None:
            return own.text
        table = node.get("table") or node.get("rows", "table")
        if table is None or table.text is None:
            return key
        if OPEN in table.text:
            return f"{table.text}.{key}"
        try:
            return f"{TableName.parse(table.text)}.{key}"
        except InvalidName:
            return key  # it has been noted

    def _check_events(self, node: Node, path: KeyPath) -> None:
        """Note types that no event has: such an alert would wait for ever."""
        try:
            rule = AlertRule.model_validate(final(node.plain()))
        except ValidationError:
            return  # it holds a reference that cannot be resolved, which has been noted
        for name, wanted in (("events", rule.events), ("resolved_by", rule.resolved_by)):
            if wanted is not None:
                check_filter(wanted, node, path, (name,), self._findings)
