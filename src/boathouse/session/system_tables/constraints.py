"""The primary keys of tables, as the information schema tells of them."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from boathouse.catalog import Table
from boathouse.catalog.keys import PrimaryKey, primary_key_of
from boathouse.foundation.errors import InvalidInput
from boathouse.session.system_tables.types import TEXT

_NAMED = [
    (name, TEXT)
    for name in (
        "constraint_catalog", "constraint_schema", "constraint_name", "table_catalog", "table_schema", "table_name",
    )
]  # fmt: skip
TABLE_CONSTRAINTS = pa.schema(
    [*_NAMED, *((name, TEXT) for name in ("constraint_type", "is_deferrable", "initially_deferred", "enforced"))]
)
KEY_COLUMN_USAGE = pa.schema(
    [*_NAMED, ("column_name", TEXT), ("ordinal_position", pa.int32()), ("position_in_unique_constraint", pa.int32())]
)


def constraint_rows(table: Table) -> Iterator[dict[str, Any]]:
    """The primary key of a table, if it has one."""
    key = _key(table)
    if key is not None:
        yield {
            **_names(table, key),
            "constraint_type": "PRIMARY KEY",
            "is_deferrable": "NO",
            "initially_deferred": "NO",
            "enforced": "NO",
        }


def key_column_rows(table: Table) -> Iterator[dict[str, Any]]:
    """The columns of a table's primary key, in their order."""
    key = _key(table)
    for position, column in enumerate(key.columns if key is not None else (), start=1):
        yield {
            **_names(table, key),
            "column_name": column,
            "ordinal_position": position,
            "position_in_unique_constraint": None,
        }


def _names(table: Table, key: PrimaryKey | None) -> dict[str, Any]:
    catalog, schema, name = table.securable.full_name.split(".")
    return {
        "constraint_catalog": catalog,
        "constraint_schema": schema,
        "constraint_name": key.name if key is not None else None,
        "table_catalog": catalog,
        "table_schema": schema,
        "table_name": name,
    }


def _key(table: Table) -> PrimaryKey | None:
    try:
        return primary_key_of(table)
    except InvalidInput:  # one spoilt declaration must not hide all others
        return None
