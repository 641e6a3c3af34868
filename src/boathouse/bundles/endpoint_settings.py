"""``endpoints`` of ``boathouse.yml``: what Databricks has no field for, read for one target and checked with file and
line."""

from pydantic import ValidationError

from boathouse.bundles.checking import check_shape, final
from boathouse.bundles.desired import ResourceId
from boathouse.bundles.findings import Findings
from boathouse.bundles.kinds import ENDPOINT_POLICIES, ENDPOINTS
from boathouse.bundles.merging import section_of
from boathouse.bundles.nodes import Node
from boathouse.bundles.payloads import EndpointPayload
from boathouse.bundles.references import References
from boathouse.bundles.substitution import OPEN
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.shapes import DoesNotFit, dotted
from boathouse.foundation.yaml_source import KeyPath
from boathouse.serving.endpoints.given import endpoint_name, wanted_of
from boathouse.serving.endpoints.policy import EndpointPolicy


class EndpointSettings:
    """Reads the policies of the endpoints of one target."""

    def __init__(self, document: Node, target: str, references: References, findings: Findings) -> None:
        self._document = document
        self._target = target
        self._references = references
        self._findings = findings

    def read(self, settings: Node) -> dict[ResourceId, Node]:
        """What is to be deployed. What is wrong is noted."""
        found: dict[ResourceId, Node] = {}
        for key, written in section_of(settings, "endpoints", self._target, self._findings):
            path = ("endpoints", key)
            node = check_shape(EndpointPolicy, self._references.resolve_tree(written), path, self._findings)
            name = self._name(key, written)
            if node is not None and name is not None:
                payload = {
                    "endpoint": Node(name, written.where, written.where),
                    "policy": Node(node.value, node.position),
                }
                found[ResourceId(ENDPOINT_POLICIES, key)] = Node(payload, written.position, written.key_position)
        return found

    def _name(self, key: str, written: Node) -> str | None:
        """The name of the endpoint that a key means; None when that has been noted or cannot be said."""
        own = self._document.get("resources", ENDPOINTS)
        known = own.mapping if own is not None else {}
        if key in known:
            name = known[key].get("name")
            return str(final(name.plain())) if name is not None and name.text is not None else None
        resolved = self._references.resolve_tree(Node(key, written.where, written.key_position))
        try:
            return endpoint_name(resolved.text or "")
        except InvalidInput:
            self._findings.error(
                written,
                f"endpoints.{key}: there is no endpoint {key!r} among the resources.",
                did_you_mean(key, known)
                or "Name one of resources.model_serving_endpoints, or write an endpoint's name.",
            )
            return None


def check_endpoint(node: Node, path: KeyPath, findings: Findings) -> None:
    """Note what the shape of an endpoint alone cannot say: entities and routes that do not go together."""
    try:
        given = EndpointPayload.model_validate(final(node.plain()))
    except ValidationError:
        return  # it holds a reference that cannot be resolved, which has been noted
    config = node.get("config") or node
    if any(child.text is not None and OPEN in child.text for _, child in config.walk()):
        return  # the server knows what that will be
    try:
        wanted_of(given.config, given.name)
    except DoesNotFit as error:
        for problem in error.problems:
            where = dotted((*path, "config", *problem.path))
            findings.error(config.nearest(problem.path), f"{where}: {problem.message}", problem.hint)


def follows_alias(document: Node, model: str) -> bool:
    """Whether an endpoint of the bundle serves a model by an alias, so that it acts on the model's rollout and
    fallback."""
    endpoints = document.get("resources", ENDPOINTS)
    for endpoint in endpoints.mapping.values() if endpoints is not None else ():
        entities = endpoint.get("config", "served_entities")
        for entity in entities.items if entities is not None else ():
            name, version, alias = (entity.get(each) for each in ("entity_name", "entity_version", "entity_alias"))
            is_alias = alias is not None or (version is not None and not str(version.value).isdecimal())
            if is_alias and name is not None and (name.text or "").lower() == model.lower():
                return True
    return False
