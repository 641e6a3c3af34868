"""How a target's settings join the top-level ones: mappings merge, lists of named things merge by name, the rest is
replaced by the target's."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from boathouse.bundles.findings import Findings
from boathouse.bundles.nodes import Node

NAME_FIELDS: dict[str, tuple[str, ...]] = {
    "tasks": ("task_key",),
    "job_clusters": ("job_cluster_key",),
    "environments": ("environment_key",),
    "parameters": ("name",),
    "clusters": ("label",),
    "tags": ("key",),
    "grants": ("principal",),
    "permissions": ("user_name", "group_name", "service_principal_name"),
}
"""Lists whose items have a name, by the key they stand under, and the fields that name an item."""


def merge(base: Node, over: Node, *, key: str = "") -> Node:
    """``base`` joined with ``over``, which wins. ``key`` is the key under which both stand."""
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        merged = dict(base.value)
        for name, child in over.value.items():
            merged[name] = merge(merged[name], child, key=name) if name in merged else child
        return replace(base, value=merged)
    if isinstance(base.value, list) and isinstance(over.value, list):
        fields = NAME_FIELDS.get(key, ())
        if fields and _all_named(base.value, fields) and _all_named(over.value, fields):
            return replace(base, value=_merge_by_name(base.value, over.value, fields))
    return over


def section_of(settings: Node, section: str, target: str, findings: Findings) -> Iterator[tuple[str, Node]]:
    """What stands under a section of ``boathouse.yml``, with what the target says otherwise.

    What the target sets to null is not there; what says nothing at all is noted.
    """
    base = settings.get(section) or Node({}, settings.position)
    over = settings.get("targets", target, section)
    merged = merge(base, over, key=section) if over is not None and over.mapping else base
    for key, node in merged.mapping.items():
        if node.mapping:
            yield key, node
        elif over is None or key not in over.mapping:
            findings.error(node, f"{section}.{key}: it says nothing.")


def _merge_by_name(base: Sequence[Node], over: Sequence[Node], fields: tuple[str, ...]) -> list[Node]:
    result = list(base)
    places = {_name(item, fields): place for place, item in enumerate(base)}
    for item in over:
        name = _name(item, fields)
        if name in places:
            result[places[name]] = merge(result[places[name]], item)
        else:
            places[name] = len(result)
            result.append(item)
    return result


def _all_named(items: Sequence[Node], fields: tuple[str, ...]) -> bool:
    return all(_name(item, fields) is not None for item in items)


def _name(item: Node, fields: tuple[str, ...]) -> tuple[str, str] | None:
    for field in fields:
        named = item.mapping.get(field)
        if named is not None and isinstance(named.value, str):
            return field, named.value
    return None
