"""Rows of views and functions."""

import json
from typing import Any

from sqlalchemy import Connection, select

from boathouse.catalog.definitions import (
    Dependency,
    Function,
    View,
    dependencies_in,
    function_json,
    function_of,
    view_json,
)
from boathouse.catalog.hierarchy import SecurableKey
from boathouse.catalog.repository.schema import function_details, securables, view_details
from boathouse.catalog.repository.securables import securable_of_row
from boathouse.catalog.securables import SecurableKind

_live = securables.c.deleted_at.is_(None)


def insert_view(connection: Connection, securable_id: str, view: View) -> None:
    row = {"securable_id": securable_id, "definition": json.dumps(view_json(view), ensure_ascii=False)}
    connection.execute(view_details.insert(), row)


def set_view(connection: Connection, securable_id: str, view: View) -> None:
    connection.execute(
        view_details.update()
        .where(view_details.c.securable_id == securable_id)
        .values(definition=json.dumps(view_json(view), ensure_ascii=False))
    )


def insert_function(connection: Connection, function: Function) -> None:
    definition = json.dumps(function_json(function), ensure_ascii=False)
    connection.execute(function_details.insert(), {"securable_id": function.securable.id, "definition": definition})


def find_function(connection: Connection, full_name: str) -> Function | None:
    found = _functions(connection, securables.c.full_name == full_name)
    return found[0] if found else None


def functions_in(connection: Connection, schema: str) -> list[Function]:
    """The live functions of a schema, by name."""
    parent = select(securables.c.id).where(
        securables.c.kind == SecurableKind.SCHEMA.value, securables.c.full_name == schema, _live
    )
    return _functions(connection, securables.c.parent_id == parent.scalar_subquery())


def dependencies_of(connection: Connection, key: SecurableKey) -> tuple[Dependency, ...]:
    """What a live view or function depends on; nothing for anything else."""
    kind, full_name = key
    details = function_details if kind is SecurableKind.FUNCTION else view_details
    query = (
        select(details.c.definition)
        .join(securables, securables.c.id == details.c.securable_id)
        .where(securables.c.kind == kind.value, securables.c.full_name == full_name, _live)
    )
    definition = connection.execute(query).scalar()
    return () if definition is None else dependencies_in(json.loads(definition))


def _functions(connection: Connection, condition: Any) -> list[Function]:
    query = (
        select(securables, function_details.c.definition)
        .join(function_details, function_details.c.securable_id == securables.c.id)
        .where(condition, securables.c.kind == SecurableKind.FUNCTION.value, _live)
        .order_by(securables.c.full_name)
    )
    rows = connection.execute(query).mappings()
    return [function_of(securable_of_row(row), json.loads(row["definition"])) for row in rows]
