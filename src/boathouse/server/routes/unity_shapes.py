"""The Unity Catalog shapes of what the catalog governs.

Every field that some client needs is always there: Polars, for one, reads no table without ``table_id`` and no column
without ``type_json``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from boathouse.catalog import Column, Securable, Table, View, Volume
from boathouse.catalog.keys import primary_key_of
from boathouse.foundation.errors import InvalidInput

JSON = dict[str, Any]

PAGE = 1_000
"""How many things a page has when the client leaves that to us (``max_results=0``)."""

_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")

T = TypeVar("T")


class Body(BaseModel):
    """What a client sends. Fields that we do not know are accepted and named in the answer."""

    model_config = ConfigDict(extra="allow")

    def ignored(self) -> list[str]:
        """The fields that somebody set and that nothing came of."""
        return sorted(key for key, value in (self.model_extra or {}).items() if value not in (None, "", [], {}))


def answered(body: Body, answer: JSON) -> JSON:
    """The answer, with the fields of the request that were ignored."""
    return {**answer, "ignored": ignored} if (ignored := body.ignored()) else answer


def catalog_info(securable: Securable, metastore_id: str) -> JSON:
    return {
        **common_info(securable, metastore_id),
        "id": securable.id,
        "catalog_type": "SYSTEM_CATALOG" if securable.full_name == "system" else "MANAGED_CATALOG",
        "isolation_mode": "OPEN",
        "securable_kind": "CATALOG_STANDARD",
    }


def schema_info(securable: Securable, metastore_id: str) -> JSON:
    return {
        **common_info(securable, metastore_id),
        "schema_id": securable.id,
        "catalog_name": securable.full_name.partition(".")[0],
        "catalog_type": "MANAGED_CATALOG",
    }


def table_info(table: Table, metastore_id: str, *, with_columns: bool = True) -> JSON:
    """A table; without ``storage_location`` for who may neither read nor write it."""
    info = {
        **common_info(table.securable, metastore_id),
        **_place(table.securable),
        "table_id": table.securable.id,
        "table_type": table.table_type.value,
        "data_source_format": table.data_source_format,
        "browse_only": not table.storage_location,
    }
    if table.storage_location:
        info["storage_location"] = table.storage_location
    if table.view is not None:
        info |= _view_info(table.view)
    constraints = _constraints(table)
    if constraints:
        info["table_constraints"] = constraints
    if with_columns:
        info["columns"] = [column_info(column) for column in table.columns]
    return info


def _constraints(table: Table) -> list[JSON]:
    """The primary key, as Databricks tells of it."""
    try:
        key = primary_key_of(table)
    except InvalidInput:  # a spoilt declaration; whoever reads the table hears of it
        return []
    if key is None:
        return []
    told: JSON = {"name": key.name, "child_columns": list(key.columns)}
    if key.timeseries is not None:
        told["timeseries_columns"] = [key.timeseries]
    return [{"primary_key_constraint": told}]


def _view_info(view: View) -> JSON:
    """What a view reads; nothing of it for who may not read the view."""
    if not view.text:
        return {}
    dependencies = [{each.kind.value: {f"{each.kind.value}_full_name": each.full_name}} for each in view.dependencies]
    return {
        "browse_only": False,
        "view_definition": view.text,
        "view_dependencies": {"dependencies": dependencies},
    }


def column_info(column: Column) -> JSON:
    info: JSON = {
        "name": column.name,
        "type_text": column.type_text,
        "type_name": column.type_name,
        "type_json": column.type_json,
        "position": column.position,
        "nullable": column.nullable,
    }
    if match := _DECIMAL.fullmatch(column.type_text):
        info |= {"type_precision": int(match[1]), "type_scale": int(match[2])}
    if column.comment is not None:
        info["comment"] = column.comment
    if column.partition_index is not None:
        info["partition_index"] = column.partition_index
    return info


def volume_info(volume: Volume, metastore_id: str) -> JSON:
    info = {
        **common_info(volume.securable, metastore_id),
        **_place(volume.securable),
        "volume_id": volume.securable.id,
        "volume_type": volume.volume_type,
    }
    if volume.storage_location:
        info["storage_location"] = volume.storage_location
    return info


def paged(
    things: Sequence[T],
    name_of: Callable[[T], str],
    *,
    key: str,
    shown: Callable[[T], JSON],
    max_results: int | None,
    page_token: str | None,
) -> JSON:
    """One page of a list that is sorted by name. The token is the last name of the page before; clients that ask for no
    page size know nothing of pages and get everything.

    Raises:
        InvalidInput: ``max_results`` is negative.
    """
    if max_results is not None and max_results < 0:
        raise InvalidInput(f"max_results is {max_results}; it cannot be negative.")
    rest = [thing for thing in things if page_token is None or name_of(thing) > page_token]
    size = len(rest) if max_results is None else max_results or PAGE
    page = rest[:size]
    answer: JSON = {key: [shown(thing) for thing in page]}
    if len(rest) > size:
        answer["next_page_token"] = name_of(page[-1])
    return answer


def texts(mapping: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Properties as text, whatever JSON they came as."""
    return None if mapping is None else {key: str(value) for key, value in mapping.items()}


def common_info(securable: Securable, metastore_id: str) -> JSON:
    """The fields that everything governed has."""
    info = {
        "name": securable.full_name.rpartition(".")[2],
        "full_name": securable.full_name,
        "owner": securable.owner,
        "properties": securable.properties,
        "created_at": securable.created_at,
        "created_by": securable.created_by,
        "updated_at": securable.updated_at,
        "updated_by": securable.updated_by,
        "metastore_id": metastore_id,
        "securable_type": securable.kind.value.upper(),
    }
    return {**info, "comment": securable.comment} if securable.comment else info


def _place(securable: Securable) -> JSON:
    catalog, schema, _ = securable.full_name.split(".")
    return {"catalog_name": catalog, "schema_name": schema}
