"""YAML with line numbers."""

from pathlib import Path

import pytest

from boathouse.foundation.yaml_source import MalformedYaml, parse_yaml

FILE = Path("databricks.yml")


def test_every_value_knows_its_line() -> None:
    source = parse_yaml("a:\n  b:\n    - x\n    - y: 1\n", FILE)
    assert source.data == {"a": {"b": ["x", {"y": 1}]}}
    assert source.position(("a", "b", 1, "y")).line == 4
    assert str(source.position(("a", "b", 0))) == "databricks.yml:3"


def test_an_unknown_path_has_the_position_of_its_nearest_parent() -> None:
    source = parse_yaml("a:\n  b: 1\n", FILE)
    assert source.position(("a", "zzz", 3)).line == 1


def test_a_key_that_stands_twice_is_refused_with_both_lines() -> None:
    with pytest.raises(
        MalformedYaml, match=r"databricks.yml:3: the key 'a' stands here for the second time \(first on line 1\)"
    ):
        parse_yaml("a: 1\nb: 2\na: 3\n", FILE)


def test_merged_keys_may_be_overridden() -> None:
    source = parse_yaml("base: &base {x: 1, y: 2}\nmine:\n  <<: *base\n  x: 3\n", FILE)
    assert source.data["mine"] == {"x": 3, "y": 2}


@pytest.mark.parametrize(
    "text", ["a: [1, 2", "a:\n\t- b", "a: b: c", "'unclosed", "a: !!python/object:os.system x", "a: &b {c: *b}"]
)
def test_malformed_yaml_names_file_and_line(text: str) -> None:
    with pytest.raises(MalformedYaml, match=r"databricks.yml:\d+: not valid YAML"):
        parse_yaml(text, FILE)


def test_an_empty_file_holds_nothing() -> None:
    assert parse_yaml("", FILE).data is None


def test_a_list_cannot_be_a_key() -> None:
    with pytest.raises(MalformedYaml, match=r"databricks.yml:1: a key must be plain text"):
        parse_yaml("? [a, b]\n: 1\n", FILE)
