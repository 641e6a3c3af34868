"""References in texts: exact, typed, nested, and never without an end."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.bundles.substitution import (
    BadReference,
    Literal,
    Pending,
    Reference,
    Resolver,
    Template,
    escape,
    parse,
    pending_in,
    resolve_pending,
    serialise,
)

NAMES = ("a", "b", "c", "d", "e")
values = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)
references = st.sampled_from(NAMES).map(lambda name: f"${{{name}}}")
templates = st.lists(st.one_of(st.text(max_size=5).map(escape), references), max_size=6).map("".join)


def no_lookup(path: str) -> Any:
    raise BadReference(f"{path} is not known.")


def resolver(**known: Any) -> Resolver:
    return Resolver(lambda path: known[path] if path in known else no_lookup(path))


def final(data: Any) -> Any:
    return resolve_pending(data, no_lookup)


@given(st.text())
def test_literal_text_comes_through_unchanged(text: str) -> None:
    assert final(resolver().resolve(escape(text))) == text


@given(st.text().filter(lambda text: "${" not in text))
def test_text_without_references_needs_no_escape(text: str) -> None:
    assert final(resolver().resolve(text)) == text


@given(values)
def test_a_text_that_is_one_reference_takes_the_value_with_its_type(value: Any) -> None:
    escaped = escape_all(value)
    assert final(resolver(x=escaped).resolve("${x}")) == value


dollars = st.text(alphabet="${}ax. ", max_size=6)


@given(dollars, dollars, dollars)
def test_a_value_becomes_part_of_a_text(before: str, value: str, after: str) -> None:
    """However much it looks like a reference when both are put together."""
    known = {"before": escape(before), "value": escape(value), "after": escape(after)}
    found = resolver(**known).resolve("<${before}${value}${after}>")
    assert final(found) == f"<{before}{value}{after}>"


@given(dollars, dollars)
def test_serialised_and_parsed_again_it_is_the_same(before: str, after: str) -> None:
    reference = Reference(Template((Literal("var.x"),)))
    parts = tuple(part for part in (Literal(before), reference, Literal(after)) if part != Literal(""))
    assert parse(serialise(parts)) == Template(parts)


@given(st.dictionaries(st.sampled_from(NAMES), templates), templates)
def test_resolving_always_ends(known: dict[str, str], text: str) -> None:
    """Whatever refers to whatever: the outcome is a text without references, or an error."""
    try:
        found = resolver(**known).resolve(text)
    except BadReference:
        return
    assert pending_in(found) == []


@given(st.text(alphabet="${}ab.", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        template = parse(text)
    except BadReference:
        return
    assert template.parts or not text


@given(st.text(), st.text())
def test_what_the_server_knows_waits_for_the_server(before: str, value: str) -> None:
    def look_up(path: str) -> Any:
        return escape(before) if path == "before" else Pending(path)

    found = Resolver(look_up).resolve("<${before}${resources.jobs.a.id}>")
    assert pending_in(found) == ["resources.jobs.a.id"]
    assert resolve_pending(found, lambda _: value) == f"<{before}{value}>"


def escape_all(value: Any) -> Any:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        return {key: escape_all(item) for key, item in value.items()}
    if isinstance(value, list):
        return [escape_all(item) for item in value]
    return value


def test_references_nest() -> None:
    known = {"target": "prod", "var.prod_rows": 100, "var.dev_rows": 1}
    assert resolver(**known).resolve("${var.${target}_rows}") == 100


def test_a_referenced_value_may_hold_references() -> None:
    assert resolver(a="<${b}>", b="<${c}>", c=1).resolve("${a}") == "<<1>>"


def test_a_circle_names_its_way() -> None:
    with pytest.raises(BadReference, match="a → b → c → a"):
        resolver(a="${b}", b="x ${c}", c=["${a}"]).resolve("${a}")


def test_a_list_cannot_stand_inside_a_text() -> None:
    with pytest.raises(BadReference, match="is a list and cannot stand inside a text"):
        resolver(a=[1, 2]).resolve("x ${a}")


@pytest.mark.parametrize("text", ["${", "a ${b", "${a${b}", "${}", "x ${} y"])
def test_a_malformed_reference_is_refused(text: str) -> None:
    with pytest.raises(BadReference, match=r"not closed|empty"):
        resolver(b="b").resolve(text)


def test_references_of_a_run_are_left_alone() -> None:
    assert resolver().resolve("{{job.parameters.as_of}} and {{tasks.a.values.b}}") == (
        "{{job.parameters.as_of}} and {{tasks.a.values.b}}"
    )


def test_doubling_references_do_not_fill_the_memory() -> None:
    known = {f"v{number}": f"${{v{number + 1}}}${{v{number + 1}}}" for number in range(40)}
    with pytest.raises(BadReference, match="grows beyond"):
        resolver(**known, v40="x" * 10).resolve("${v0}")


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(BadReference, match="nested more than"):
        resolver().resolve("${" * 5000)


def test_a_chain_without_end_is_refused() -> None:
    known = {f"v{number}": f"${{v{number + 1}}}" for number in range(2000)}
    with pytest.raises(BadReference, match="lead to one another"):
        resolver(**known, v2000="x").resolve("${v0}")


def test_booleans_and_nothing_are_written_as_in_yaml() -> None:
    assert resolver(yes=True, none=None).resolve("a=${yes} b=${none}") == "a=true b="
