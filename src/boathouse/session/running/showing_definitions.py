"""SHOW and DESCRIBE of views and functions. The columns carry Databricks' names."""

from typing import Any

import pyarrow as pa

from boathouse.catalog import Function, Language, Parameter, Table
from boathouse.foundation.errors import Denied
from boathouse.foundation.names import SchemaName, TableName, quote_part
from boathouse.session.result import Result, result_of
from boathouse.session.running.access import Access
from boathouse.session.sql.functions import FUNCTIONS, SPECIAL
from boathouse.session.sql.statements import Parts

_TEXT = pa.string()


def view_names(access: Access, schema: str) -> list[str]:
    """The views of a schema that the principal may know of."""
    return _in_schema(access, schema, "views", "table")


def function_names(access: Access, schema: str) -> list[str]:
    """The full names of the functions of a schema that the principal may know of."""
    return [f"{schema}.{name}" for name in _in_schema(access, schema, "routines", "routine")]


def built_in_names() -> list[str]:
    return sorted({*FUNCTIONS, *SPECIAL})


def views(access: Access, schema: str | None, names: list[str], own: list[str]) -> Result:
    """The rows of SHOW VIEWS; the session's own views are in no schema."""
    shown = [*names, *own]
    place = schema.split(".")[1] if schema else ""
    columns: dict[str, list[Any]] = {
        "namespace": [place] * len(names) + [""] * len(own),
        "viewName": shown,
        "isTemporary": [False] * len(names) + [True] * len(own),
        "isMaterialized": [False] * len(shown),
    }
    kinds = [("namespace", _TEXT), ("viewName", _TEXT), ("isTemporary", pa.bool_()), ("isMaterialized", pa.bool_())]
    return result_of(columns, pa.schema(kinds))


def create_view_text(table: Table) -> str:
    """The statement that makes the view.

    Raises:
        Denied: The principal may not see what the view reads.
    """
    view = table.view
    if view is None or not view.text:
        raise Denied(f"What view {table.securable.full_name} reads is told only to who may read it.")
    name = ".".join(quote_part(part) for part in table.securable.full_name.split("."))
    columns = ",\n".join(f"  {quote_part(each.name)}{_comment(each.comment)}" for each in table.columns)
    return f"CREATE VIEW {name} (\n{columns}\n){_comment(table.securable.comment, before=chr(10))}\nAS {view.text}"


def view_facts(table: Table) -> list[tuple[str, str]]:
    """What DESCRIBE EXTENDED tells of a view beside what it tells of any table."""
    view = table.view
    if view is None:
        return []
    facts = [("View Text", view.text)] if view.text else []
    return [
        *facts,
        ("View Schema Mode", "BINDING"),
        ("View Query Output Columns", f"[{', '.join(view.query_columns)}]"),
    ]


def describe_function(access: Access, name: Parts, *, extended: bool) -> Result:
    """DESCRIBE FUNCTION [EXTENDED]."""
    if len(name) == 1 and name[0].lower() in {**FUNCTIONS, **SPECIAL}:
        return _described(_built_in(name[0].lower()))
    function = access.law.function(access.principal, access.namespace.function(name))
    lines = [
        f"Function:    {function.full_name}",
        f"Type:        {_kind_of(function)}",
        *_listed("Input:", [_parameter(each) for each in function.parameters] or ["()"]),
        *_listed("Returns:", [_parameter(each) for each in function.columns] or [function.returns.upper()]),
    ]
    if extended:
        lines += _extended(function)
    return _described(lines)


def _kind_of(function: Function) -> str:
    if function.language is Language.FEATURE_SPEC:
        return "FEATURE SPEC"
    return "TABLE" if function.returns_rows else "SCALAR"


def _extended(function: Function) -> list[str]:
    securable = function.securable
    lines = [f"Comment:     {securable.comment}"] if securable.comment else []
    lines += [
        f"Language:    {function.language}",
        f"Deterministic: {'true' if function.deterministic else 'false'}",
        f"Owner:       {securable.owner}",
        f"Data Access: {'NO SQL' if function.language is Language.PYTHON else 'READS SQL DATA'}",
    ]
    return [*lines, *_listed("Body:", function.body.splitlines())] if function.body else lines


def _built_in(name: str) -> list[str]:
    signature = FUNCTIONS[name].signature if name in FUNCTIONS else SPECIAL[name]
    return [f"Function:    {name}", f"Usage:       {signature}"]


def _listed(label: str, items: list[str]) -> list[str]:
    return [f"{label if not position else '':<12} {item}" for position, item in enumerate(items)]


def _parameter(parameter: Parameter) -> str:
    default = f" DEFAULT {parameter.default}" if parameter.default is not None else ""
    comment = f" '{parameter.comment}'" if parameter.comment else ""
    return f"{parameter.name} {parameter.type_text.upper()}{default}{comment}"


def _described(lines: list[str]) -> Result:
    return result_of({"function_desc": lines})


def _comment(text: str | None, before: str = " ") -> str:
    return f"{before}COMMENT '" + text.replace("\\", "\\\\").replace("'", "\\'") + "'" if text else ""


def _in_schema(access: Access, schema: str, table: str, noun: str) -> list[str]:
    name = SchemaName.parse(schema)
    rows = access.law.system_table(access.principal, TableName(name.catalog, "information_schema", table)).to_pylist()
    return [row[f"{noun}_name"] for row in rows if row[f"{noun}_schema"] == name.schema]
