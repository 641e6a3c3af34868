"""The values of a bundle's variables. From strongest to weakest: ``--var``, ``BUNDLE_VAR_name``, the target, the
default."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from boathouse.bundles.findings import Findings
from boathouse.bundles.nodes import Node
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.yaml_source import Position

ENVIRONMENT_PREFIX = "BUNDLE_VAR_"
_DEFINITION_FIELDS = {"default", "description", "lookup", "type"}


def parse_assignments(texts: tuple[str, ...] | list[str]) -> dict[str, str]:
    """Read ``key=value`` arguments.

    Raises:
        InvalidInput: One has no equals sign or no key.
    """
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise InvalidInput(f"{text!r} is not an assignment.", hint="Write it as name=value.")
        values[name.strip()] = value
    return values


def variable_values(
    document: Node, target: Node, given: Mapping[str, str], environment: Mapping[str, str], findings: Findings
) -> dict[str, Node]:
    """The value of each declared variable; what has none, or is not declared, is noted."""
    declared = (document.get("variables") or Node({}, document.position)).mapping
    overrides = (target.get("variables") or Node({}, target.position)).mapping
    _note_undeclared(declared, overrides, given, findings)
    values: dict[str, Node] = {}
    for name, declaration in declared.items():
        value = _value(name, declaration, overrides.get(name), given, environment, findings)
        if value is not None:
            values[name] = value
    return values


def _value(
    name: str,
    declaration: Node,
    override: Node | None,
    given: Mapping[str, str],
    environment: Mapping[str, str],
    findings: Findings,
) -> Node | None:
    is_complex = (kind := declaration.get("type")) is not None and kind.value == "complex"
    if name in given:
        return _from_text(name, given[name], f"--var {name}", declaration, is_complex, findings)
    if (from_environment := environment.get(ENVIRONMENT_PREFIX + name)) is not None:
        return _from_text(name, from_environment, ENVIRONMENT_PREFIX + name, declaration, is_complex, findings)
    value = _of_target(override) if override is not None else None
    if value is None:
        value = declaration.get("default")
    if value is None:
        if declaration.get("lookup") is None and (override is None or override.get("lookup") is None):
            findings.error(
                declaration,
                f"the variable {name} has no value.",
                f'Give it a default, a value in the target, --var="{name}=..." or {ENVIRONMENT_PREFIX}{name}.',
            )
        return None
    if isinstance(value.value, dict | list) and not is_complex:
        findings.error(value, f"the variable {name} holds more than one value.", "Declare it with type: complex.")
    return value


def _of_target(override: Node) -> Node | None:
    """A target gives a value, or a definition that holds one."""
    if override.mapping and set(override.mapping) <= _DEFINITION_FIELDS:
        return override.get("default")
    return override


def _from_text(
    name: str, text: str, source: str, declaration: Node, is_complex: bool, findings: Findings
) -> Node | None:
    position = Position(Path(source), 0)
    if not is_complex:
        return Node(text, position)
    try:
        return Node.of(yaml.safe_load(text), declaration.where)
    except yaml.YAMLError:
        findings.error(declaration, f"the value of {name} from {source} is not valid YAML or JSON.")
        return None


def _note_undeclared(
    declared: Mapping[str, Node], overrides: Mapping[str, Node], given: Mapping[str, str], findings: Findings
) -> None:
    for name, node in overrides.items():
        if name not in declared:
            hint = did_you_mean(name, declared) or "Declare it under the top-level variables."
            findings.error(node, f"the variable {name} is not declared.", hint)
    for name in given:
        if name not in declared:
            hint = did_you_mean(name, declared) or "Declare it under variables."
            findings.error(Position(Path("--var"), 0), f"the variable {name} is not declared.", hint)
