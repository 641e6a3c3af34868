"""A bundle document as a tree in which every value knows the file and line it came from.

Merging and substitution build new trees out of old nodes, so an error found at the very end still names the line
that somebody wrote.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, cast

from boathouse.foundation.yaml_source import KeyPath, Position, YamlSource

Scalar = str | int | float | bool | None
NOWHERE = Position(Path("databricks.yml"), 1)
"""The position of values that nobody wrote, such as ``bundle.target``."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands; ``key_position`` is where its key stands, which is what people look for."""

    value: "Scalar | dict[str, Node] | list[Node]"
    position: Position
    key_position: Position | None = None
    is_from_reference: bool = False
    """Whether ``${...}`` gave the value. Variables are texts, also where a number is meant."""

    @property
    def where(self) -> Position:
        return self.key_position or self.position

    @property
    def mapping(self) -> "dict[str, Node]":
        """The children of a mapping; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> "list[Node]":
        """The children of a list; none for anything else."""
        return self.value if isinstance(self.value, list) else []

    @property
    def text(self) -> str | None:
        return self.value if isinstance(self.value, str) else None

    def get(self, *path: str) -> "Node | None":
        """The node at a path of mapping keys, if it is there."""
        here: Node | None = self
        for key in path:
            here = here.mapping.get(key) if here else None
        return here

    def nearest(self, path: KeyPath) -> "Node":
        """The node at ``path``, or its nearest parent. Path parts that only a validator knows are passed over."""
        here = self
        for part in path:
            if isinstance(part, int) and part < len(here.items):
                here = here.items[part]
            elif isinstance(part, str) and part in here.mapping:
                here = here.mapping[part]
        return here

    def with_child(self, key: str, child: "Node") -> "Node":
        """This mapping with one more or one other child."""
        return replace(self, value={**self.mapping, key: child})

    def without(self, key: str) -> "Node":
        return replace(self, value={name: child for name, child in self.mapping.items() if name != key})

    def with_path(self, path: tuple[str, ...], child: "Node") -> "Node":
        """This mapping with ``child`` at a path of keys; missing mappings on the way are made."""
        if not path:
            return child
        inner = self.mapping.get(path[0]) or Node({}, self.position)
        return self.with_child(path[0], inner.with_path(path[1:], child))

    def map_strings(self, change: "Callable[[Node, str], Node]") -> "Node":
        """A tree in which every text is what ``change`` makes of it."""
        if isinstance(self.value, str):
            return change(self, self.value)
        if isinstance(self.value, dict):
            return replace(self, value={key: child.map_strings(change) for key, child in self.value.items()})
        if isinstance(self.value, list):
            return replace(self, value=[child.map_strings(change) for child in self.value])
        return self

    def walk(self, path: KeyPath = ()) -> "Iterator[tuple[KeyPath, Node]]":
        """Every node below and this one, with its path."""
        yield path, self
        for key, child in self.mapping.items():
            yield from child.walk((*path, key))
        for index, child in enumerate(self.items):
            yield from child.walk((*path, index))

    def plain(self) -> Any:
        """The data without positions."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    @classmethod
    def of(cls, data: Any, position: Position = NOWHERE) -> Self:
        """A tree for plain data; every node gets the same position."""
        if isinstance(data, dict):
            pairs = cast(dict[Any, Any], data).items()
            return cls({str(key): cls.of(value, position) for key, value in pairs}, position)
        if isinstance(data, list | tuple):
            return cls([cls.of(value, position) for value in cast(list[Any], data)], position)
        return cls(cast(Scalar, data), position)


def node_of(source: YamlSource) -> Node:
    """The tree of one YAML file; an empty file is an empty mapping."""
    return _node(source, {} if source.data is None else source.data, ())


def _node(source: YamlSource, data: Any, path: KeyPath) -> Node:
    where = source.position(path)
    key_position = where if path and isinstance(path[-1], str) else None
    if isinstance(data, dict):
        pairs = cast(dict[Any, Any], data).items()
        return Node({str(key): _node(source, value, (*path, key)) for key, value in pairs}, where, key_position)
    if isinstance(data, list):
        items = enumerate(cast(list[Any], data))
        return Node([_node(source, value, (*path, index)) for index, value in items], where, key_position)
    # YAML reads an unquoted 2013-01-01 as a date; in these documents it is text.
    plain = data if data is None or isinstance(data, str | int | float | bool) else str(data)
    return Node(plain, where, key_position)
