"""Whether the resources of a target are what they should be: shapes, unused fields, names, order."""

import re
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from boathouse.bundles.desired import DesiredResource, ResourceCircle, in_order
from boathouse.bundles.findings import Findings, relative
from boathouse.bundles.job_payload import JobPayload
from boathouse.bundles.kinds import KINDS, OTHER_KINDS, Kind
from boathouse.bundles.nodes import Node
from boathouse.bundles.substitution import OPEN, BadReference, resolve_pending
from boathouse.foundation.errors import did_you_mean
from boathouse.foundation.shapes import EXACT, TEXT_FOR_NUMBER, dotted, problems_of, unused_fields
from boathouse.foundation.yaml_source import KeyPath
from boathouse.jobs.validation import problems_of_job

PLACEHOLDER = "1"
"""Stands for an id that the deployment will give; it reads as a number and as a text."""
_EXACTLY = {EXACT: True}
_NUMBER = re.compile(r"[+-]?([0-9]{1,300}(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]{1,2})?", re.IGNORECASE)


def check_shape(shape: type[BaseModel], node: Node, path: KeyPath, findings: Findings) -> Node | None:
    """Note what does not fit and what is not acted on. Gives the node with numbers written out where texts are
    expected, and with texts of variables read where numbers are, or None when it does not fit.

    Problems with a text that still holds a reference are left to the time when it is resolved.
    """
    node = _scalars_as_expected(shape, node)
    plain = final(node.plain())
    try:
        value = shape.model_validate(plain, context=_EXACTLY)
    except ValidationError as error:
        unresolved = True
        for problem in problems_of(error, shape):
            culprit = node.nearest(problem.path)
            if culprit.text is not None and OPEN in culprit.text:
                continue
            unresolved = False
            findings.error(culprit, f"{dotted((*path, *problem.path))}: {problem.message}", problem.hint)
        if not unresolved:
            return None
        try:
            value = shape.model_validate(plain)  # ids that the deployment will give may stand as texts
        except ValidationError:
            return node
    for unused in unused_fields(value):
        culprit = node.nearest(unused)
        if culprit.key_position is not None:  # somebody wrote it; presets write too
            findings.ignored(culprit, f"{dotted((*path, *unused))} is not acted on.")
    return node


def check_job(node: Node, path: KeyPath, findings: Findings) -> None:
    """Note what the shape of a job alone cannot say: its graph, its parameters, what it needs and we do not have."""
    settings = JobPayload.model_validate(final(node.plain())).settings()
    for problem in problems_of_job(settings):
        where = dotted((*path, *problem.path))
        findings.error(node.nearest(problem.path), f"{where}: {problem.message}", problem.hint)


def with_numbers(node: Node) -> Node:
    """The tree with texts read as the numbers that they are where a variable gave them."""
    return node.map_strings(lambda each, _: _as_number(each) or each)


def _scalars_as_expected(shape: type[BaseModel], node: Node) -> Node:
    """YAML reads ``rows: 1000`` as a number; where the shape wants text, it means the text. A variable's text is the
    number that it spells where the shape wants one."""
    try:
        shape.model_validate(final(node.plain()), context=_EXACTLY)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            culprit = node.nearest(detail["loc"])
            if detail["type"] == "string_type" and isinstance(culprit.value, bool | int | float):
                written = str(culprit.value).lower() if isinstance(culprit.value, bool) else str(culprit.value)
                node = _with(node, culprit, replace(culprit, value=written))
            elif detail["type"] == TEXT_FOR_NUMBER and (number := _as_number(culprit)) is not None:
                node = _with(node, culprit, number)
    return node


def _as_number(node: Node) -> Node | None:
    if not node.is_from_reference or node.text is None or not _NUMBER.fullmatch(node.text):
        return None
    return replace(node, value=int(node.text) if node.text.lstrip("+-").isdecimal() else float(node.text))


def _with(tree: Node, culprit: Node, other: Node) -> Node:
    if tree is culprit:
        return other
    if isinstance(tree.value, dict):
        return replace(tree, value={key: _with(child, culprit, other) for key, child in tree.value.items()})
    if isinstance(tree.value, list):
        return replace(tree, value=[_with(child, culprit, other) for child in tree.value])
    return tree


def final(data: Any) -> Any:
    """The data as it will be, with a placeholder for each id that the deployment will give."""
    try:
        return resolve_pending(data, lambda path: PLACEHOLDER)
    except BadReference:
        return data  # noted where references are resolved


def check_kinds(resources: Node, findings: Findings) -> None:
    """Note kinds that nobody knows, and those that are not deployed yet."""
    written = [section for section, kind in KINDS.items() if not kind.in_settings]
    for section, node in resources.mapping.items():
        if section in written:
            continue
        if section in OTHER_KINDS:
            for key, resource in node.mapping.items():
                findings.ignored(resource, f"resources.{section}.{key}: {section} are not deployed yet.")
        else:
            hint = did_you_mean(section, [*written, *OTHER_KINDS]) or f"Kinds are: {', '.join(written)}."
            findings.error(node, f"there is no kind of resource {section!r}.", hint)


def check_names(resources: dict[tuple[str, str], Node], findings: Findings) -> None:
    """Two resources of one kind cannot have one name."""
    first: dict[tuple[str, str], Node] = {}
    for (section, key), node in resources.items():
        kind = KINDS[section]
        name = kind.full_name(final(node.plain()))
        if kind.governed or kind.in_settings:
            name = name.lower()
        where = node.get("name") or node
        if (section, name) in first:
            other = first[section, name].where
            place = f"{relative(other.file, findings.root)}:{other.line}"
            findings.error(where, _said_twice(kind, key, name, place))
        else:
            first[section, name] = where


def _said_twice(kind: Kind, key: str, name: str, place: str) -> str:
    if kind.in_settings:
        return f"{kind.settings_of}s.{key}: the {kind.noun} {name!r} is written twice ({place})."
    return f"resources.{kind.section}.{key}: another {kind.noun} is named {name!r} ({place})."


def check_order(resources: tuple[DesiredResource, ...], nodes: dict[tuple[str, str], Node], findings: Findings) -> None:
    """Resources that need each other's ids in a circle can never be made."""
    try:
        in_order(resources)
    except ResourceCircle as error:
        first = error.circle[0]
        findings.error(nodes[first.section, first.key], error.message)
