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


def test_a_mapping_with_merged_keys_may_be_meant_again() -> None:
    source = parse_yaml("base: &base {x: 1}\none: &one\n  <<: *base\n  x: 2\ntwo: *one\nthree: *one\n", FILE)
    assert [source.data[name] for name in ("one", "two", "three")] == [{"x": 2}] * 3


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2026-13-45", 2),
        ("2026-13-45: a", 1),
        ("a: !!bool x", 1),
        ("a: !!timestamp x", 1),
        ("a: " + "1" * 5000, 1),
    ],
)
def test_what_looks_like_a_number_or_a_day_and_is_none_names_its_line(text: str, line: int) -> None:
    with pytest.raises(MalformedYaml, match=rf"databricks.yml:{line}: .* is neither a number nor a day"):
        parse_yaml(text, FILE)


def test_a_character_that_no_text_has_names_its_line() -> None:
    with pytest.raises(MalformedYaml, match=r"databricks.yml:2: not valid YAML: a character that no text has \(0x00\)"):
        parse_yaml("a: 1\nb: \0\n", FILE)


@pytest.mark.parametrize("text", ['a: "x\\0"', 'a: "\\ud800"', '"\\0": x'])
def test_no_escape_brings_what_neither_file_nor_database_can_hold(text: str) -> None:
    with pytest.raises(MalformedYaml, match=r"databricks.yml:1: .* a character that no text has"):
        parse_yaml(text, FILE)


@pytest.mark.parametrize("use", ["[{}]", "{{<<: [{}]}}"])
def test_aliases_of_aliases_fill_no_memory(use: str) -> None:
    lines = ["a0: &a0 {x: 1, y: 2}"]
    lines += [f"a{n + 1}: &a{n + 1} {use.format(', '.join([f'*a{n}'] * 9))}" for n in range(20)]
    with pytest.raises(MalformedYaml, match="with its aliases it comes to more than 500,000 values"):
        parse_yaml("\n".join(lines), FILE)
