# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Tables that Boathouse keeps about itself, and the information schemas: rows computed from the law when asked for.

The columns are those of Databricks' system tables. What has no meaning here (an account, a workspace) is 0 or null.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from boathouse.catalog import AuditEvent, Column, LineageNode, NodeKind, Privilege, SecurableKind, Table
from boathouse.catalog.columns import columns_from_delta
from boathouse.catalog.securables import INFORMATION_SCHEMA, SYSTEM_CATALOG
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import NotFound, did_you_mean
from boathouse.foundation.names import SchemaName, TableName
from boathouse.foundation.principals import Principal

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

SYSTEM_FORMAT = "BOATHOUSE_SYSTEM"
"""The data source format of these tables."""

_TEXT, _TIME = pa.string(), pa.timestamp("us", "UTC")
_NODE = ("table_full_name", "table_catalog", "table_schema", "table_name", "path", "type", "version")

AUDIT = pa.schema(
    [
        ("account_id", _TEXT),
        ("workspace_id", _TEXT),
        ("version", _TEXT),
        ("event_time", _TIME),
        ("event_date", pa.date32()),
        ("source_ip_address", _TEXT),
        ("user_agent", _TEXT),
        ("session_id", _TEXT),
        ("user_identity", pa.struct([("email", _TEXT), ("subjectName", _TEXT)])),
        ("service_name", _TEXT),
        ("action_name", _TEXT),
        ("request_id", _TEXT),
        ("request_params", pa.map_(_TEXT, _TEXT)),
        ("response", pa.struct([("statusCode", pa.int32()), ("errorMessage", _TEXT), ("result", _TEXT)])),
        ("audit_level", _TEXT),
        ("event_id", _TEXT),
        ("identity_metadata", pa.struct([("run_by", _TEXT), ("run_as", _TEXT)])),
        ("as_of", _TEXT),
    ]
)
_LINEAGE_FIELDS: list[tuple[str, pa.DataType]] = [
    ("account_id", _TEXT),
    ("metastore_id", _TEXT),
    ("workspace_id", _TEXT),
    ("entity_type", _TEXT),
    ("entity_id", _TEXT),
    ("entity_run_id", _TEXT),
    *[(f"source_{name}", pa.int64() if name == "version" else _TEXT) for name in _NODE],
    *[(f"target_{name}", pa.int64() if name == "version" else _TEXT) for name in _NODE],
    ("operation", _TEXT),
    ("created_by", _TEXT),
    ("event_time", _TIME),
    ("event_date", pa.date32()),
    ("record_id", _TEXT),
    ("event_id", _TEXT),
    ("statement_id", _TEXT),
    ("entity_metadata", pa.map_(_TEXT, _TEXT)),
    ("direct_access", pa.bool_()),
]
LINEAGE = pa.schema(_LINEAGE_FIELDS)
_PRIVILEGES: list[tuple[str, pa.DataType]] = [
    (name, _TEXT) for name in ("grantor", "grantee", "privilege_type", "is_grantable", "inherited_from")
]


def _texts(*names: str) -> pa.Schema:
    return pa.schema([(name, _TIME if name in ("created", "last_altered") else _TEXT) for name in names])


_CHANGES = ("comment", "created", "created_by", "last_altered", "last_altered_by")
INFORMATION: dict[str, pa.Schema] = {
    "catalogs": _texts("catalog_name", "catalog_owner", *_CHANGES),
    "schemata": _texts("catalog_name", "schema_name", "schema_owner", *_CHANGES),
    "tables": _texts("table_catalog", "table_schema", "table_name", "table_type", "data_source_format", "table_owner",
                     "storage_path", *_CHANGES),
    "columns": pa.schema(
        [("table_catalog", _TEXT), ("table_schema", _TEXT), ("table_name", _TEXT), ("column_name", _TEXT),
         ("ordinal_position", pa.int32()), ("is_nullable", _TEXT), ("full_data_type", _TEXT), ("data_type", _TEXT),
         ("partition_index", pa.int32()), ("comment", _TEXT)]),
    "volumes": _texts("volume_catalog", "volume_schema", "volume_name", "volume_type", "volume_owner",
                      "storage_location", *_CHANGES),
    "catalog_privileges": pa.schema([("catalog_name", _TEXT), *_PRIVILEGES]),
    "schema_privileges": pa.schema([("catalog_name", _TEXT), ("schema_name", _TEXT), *_PRIVILEGES]),
    "table_privileges": pa.schema(
        [("table_catalog", _TEXT), ("table_schema", _TEXT), ("table_name", _TEXT), *_PRIVILEGES]),
    "volume_privileges": pa.schema(
        [("volume_catalog", _TEXT), ("volume_schema", _TEXT), ("volume_name", _TEXT), *_PRIVILEGES]),
}  # fmt: skip
SYSTEM: dict[tuple[str, str], pa.Schema] = {("access", "audit"): AUDIT, ("access", "table_lineage"): LINEAGE}


def is_system(name: TableName) -> bool:
    """Whether the rows of the table come from the law itself."""
    return name.catalog == SYSTEM_CATALOG or name.schema == INFORMATION_SCHEMA


class SystemTables:
    """Answers system tables from the catalog, each principal its own view."""

    def __init__(self, catalog: "Catalog") -> None:
        self._catalog = catalog

    def schema(self, name: TableName) -> pa.Schema:
        """The columns of a system table.

        Raises:
            NotFound: There is no such table.
        """
        if name.schema == INFORMATION_SCHEMA:
            known = {f"{name.parent}.{table}": schema for table, schema in INFORMATION.items()}
        else:
            known = {f"{SYSTEM_CATALOG}.{schema}.{table}": found for (schema, table), found in SYSTEM.items()}
        if str(name) not in known:
            raise NotFound(f"Table {name} was not found.", hint=did_you_mean(str(name), known))
        return known[str(name)]

    def columns(self, name: TableName) -> tuple[Column, ...]:
        """The columns as the catalog describes those of any table."""
        from deltalake import Schema

        return columns_from_delta(Schema.from_arrow(self.schema(name)).to_json())

    def require(self, principal: Principal, name: TableName) -> None:
        """Who may read which: an information schema whoever knows of the catalog, the rest by grants."""
        grants = self._catalog.grants
        if name.schema == INFORMATION_SCHEMA:
            grants.require_visible(principal, SecurableKind.CATALOG, name.catalog)
        else:
            grants.require(principal, Privilege.SELECT, SecurableKind.SCHEMA, str(name.parent))
        self.schema(name)

    def rows(self, principal: Principal, name: TableName) -> pa.Table:
        """The rows that the principal may see."""
        self.require(principal, name)
        schema = self.schema(name)
        return pa.Table.from_pylist(list(self._rows(principal, name)), schema=schema)

    def _rows(self, principal: Principal, name: TableName) -> Iterable[dict[str, Any]]:
        match (name.schema, name.name):
            case ("access", "audit"):
                return map(_audit_row, self._catalog.audit.events(limit=None))
            case ("access", "table_lineage"):
                return [_lineage_row(each) for each in self._catalog.lineage.edges(principal, limit=None)]
            case (_, information):
                inside = None if name.catalog == SYSTEM_CATALOG else name.catalog
                return _INFORMATION_ROWS[information](self, principal, inside)

    # -- information schema ---------------------------------------------------------------------------------------

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

    def volume_rows(self, principal: Principal, inside: str | None) -> Iterable[dict[str, Any]]:
        for schema in self._schemas(principal, inside):
            for each in self._catalog.securables.volumes(principal, SchemaName.parse(schema.full_name)):
                yield {
                    **_placed("volume", each.securable.full_name),
                    "volume_type": each.volume_type,
                    "volume_owner": each.securable.owner,
                    "storage_location": each.storage_location or None,
                    **_changes(each.securable),
                }

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


_Rows = Callable[[SystemTables, Principal, str | None], Iterable[dict[str, Any]]]


def _privileges_of(kind: SecurableKind) -> _Rows:
    return lambda tables, principal, inside: tables.privilege_rows(kind, principal, inside)


_INFORMATION_ROWS: dict[str, _Rows] = {
    "catalogs": SystemTables.catalog_rows,
    "schemata": SystemTables.schema_rows,
    "tables": SystemTables.table_rows,
    "columns": SystemTables.column_rows,
    "volumes": SystemTables.volume_rows,
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


def _audit_row(event: AuditEvent) -> dict[str, Any]:
    when = from_epoch_ms(event.event_time)
    params = dict(event.request_params)
    if event.securable_name:
        params.setdefault("securable_type", str(event.securable_kind))
        params.setdefault("full_name_arg", event.securable_name)
    return {
        "account_id": None,
        "workspace_id": "0",
        "version": "2.0",
        "event_time": when,
        "event_date": when.date(),
        "source_ip_address": event.source_ip or None,
        "user_agent": event.user_agent or None,
        "session_id": None,
        "user_identity": {"email": event.principal, "subjectName": event.principal},
        "service_name": event.service,
        "action_name": event.action,
        "request_id": event.request_id or None,
        "request_params": list(params.items()),
        "response": {"statusCode": event.status_code, "errorMessage": event.error_message, "result": None},
        "audit_level": "ACCOUNT_LEVEL",
        "event_id": event.event_id,
        "identity_metadata": {"run_by": event.principal, "run_as": event.principal},
        "as_of": event.as_of,
    }


def _lineage_row(recorded: Any) -> dict[str, Any]:
    when = from_epoch_ms(recorded.event_time)
    entity: dict[str, Any] = recorded.edge.entity
    job = entity.get("job_id")
    return {
        "metastore_id": "metastore",
        "workspace_id": "0",
        "entity_type": "JOB" if job is not None else None,
        "entity_id": str(job) if job is not None else None,
        "entity_run_id": str(entity["run_id"]) if "run_id" in entity else None,
        **_end("source", recorded.edge.source),
        **_end("target", recorded.edge.target),
        "operation": recorded.edge.operation,
        "created_by": recorded.principal,
        "event_time": when,
        "event_date": when.date(),
        "record_id": recorded.edge_id,
        "event_id": recorded.edge_id,
        "statement_id": recorded.edge.statement_id,
        "entity_metadata": [(key, str(value)) for key, value in entity.items()],
        "direct_access": True,
    }


def _end(side: str, node: LineageNode | None) -> dict[str, Any]:
    if node is None:
        return {}
    row: dict[str, Any] = {f"{side}_type": node.kind.name, f"{side}_version": node.version}
    if node.kind is NodeKind.TABLE:
        catalog, schema, name = node.name.split(".")
        return row | {
            f"{side}_table_full_name": node.name,
            f"{side}_table_catalog": catalog,
            f"{side}_table_schema": schema,
            f"{side}_table_name": name,
        }
    return row | {f"{side}_path": node.name}
