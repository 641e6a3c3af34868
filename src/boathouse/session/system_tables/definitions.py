# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The tables of an information schema that concern what is computed: views, routines, their parameters."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from boathouse.catalog import Function, Language, Parameter, Table
from boathouse.catalog.columns import column_from_info
from boathouse.foundation.clock import from_epoch_ms
from boathouse.session.system_tables.types import TEXT, TIME

VIEWS = pa.schema(
    [(name, TEXT) for name in ("table_catalog", "table_schema", "table_name", "view_definition", "check_option",
                               "is_updatable", "is_insertable_into", "sql_path", "table_owner")]
)  # fmt: skip
_ROUTINE = ("specific_catalog", "specific_schema", "specific_name")
ROUTINES = pa.schema(
    [
        *((name, TEXT) for name in (*_ROUTINE, "routine_catalog", "routine_schema", "routine_name", "routine_owner",
                                    "routine_type", "data_type", "full_data_type", "routine_body",
                                    "routine_definition", "external_name", "external_language", "parameter_style",
                                    "is_deterministic", "sql_data_access", "is_null_call", "security_type",
                                    "comment")),
        ("created", TIME), ("created_by", TEXT), ("last_altered", TIME), ("last_altered_by", TEXT),
    ]
)  # fmt: skip
PARAMETERS = pa.schema(
    [
        *((name, TEXT) for name in _ROUTINE),
        ("ordinal_position", pa.int32()),
        *((name, TEXT) for name in ("parameter_mode", "is_result", "parameter_name", "data_type", "full_data_type",
                                    "parameter_default", "comment")),
    ]
)  # fmt: skip


def view_row(table: Table) -> dict[str, Any]:
    """A view; its definition is null for who may not read it."""
    catalog, schema, name = table.securable.full_name.split(".")
    return {
        "table_catalog": catalog,
        "table_schema": schema,
        "table_name": name,
        "view_definition": (table.view.text if table.view else None) or None,
        "check_option": "NONE",
        "is_updatable": "NO",
        "is_insertable_into": "NO",
        "table_owner": table.securable.owner,
    }


def routine_row(function: Function) -> dict[str, Any]:
    """A function; its definition is null for who may not execute it."""
    python = function.language is Language.PYTHON
    external = function.language is not Language.SQL
    securable = function.securable
    return {
        **_named(function, "specific"),
        **_named(function, "routine"),
        "routine_owner": securable.owner,
        "routine_type": "FUNCTION",
        "data_type": "TABLE_TYPE" if function.returns_rows else _type_name(function.returns),
        "full_data_type": "table" if function.returns_rows else function.returns,
        "routine_body": "EXTERNAL" if external else "SQL",
        "routine_definition": function.body or None,
        "external_name": function.handler,
        "external_language": function.language.value if external else None,
        "parameter_style": "SQL",
        "is_deterministic": "YES" if function.deterministic else "NO",
        "sql_data_access": "NO SQL" if python else "READS SQL DATA" if function.dependencies else "CONTAINS SQL",
        "is_null_call": "YES",
        "security_type": "DEFINER",
        "comment": securable.comment,
        "created": from_epoch_ms(securable.created_at),
        "created_by": securable.created_by,
        "last_altered": from_epoch_ms(securable.updated_at),
        "last_altered_by": securable.updated_by,
    }


def parameter_rows(function: Function) -> Iterable[dict[str, Any]]:
    """The parameters of a function, then the columns of the rows that it returns."""
    for result, parameters in (("NO", function.parameters), ("YES", function.columns)):
        for position, parameter in enumerate(parameters):
            yield {**_named(function, "specific"), **_parameter(parameter, position), "is_result": result}


def _parameter(parameter: Parameter, position: int) -> dict[str, Any]:
    return {
        "ordinal_position": position,
        "parameter_mode": "IN",
        "parameter_name": parameter.name,
        "data_type": _type_name(parameter.type_text),
        "full_data_type": parameter.type_text,
        "parameter_default": parameter.default,
        "comment": parameter.comment,
    }


def _named(function: Function, noun: str) -> dict[str, str]:
    catalog, schema, name = function.full_name.split(".")
    return {f"{noun}_catalog": catalog, f"{noun}_schema": schema, f"{noun}_name": name}


def _type_name(type_text: str) -> str:
    return column_from_info({"name": "value", "type_text": type_text}, 0).type_name
