# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The information schemas: what there is, as tables, as far as the principal may know of it."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from boathouse.catalog import Function, SecurableKind, Table, Volume
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import Principal
from boathouse.session.system_tables.constraints import (
    KEY_COLUMN_USAGE,
    TABLE_CONSTRAINTS,
    constraint_rows,
    key_column_rows,
)
from boathouse.session.system_tables.definitions import (
    PARAMETERS,
    ROUTINES,
    VIEWS,
    parameter_rows,
    routine_row,
    view_row,
)
from boathouse.session.system_tables.tags import TAGS, column_tag_rows, tag_rows
from boathouse.session.system_tables.types import TEXT, TIME

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

_PRIVILEGES: list[tuple[str, pa.DataType]] = [
    (name, TEXT) for name in ("grantor", "grantee", "privilege_type", "is_grantable", "inherited_from")
]


def _texts(*names: str) -> pa.Schema:
    return pa.schema([(name, TIME if name in ("created", "last_altered") else TEXT) for name in names])


_CHANGES = ("comment", "created", "created_by", "last_altered", "last_altered_by")
INFORMATION: dict[str, pa.Schema] = {
    "catalogs": _texts("catalog_name", "catalog_owner", *_CHANGES),
    "schemata": _texts("catalog_name", "schema_name", "schema_owner", *_CHANGES),
    "tables": _texts("table_catalog", "table_schema", "table_name", "table_type", "data_source_format", "table_owner",
                     "storage_path", *_CHANGES),
    "columns": pa.schema(
        [("table_catalog", TEXT), ("table_schema", TEXT), ("table_name", TEXT), ("column_name", TEXT),
         ("ordinal_position", pa.int32()), ("is_nullable", TEXT), ("full_data_type", TEXT), ("data_type", TEXT),
         ("partition_index", pa.int32()), ("comment", TEXT)]),
    "table_constraints": TABLE_CONSTRAINTS,
    "key_column_usage": KEY_COLUMN_USAGE,
    **TAGS,
    "volumes": _texts("volume_catalog", "volume_schema", "volume_name", "volume_type", "volume_owner",
                      "storage_location", *_CHANGES),
    "views": VIEWS,
    "routines": ROUTINES,
    "parameters": PARAMETERS,
    "catalog_privileges": pa.schema([("catalog_name", TEXT), *_PRIVILEGES]),
    "schema_privileges": pa.schema([("catalog_name", TEXT), ("schema_name", TEXT), *_PRIVILEGES]),
    "table_privileges": pa.schema(
        [("table_catalog", TEXT), ("table_schema", TEXT), ("table_name", TEXT), *_PRIVILEGES]),
    "volume_privileges": pa.schema(
        [("volume_catalog", TEXT), ("volume_schema", TEXT), ("volume_name", TEXT), *_PRIVILEGES]),
}  # fmt: skip


class InformationSchema:
    """Answers the tables of information schemas; ``inside`` is the catalog asked about, None for all."""

    def __init__(self, catalog: "Catalog") -> None:
        self._catalog = catalog

    def rows(self, principal: Principal, table: str, inside: str | None) -> Iterable[dict[str, Any]]:
        """The rows of one of its tables."""
        return _ROWS[table](self, principal, inside)

    def _catalogs(self, principal: Principal, inside: str | None) -> Sequence[Any]:
        found = self._catalog.securables.list(principal, SecurableKind.CATALOG)
        return [each for each in found if inside in (None, each.full_name)]

    def _schemas(self, principal: Principal, inside: str | None) -> Sequence[Any]:
        return self._catalog.securables.list(principal, SecurableKind.SCHEMA, inside)

    def _tables(self, principal: Principal, inside: str | None) -> Iterable[Table]:
        for schema in self._schemas(principal, inside):
            yield from self._catalog.securables.tables(principal, SchemaName.parse(schema.full_name))

    def catalog_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        for each in self._catalogs(principal, inside):
            yield {"catalog_name": each.full_name, "catalog_owner": each.owner, **_changes(each)}

    def schema_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        for each in self._schemas(principal, inside):
            catalog, schema = each.full_name.split(".")
            yield {"catalog_name": catalog, "schema_name": schema, "schema_owner": each.owner, **_changes(each)}

    def table_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        for each in self._tables(principal, inside):
            yield {
                **_placed("table", each.securable.full_name),
                "table_type": each.table_type.value,
                "data_source_format": each.data_source_format,
                "table_owner": each.securable.owner,
                "storage_path": each.storage_location or None,
                **_changes(each.securable),
            }

    def column_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        for table in self._tables(principal, inside):
            for column in table.columns:
                yield {
                    **_placed("table", table.securable.full_name),
                    "column_name": column.name,
                    "ordinal_position": column.position,
                    "is_nullable": "YES" if column.nullable else "NO",
                    "full_data_type": column.type_text,
                    "data_type": column.type_name,
                    "partition_index": column.partition_index,
                    "comment": column.comment,
                }

    def constraint_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        for table in self._tables(principal, inside):
            yield from constraint_rows(table)

    def key_column_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        for table in self._tables(principal, inside):
            yield from key_column_rows(table)

    def tag_rows(self, kind: SecurableKind, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        if kind is SecurableKind.CATALOG:
            return tag_rows(self._catalogs(principal, inside))
        if kind is SecurableKind.SCHEMA:
            return tag_rows(self._schemas(principal, inside))
        if kind is SecurableKind.TABLE:
            return tag_rows(each.securable for each in self._tables(principal, inside))
        return tag_rows(each.securable for each in self._volumes(principal, inside))

    def column_tag_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        return column_tag_rows(self._tables(principal, inside))

    def _volumes(self, principal: Principal, inside: str | None) -> Iterable[Volume]:
        for schema in self._schemas(principal, inside):
            yield from self._catalog.securables.volumes(principal, SchemaName.parse(schema.full_name))

    def volume_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        for each in self._volumes(principal, inside):
            yield {
                **_placed("volume", each.securable.full_name),
                "volume_type": each.volume_type,
                "volume_owner": each.securable.owner,
                "storage_location": each.storage_location or None,
                **_changes(each.securable),
            }

    def view_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        return (view_row(each) for each in self._tables(principal, inside) if each.view is not None)

    def _functions(self, principal: Principal, inside: str | None) -> Iterable[Function]:
        for schema in self._schemas(principal, inside):
            yield from self._catalog.functions.functions(principal, SchemaName.parse(schema.full_name))

    def routine_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        return map(routine_row, self._functions(principal, inside))

    def parameter_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        for function in self._functions(principal, inside):
            yield from parameter_rows(function)

    def privilege_rows(self, kind: SecurableKind, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        names = {
            SecurableKind.CATALOG: lambda: [each.full_name for each in self._catalogs(principal, inside)],
            SecurableKind.SCHEMA: lambda: [each.full_name for each in self._schemas(principal, inside)],
            SecurableKind.TABLE: lambda: [row.securable.full_name for row in self._tables(principal, inside)],
            SecurableKind.VOLUME: lambda: [
                f"{row['volume_catalog']}.{row['volume_schema']}.{row['volume_name']}"
                for row in self.volume_rows(principal, inside)
            ],
        }[kind]()
        for name in names:
            for grant in self._catalog.grants.effective(principal, kind, name):
                inherited = "NONE" if grant.kind is kind else grant.kind.name
                yield {
                    **_named(kind, name),
                    "grantor": None,
                    "grantee": grant.grantee,
                    "privilege_type": grant.privilege.value,
                    "is_grantable": "NO",
                    "inherited_from": inherited,
                }


_Rows = Callable[[InformationSchema, Principal, str | None], Iterable[dict[str, Any]]]


def _privileges_of(kind: SecurableKind) -> _Rows:
    return lambda tables, principal, inside: tables.privilege_rows(kind, principal, inside)


def _tags_of(kind: SecurableKind) -> _Rows:
    return lambda tables, principal, inside: tables.tag_rows(kind, principal, inside)


_ROWS: dict[str, _Rows] = {
    "catalogs": InformationSchema.catalog_rows,
    "schemata": InformationSchema.schema_rows,
    "tables": InformationSchema.table_rows,
    "columns": InformationSchema.column_rows,
    "table_constraints": InformationSchema.constraint_rows,
    "key_column_usage": InformationSchema.key_column_rows,
    "catalog_tags": _tags_of(SecurableKind.CATALOG),
    "schema_tags": _tags_of(SecurableKind.SCHEMA),
    "table_tags": _tags_of(SecurableKind.TABLE),
    "volume_tags": _tags_of(SecurableKind.VOLUME),
    "column_tags": InformationSchema.column_tag_rows,
    "volumes": InformationSchema.volume_rows,
    "views": InformationSchema.view_rows,
    "routines": InformationSchema.routine_rows,
    "parameters": InformationSchema.parameter_rows,
    "catalog_privileges": _privileges_of(SecurableKind.CATALOG),
    "schema_privileges": _privileges_of(SecurableKind.SCHEMA),
    "table_privileges": _privileges_of(SecurableKind.TABLE),
    "volume_privileges": _privileges_of(SecurableKind.VOLUME),
}


def _named(kind: SecurableKind, full_name: str) -> dict[str, str]:
    parts = full_name.split(".")
    if kind is SecurableKind.CATALOG:
        return {"catalog_name": parts[0]}
    if kind is SecurableKind.SCHEMA:
        return {"catalog_name": parts[0], "schema_name": parts[1]}
    return _placed(kind.value, full_name)


def _placed(noun: str, full_name: str) -> dict[str, str]:
    catalog, schema, name = full_name.split(".")
    return {f"{noun}_catalog": catalog, f"{noun}_schema": schema, f"{noun}_name": name}


def _changes(securable: Any) -> dict[str, Any]:
    return {
        "comment": securable.comment,
        "created": from_epoch_ms(securable.created_at),
        "created_by": securable.created_by,
        "last_altered": from_epoch_ms(securable.updated_at),
        "last_altered_by": securable.updated_by,
    }
