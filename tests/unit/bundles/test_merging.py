"""A target's settings join the top-level ones."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from boathouse.bundles.merging import merge
from boathouse.bundles.nodes import Node

scalars = st.one_of(st.text(max_size=3), st.integers(), st.booleans())
keys = st.sampled_from(["a", "b", "tasks", "task_key", "name"])
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
mappings = st.dictionaries(keys, trees, max_size=4)
task = st.fixed_dictionaries({"task_key": st.sampled_from("xyz")}, optional={"retries": st.integers(0, 3)})
task_lists = st.lists(task, max_size=4, unique_by=lambda item: item["task_key"])


def merged(base: Any, over: Any) -> Any:
    return merge(Node.of(base), Node.of(over)).plain()


@given(mappings)
def test_nothing_changes_nothing(tree: dict[str, Any]) -> None:
    assert merged(tree, {}) == tree
    assert merged({}, tree) == tree


@given(mappings, mappings)
def test_joining_twice_is_joining_once(base: dict[str, Any], over: dict[str, Any]) -> None:
    once = merged(base, over)
    assert merged(once, over) == once


@given(mappings, mappings)
def test_every_key_of_both_is_there_and_plain_values_come_from_the_target(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    joined = merged(base, over)
    assert set(joined) == set(base) | set(over)
    for key, value in over.items():
        if not isinstance(value, dict | list):
            assert joined[key] == value


@given(task_lists, task_lists)
def test_tasks_join_by_their_key(base: list[dict[str, Any]], over: list[dict[str, Any]]) -> None:
    joined = merged({"tasks": base}, {"tasks": over})["tasks"]
    keys = [item["task_key"] for item in joined]
    assert len(keys) == len(set(keys))
    assert keys[: len(base)] == [item["task_key"] for item in base]
    for item in over:
        assert item.items() <= next(one for one in joined if one["task_key"] == item["task_key"]).items()


@given(task_lists, task_lists, task_lists)
def test_the_order_of_joining_does_not_matter(
    one: list[dict[str, Any]], two: list[dict[str, Any]], three: list[dict[str, Any]]
) -> None:
    first, second, third = ({"tasks": tasks} for tasks in (one, two, three))
    assert merged(merged(first, second), third) == merged(first, merged(second, third))


def test_lists_of_plain_values_are_replaced() -> None:
    assert merged({"parameters": ["--a"]}, {"parameters": ["--b"]}) == {"parameters": ["--b"]}


def test_permissions_join_by_whom_they_name() -> None:
    base = {"permissions": [{"user_name": "ada", "level": "CAN_VIEW"}, {"group_name": "team", "level": "CAN_VIEW"}]}
    over = {"permissions": [{"group_name": "team", "level": "CAN_MANAGE"}]}
    assert [item["level"] for item in merged(base, over)["permissions"]] == ["CAN_VIEW", "CAN_MANAGE"]
