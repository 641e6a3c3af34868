"""What ``${...}`` can name in a bundle, and the resolving of a whole document."""

import re
from collections.abc import Mapping
from typing import Any

from boathouse.bundles.findings import Findings
from boathouse.bundles.kinds import KINDS
from boathouse.bundles.nodes import Node
from boathouse.bundles.substitution import OPEN, BadReference, Pending, Resolver, escape
from boathouse.foundation.errors import did_you_mean

ROOTS = ("bundle", "workspace", "var", "resources")
_WITHIN_VARIABLE = re.compile(r"var\.(?P<name>[\w-]+)(?P<rest>(?:\.[\w-]+|\[\d{1,6}\])+)")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]")
SERVER_PATHS = ("workspace.root_path", "workspace.file_path")
"""Where the code will lie; the server knows."""


class _Reported(BadReference):
    """The reference leads to a variable whose own problem has been noted."""


class References:
    """Resolves the references of one target's document."""

    def __init__(self, document: Node, variables: Mapping[str, Node], findings: Findings) -> None:
        self._document = document
        self._variables = variables
        self._findings = findings
        self._broken: set[str] = set()
        self._resolver = Resolver(self._look_up)
        self._check_variables()

    def resolve_tree(self, tree: Node) -> Node:
        """The tree with its references resolved; one that cannot be is noted, and its text is taken literally."""
        return tree.map_strings(self._resolved)

    def _resolved(self, node: Node, text: str) -> Node:
        if OPEN not in text:
            return node
        try:
            data = self._resolver.resolve(text)
        except BadReference as error:
            self._note(node, error)
            return Node(escape(text), node.position, node.key_position)
        resolved = Node.of(data, node.position)
        return Node(resolved.value, node.position, node.key_position, is_from_reference=True)

    def _check_variables(self) -> None:
        for name, node in self._variables.items():
            try:
                self._resolver.resolve(node.plain(), under=(f"var.{name}",))
            except BadReference as error:
                self._note(node, error)
                self._broken.add(name)

    def _note(self, node: Node, error: BadReference) -> None:
        for problem in error.problems:
            if not isinstance(problem, _Reported):
                self._findings.error(node, problem.message, problem.hint)

    def _look_up(self, path: str) -> Any:
        match path.split("."):
            case ["var", name]:
                return self._variable(name)
            case ["variables", name, "value" | "default"]:
                return self._variable(name)
            case ["var", *_] if (within := _WITHIN_VARIABLE.fullmatch(path)) is not None:
                return self._within_variable(path, within["name"], within["rest"])
            case ["resources", section, key, *rest]:
                return self._resource(path, section, key, rest)
            case ["bundle" | "workspace", *_]:
                return self._setting(path)
            case [first, *_]:
                known = [f"{root}." for root in ROOTS]
                hint = did_you_mean(f"{first}.", known) or f"A reference begins with {', '.join(known)}"
                raise BadReference(f"${{{path}}} is not known.", hint=f"{hint} Write $${{ for a literal ${{.")
            case _:
                raise BadReference(f"${{{path}}} is not known.")

    def _variable(self, name: str) -> Any:
        if name in self._broken:
            raise _Reported(name)
        if name in self._variables:
            return self._variables[name].plain()
        declared = self._document.get("variables")
        if declared is not None and name in declared.mapping:
            if declared.mapping[name].get("lookup") is not None:
                raise BadReference(f"The variable {name} has a lookup, which is not acted on.", hint="Give it a value.")
            raise _Reported(name)  # it has no value, which has been noted
        names = declared.mapping if declared is not None else {}
        raise BadReference(
            f"There is no variable {name!r}.", hint=did_you_mean(name, names) or "Declare it under variables."
        )

    def _within_variable(self, path: str, name: str, rest: str) -> Any:
        """A field or an item of a variable that holds more than one value."""
        self._variable(name)
        here = self._variables[name]
        for field, item in _STEP.findall(rest):
            known = here.mapping if field else {str(place): child for place, child in enumerate(here.items)}
            if (field or item) not in known:
                what = f"field {field!r}" if field else f"item {item}"
                raise BadReference(
                    f"${{{path}}}: the variable {name} has no {what} there.", hint=did_you_mean(field or item, known)
                )
            here = known[field or item]
        return here.plain()

    def _resource(self, path: str, section: str, key: str, rest: list[str]) -> Any:
        sections = self._document.get("resources") or Node({}, self._document.position)
        of_kind = sections.get(section)
        if of_kind is None:
            raise BadReference(f"${{{path}}}: there are no {section}.", hint=did_you_mean(section, sections.mapping))
        resource = of_kind.get(key)
        if resource is None:
            raise BadReference(
                f"${{{path}}}: there is no {key!r} among the {section}.", hint=did_you_mean(key, of_kind.mapping)
            )
        if rest and (found := resource.get(*rest)) is not None:
            return found.plain()
        return self._made_by_deployment(path, section, key, rest, resource)

    def _made_by_deployment(self, path: str, section: str, key: str, rest: list[str], resource: Node) -> Any:
        kind = KINDS.get(section)
        here = f"resources.{section}.{key}"
        fields = [field for field in ("catalog_name", "schema_name", "name") if field in resource.mapping]
        full_name = ".".join(f"${{{here}.{field}}}" for field in fields)
        match rest:
            case ["id" | "full_name"] if kind and kind.governed:
                return full_name
            case ["volume_path"] if section == "volumes":
                return "/Volumes/" + full_name.replace("}.${", "}/${")
            case ["id"] if kind:
                return Pending(f"{here}.id")
            case _:
                known = [*resource.mapping, "id"]
                field = ".".join(rest)
                raise BadReference(
                    f"${{{path}}}: the {kind.noun if kind else section} {key} has no field {field!r}.",
                    hint=did_you_mean(field, known),
                )

    def _setting(self, path: str) -> Any:
        if path in SERVER_PATHS:
            return Pending(path)
        keys = path.split(".")
        found = self._document.get(*keys)
        if found is not None:
            return found.plain()
        parent = self._document.get(*keys[:-1])
        known = list(parent.mapping) if parent is not None else []
        raise BadReference(f"${{{path}}} is not known.", hint=did_you_mean(keys[-1], known))
