"""YAML that remembers where each value stood, so that an error can name the line."""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from boathouse.foundation.errors import InvalidInput

KeyPath = tuple[str | int, ...]
"""The way to a value: mapping keys and list positions."""


MOST_VALUES = 500_000
"""Of one file; each remembers its place."""
_SHOWN = 60
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""What escapes in quotes can still bring."""


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
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise MalformedYaml(
            f"{file}:{line}: not valid YAML: a character that no text has ({error.character:#04x})."
        ) from error
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


class _Loader(yaml.SafeLoader):
    """Reads no more values than a person writes: a few lines of aliases of aliases stand for billions."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.values = 0
        self._flat = set[yaml.Node]()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Resolve ``<<``, once: an alias leads to the same mapping again, which has its keys twice then."""
        if node not in self._flat:
            self._flat.add(node)
            super().flatten_mapping(node)
            self.require_few(node, len(node.value))

    def is_flat(self, node: yaml.MappingNode) -> bool:
        return node in self._flat

    def require_few(self, node: yaml.Node, values: int) -> None:
        """
        Raises:
            ConstructorError: There are more than anybody would read.
        """
        if values > MOST_VALUES:
            told = f"with its aliases it comes to more than {MOST_VALUES:,} values"
            raise yaml.constructor.ConstructorError(None, None, told, node.start_mark)

    def plain(self, node: yaml.Node) -> Any:
        """What a node without values of its own says.

        Raises:
            ConstructorError: It looks like a number or a day, and is none; or no file and no database can hold it.
        """
        try:
            found = self.construct_object(node, deep=True)
        except (ValueError, LookupError, AttributeError) as error:
            told = f"{str(node.value)[:_SHOWN]!r} is neither a number nor a day ({error}); text stands in quotes"
            raise yaml.constructor.ConstructorError(None, None, told, node.start_mark) from error
        if isinstance(found, str) and _NO_TEXT.search(found):
            told = "a text with a character that no text has (NUL, or half of one of two parts)"
            raise yaml.constructor.ConstructorError(None, None, told, node.start_mark)
        return found


def _value(loader: _Loader, node: yaml.Node, path: KeyPath, source: YamlSource) -> Any:
    mark = node.start_mark
    loader.values += 1
    loader.require_few(node, loader.values)
    source.positions.setdefault(path, Position(source.file, mark.line + 1, mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        if not loader.is_flat(node):
            _refuse_repeated_keys(loader, node, source.file)
        loader.flatten_mapping(node)  # what is merged in comes first, so the mapping's own keys win
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = cast(Hashable, loader.plain(key_node))
            here = (*path, cast(str, key))
            source.positions[here] = Position(source.file, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            result[key] = _value(loader, value_node, here, source)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, (*path, index), source) for index, item in enumerate(node.value)]
    return loader.plain(node)


def _refuse_repeated_keys(loader: _Loader, node: yaml.MappingNode, file: Path) -> None:
    first_lines: dict[Hashable, int] = {}
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise MalformedYaml(f"{file}:{line}: a key must be plain text.")
        key = cast(Hashable, loader.plain(key_node))
        if key in first_lines:
            raise MalformedYaml(
                f"{file}:{line}: the key {key!r} stands here for the second time (first on line {first_lines[key]})."
            )
        first_lines[key] = line
