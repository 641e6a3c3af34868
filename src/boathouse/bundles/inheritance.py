"""What the bundle says once for all its resources: who jobs run as, and who may see and manage them."""

from boathouse.bundles.merging import merge
from boathouse.bundles.nodes import Node

_LEVELS = {
    "jobs": {"CAN_VIEW": "CAN_VIEW", "CAN_RUN": "CAN_MANAGE_RUN", "CAN_MANAGE": "CAN_MANAGE"},
    "model_serving_endpoints": {"CAN_VIEW": "CAN_VIEW", "CAN_RUN": "CAN_QUERY", "CAN_MANAGE": "CAN_MANAGE"},
    "experiments": {"CAN_VIEW": "CAN_READ", "CAN_RUN": "CAN_READ", "CAN_MANAGE": "CAN_MANAGE"},
}


def give_identity(job: Node, run_as: Node | None) -> Node:
    """The job with the bundle's ``run_as``, unless it has its own."""
    if run_as is None or job.get("run_as") is not None or not isinstance(job.value, dict):
        return job
    return job.with_child("run_as", run_as)


def give_permissions(section: str, resource: Node, permissions: Node | None) -> Node:
    """The resource with the bundle's permissions in its own words; what it says itself of somebody wins."""
    levels = _LEVELS.get(section)
    if levels is None or permissions is None or not isinstance(resource.value, dict):
        return resource
    translated = Node([_translated(item, levels) for item in permissions.items], permissions.position)
    own = resource.get("permissions")
    return resource.with_child("permissions", merge(translated, own, key="permissions") if own else translated)


def _translated(permission: Node, levels: dict[str, str]) -> Node:
    level = permission.get("level")
    if level is None or level.text not in levels:
        return permission
    return permission.with_child("level", Node(levels[level.text], level.position, level.key_position))
