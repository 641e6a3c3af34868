"""The engine's own wall: one SELECT over the given names, and nothing that reaches around them.

The session has a guard over its own syntax tree. This one stands behind it and looks at the statement as DuckDB itself
has parsed it. It is needed although the connection is locked: DuckDB lets a query write to every file it may read, and
since 2.0 ``WITH x AS (COPY ... TO 'file') SELECT ...`` counts as a SELECT. So the whole tree is checked against what is
known to be harmless; what is unknown is refused.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any, cast

import duckdb

from boathouse.foundation.errors import InvalidInput, did_you_mean

_NODES = {
    *("SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"),
    *("BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "PIVOT"),
    *("ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER"),
    *("ORDER_DEFAULT", "ASCENDING", "DESCENDING"),
}
"""Query nodes, table references and modifiers that only read what they are given."""

_EXPRESSIONS = {
    *(
        "BETWEEN",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "FUNCTION",
        "LAMBDA",
    ),
    *("LAMBDA_REF", "OPERATOR", "PARAMETER", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW"),
}

_TABLE_FUNCTIONS = {"unnest", "range", "generate_series", "json_each", "json_tree", "repeat", "repeat_row"}

_REFUSED_FUNCTIONS = {
    *("current_setting", "getenv", "getvariable", "write_log", "parse_duckdb_log_message", "current_query"),
    *("sleep_ms", "pg_sleep", "nextval", "currval", "setval", "stats", "json_serialize_plan", "invoke"),
    *("json_execute_serialized_sql", "query", "query_table", "get_block_size", "in_search_path"),
    *("read_text", "read_blob", "glob"),
}
"""Scalar functions that read settings, wait, or keep state. (Reading files is not among what scalars can do.)"""


class RefusedStatement(InvalidInput):
    """The text is not a single SELECT over the given names."""


@dataclass(frozen=True, slots=True)
class ParsedSelect:
    """A statement that has passed."""

    tree: dict[str, Any]
    cte_names: frozenset[str]
    columns: frozenset[str] | None
    """The lower-case names it mentions, columns or not; None when it may mean any column without naming it."""


def parse_select(connection: duckdb.DuckDBPyConnection, sql: str, names: Set[str]) -> ParsedSelect:
    """Parse the text and check every part of it.

    Raises:
        RefusedStatement: It is something else than one SELECT, or it names something that was not given.
        InvalidInput: It is not SQL.
    """
    root: dict[str, Any] = json.loads(
        connection.execute("SELECT json_serialize_sql(?::VARCHAR, skip_null := true)", [sql]).fetchall()[0][0]
    )
    if root["error"]:
        raise _not_parsed(root)
    if len(root["statements"]) != 1:
        raise RefusedStatement(f"Exactly one statement is expected, not {len(root['statements'])}.")
    tree = root["statements"][0]["node"]
    nodes = list(nodes_of(tree))
    cte_names = frozenset(
        entry["key"].lower() for node in nodes for entry in (node.get("cte_map") or {}).get("map") or ()
    )
    known = {name.lower() for name in names} | cte_names
    for node in nodes:
        _check(node, known)
    return ParsedSelect(tree, cte_names, _mentioned_columns(nodes))


def _check(node: dict[str, Any], known: Set[str]) -> None:
    kind = node.get("type")
    if "class" in node:
        if node["class"] not in _EXPRESSIONS:
            raise RefusedStatement(f"The expression {node['class']} is not allowed in a query.")
        if node["class"] == "FUNCTION":
            _check_function(node)
    elif isinstance(kind, str):
        if kind not in _NODES and not kind.endswith("_TYPE_INFO"):
            raise RefusedStatement(f"{kind.removesuffix('_NODE').removesuffix('_QUERY')} is not allowed in a query.")
        if kind in _TABLE_CHECKS:
            _TABLE_CHECKS[kind](node, known)


def _check_base_table(node: dict[str, Any], known: Set[str]) -> None:
    path = node.get("qualified_name", {}).get("path") or [node.get("table_name", "")]
    if len(path) != 1 or path[0].lower() not in known:
        name = ".".join(path)
        raise RefusedStatement(f"There is no table {name} in this query.", hint=did_you_mean(name.lower(), known))
    if node.get("at_clause"):
        raise RefusedStatement(f"The version of {path[0]} is fixed; AT is not allowed.")


def _check_table_function(node: dict[str, Any], _: Set[str]) -> None:
    name = _function_name(node["function"])
    if name not in _TABLE_FUNCTIONS:
        raise RefusedStatement(f"The table function {name} is not allowed in a query.")


def _check_function(node: dict[str, Any]) -> None:
    name = _function_name(node)
    if name in _REFUSED_FUNCTIONS or name.startswith("__internal"):
        raise RefusedStatement(f"The function {name} is not allowed in a query.")


_TABLE_CHECKS: dict[str, Callable[[dict[str, Any], Set[str]], None]] = {
    "BASE_TABLE": _check_base_table,
    "TABLE_FUNCTION": _check_table_function,
}


def _function_name(function: dict[str, Any]) -> str:
    path = function.get("qualified_name", {}).get("path") or [function.get("function_name", "")]
    if len(path) != 1:
        raise RefusedStatement(f"Functions are called by their plain name, not as {'.'.join(path)}.")
    return path[0].lower()


def nodes_of(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in the tree, without recursion: a hostile text may nest deeply."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            node = cast(dict[str, Any], current)
            yield node
            pending.extend(node.values())
        elif isinstance(current, list):
            pending.extend(cast(list[Any], current))


def _mentioned_columns(nodes: Iterable[dict[str, Any]]) -> frozenset[str] | None:
    mentioned: set[str] = set()
    tables: set[str] = set()
    for node in nodes:
        kind = node.get("type")
        if node.get("class") == "STAR" or kind == "PIVOT" or node.get("ref_type") == "NATURAL":
            return None
        if node.get("class") == "COLUMN_REF":
            mentioned |= {str(name).lower() for name in node["column_names"]}
        elif kind == "JOIN":
            mentioned |= {str(name).lower() for name in node.get("using_columns") or ()}
        elif kind == "BASE_TABLE":
            tables |= {str(node.get(key) or "").lower() for key in ("table_name", "alias")}
            if node.get("column_name_alias"):
                return None
    # A table's name may stand for the whole row.
    return None if mentioned & tables else frozenset(mentioned)


def _not_parsed(root: dict[str, Any]) -> InvalidInput:
    message = str(root.get("error_message", "")).strip().rstrip(".")
    if root.get("error_type") == "not implemented":
        return RefusedStatement("Only a single SELECT can be run here.", hint=None if "SELECT" in message else message)
    return InvalidInput(f"The SQL text cannot be parsed: {message}.")
