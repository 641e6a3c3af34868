"""YAML that remembers where each value stood, so that an error can name the line."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from boathouse.foundation.errors import InvalidInput

KeyPath = tuple[str | int, ...]
"""The way to a value: mapping keys and list positions."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file; line and column count from 1."""

    file: Path
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class MalformedYaml(InvalidInput):
    """A file that is not YAML, or says one key twice."""


@dataclass(slots=True)
class YamlSource:
    """The data of one YAML file and the position of each of its values."""

    file: Path
    data: Any
    positions: dict[KeyPath, Position] = field(default_factory=dict[KeyPath, Position])

    def position(self, path: KeyPath) -> Position:
        """The position of the value at ``path``, or of its nearest parent."""
        for length in range(len(path), -1, -1):
            if found := self.positions.get(path[:length]):
                return found
        return Position(self.file, 1)


def read_yaml(file: Path) -> YamlSource:
    """Read one file.

    Raises:
        MalformedYaml: The text is not YAML, or a mapping holds one key twice.
    """
    return parse_yaml(file.read_text(encoding="utf-8"), file)


def parse_yaml(text: str, file: Path) -> YamlSource:
    """As :func:`read_yaml`, of text already read; ``file`` is only for messages."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        source = YamlSource(file, None)
        source.data = None if node is None else _value(loader, node, (), source)
        return source
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise MalformedYaml(f"{file}:{line}: not valid YAML: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise MalformedYaml(f"{file}: not valid YAML: {error}.") from error
    except RecursionError as error:
        raise MalformedYaml(
            f"{file}:1: not valid YAML: nested too deeply, or an alias within what it stands for."
        ) from error
    finally:
        loader.dispose()


def _value(loader: yaml.SafeLoader, node: yaml.Node, path: KeyPath, source: YamlSource) -> Any:
    mark = node.start_mark
    source.positions.setdefault(path, Position(source.file, mark.line + 1, mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        _refuse_repeated_keys(loader, node, source.file)
        loader.flatten_mapping(node)  # resolves <<; what is merged in comes first, so the mapping's own keys win
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = cast(Hashable, loader.construct_object(key_node, deep=True))
            here = (*path, cast(str, key))
            source.positions[here] = Position(source.file, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            result[key] = _value(loader, value_node, here, source)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, (*path, index), source) for index, item in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


def _refuse_repeated_keys(loader: yaml.SafeLoader, node: yaml.MappingNode, file: Path) -> None:
    first_lines: dict[Hashable, int] = {}
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise MalformedYaml(f"{file}:{line}: a key must be plain text.")
        key = cast(Hashable, loader.construct_object(key_node, deep=True))
        if key in first_lines:
            raise MalformedYaml(
                f"{file}:{line}: the key {key!r} stands here for the second time (first on line {first_lines[key]})."
            )
        first_lines[key] = line
