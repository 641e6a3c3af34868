"""SHOW and DESCRIBE: what the law and a table's log know, as rows. The columns carry Databricks' names."""

import json
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

import pyarrow as pa

from boathouse.catalog import Securable, SecurableKind, Table, TableType
from boathouse.catalog.column_tags import tags_of
from boathouse.catalog.keys import CLOCKS, is_declared, primary_key_of
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import InvalidInput, NotFound, did_you_mean
from boathouse.foundation.names import quote_part
from boathouse.lake import Snapshot, open_snapshot
from boathouse.lake.history import history
from boathouse.session.law import Intent
from boathouse.session.result import Result, TableRows, result_of
from boathouse.session.running import showing_definitions as definitions
from boathouse.session.running.access import Access
from boathouse.session.running.governing import full_name
from boathouse.session.sql.statements import Describe, Parts, Show, ShowGrants
from boathouse.session.system_tables import INFORMATION, SYSTEM, SYSTEM_FORMAT

K = SecurableKind
_TEXT, _TIME, _LONG = pa.string(), pa.timestamp("us", "UTC"), pa.int64()


def show(access: Access, statement: Show) -> Result:
    """SHOW CATALOGS, SCHEMAS, TABLES, VOLUMES, COLUMNS, TBLPROPERTIES, CREATE TABLE."""
    return _SHOWN[statement.what](access, statement)


def show_grants(access: Access, statement: ShowGrants) -> Result:
    """SHOW GRANTS [principal] ON ..."""
    found = access.law.list_grants(access.principal, statement.kind, full_name(access, statement.kind, statement.name))
    rows = [
        {"Principal": grantee, "ActionType": privilege.in_words, "ObjectType": kind.name, "ObjectKey": name}
        for grantee, privilege, kind, name in found
        if statement.grantee in (None, grantee)
    ]
    return _texts(("Principal", "ActionType", "ObjectType", "ObjectKey"), rows)


def describe(access: Access, statement: Describe) -> Result:
    """DESCRIBE in all its styles."""
    if statement.kind is K.FUNCTION:
        return definitions.describe_function(access, statement.name, extended=statement.style == "EXTENDED")
    if statement.kind is not K.TABLE:
        return _describe_securable(access, statement)
    match statement.style:
        case "HISTORY":
            return _history(access, statement.name)
        case "DETAIL":
            return _detail(access, statement.name)
        case style:
            return _describe_table(access, statement.name, extended=style == "EXTENDED")


def _catalogs(access: Access, statement: Show) -> Result:
    names = _names(access.law.list_children(access.principal, K.CATALOG))
    return result_of({"catalog": _like(names, statement.like)})


def _schemas(access: Access, statement: Show) -> Result:
    catalog = full_name(access, K.CATALOG, statement.inside) if statement.inside else access.namespace.catalog
    if catalog is None:
        raise InvalidInput("SHOW SCHEMAS of which catalog?", hint="Write SHOW SCHEMAS IN a_catalog.")
    names = {*_names(access.law.list_children(access.principal, K.SCHEMA, catalog)), "information_schema"}
    return result_of({"databaseName": _like(names, statement.like)})


def _tables(access: Access, statement: Show) -> Result:
    schema = _schema_of(access, statement)
    names = _system_tables(schema) or _names(access.law.list_children(access.principal, K.TABLE, schema))
    shown = _like(names, statement.like)
    columns: dict[str, list[Any]] = {
        "database": [schema.split(".")[1]] * len(shown), "tableName": shown, "isTemporary": [False] * len(shown)
    }  # fmt: skip
    return result_of(columns, pa.schema([("database", _TEXT), ("tableName", _TEXT), ("isTemporary", pa.bool_())]))


def _system_tables(schema: str) -> list[str]:
    catalog, name = schema.split(".")
    if name == "information_schema":
        return list(INFORMATION)
    return [table for place, table in SYSTEM if catalog == "system" and place == name]


def _views(access: Access, statement: Show) -> Result:
    here, own = access.namespace, _like(access.temporary, statement.like)
    schema = _schema_of(access, statement) if statement.inside or here.schema is not None or not own else None
    names = _like(definitions.view_names(access, schema), statement.like) if schema else []
    return definitions.views(access, schema, names, own)


def _functions(access: Access, statement: Show) -> Result:
    built_in = [] if statement.what == "FUNCTIONS" else definitions.built_in_names()
    made: list[str] = []
    has_place = statement.inside or access.namespace.schema
    if statement.what == "FUNCTIONS" or (statement.what == "ALL FUNCTIONS" and has_place):
        made = definitions.function_names(access, _schema_of(access, statement))
    return result_of({"function": [*_like(made, statement.like), *_like(built_in, statement.like)]})


def _volumes(access: Access, statement: Show) -> Result:
    schema = _schema_of(access, statement)
    shown = _like(_names(access.law.list_children(access.principal, K.VOLUME, schema)), statement.like)
    return result_of({"database": [schema.split(".")[1]] * len(shown), "volume_name": shown})


def _columns(access: Access, statement: Show) -> Result:
    table = _table(access, _inside(statement))
    return result_of({"col_name": [column.name for column in table.columns]})


def _properties(access: Access, statement: Show) -> Result:
    parts = _inside(statement)
    properties = {**_all_properties(_snapshot(access, parts)), **_declared(_table(access, parts))}
    if statement.key is not None:
        if statement.key not in properties:
            raise NotFound(f"There is no property {statement.key}.", hint=did_you_mean(statement.key, properties))
        properties = {statement.key: properties[statement.key]}
    return result_of({"key": list(properties), "value": list(properties.values())})


def _create_table(access: Access, statement: Show) -> Result:
    table = _table(access, _inside(statement))
    if table.table_type is TableType.VIEW and table.view is not None:
        return result_of({"createtab_stmt": [definitions.create_view_text(table)]})
    name = ".".join(quote_part(part) for part in table.securable.full_name.split("."))
    entries = [_column_text(column) for column in table.columns]
    key = primary_key_of(table)
    if key is not None:
        entries.append(key.to_sql())
    columns = ",\n".join(f"  {entry}" for entry in entries)
    partitions = [column for column in table.columns if column.partition_index is not None]
    lines = [f"CREATE TABLE {name} (\n{columns}\n)\nUSING delta"]
    if partitions:
        partitions.sort(key=lambda column: column.partition_index or 0)
        lines.append(f"PARTITIONED BY ({', '.join(quote_part(column.name) for column in partitions)})")
    if table.securable.comment:
        lines.append(f"COMMENT {_quoted(table.securable.comment)}")
    clocks = [f"  {_quoted(name)} = {_quoted(value)}" for name, value in _declared(table).items() if name in CLOCKS]
    if clocks:
        lines.append("TBLPROPERTIES (\n" + ",\n".join(clocks) + "\n)")
    return result_of({"createtab_stmt": ["\n".join(lines)]})


def _column_text(column: Any) -> str:
    comment = f" COMMENT {_quoted(column.comment)}" if column.comment else ""
    return f"{quote_part(column.name)} {column.type_text.upper()}{'' if column.nullable else ' NOT NULL'}{comment}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _describe_table(access: Access, parts: Parts, *, extended: bool) -> Result:
    table = _table(access, parts)
    rows = [(column.name, column.type_text, column.comment) for column in table.columns]
    partitions = [column for column in table.columns if column.partition_index is not None]
    if partitions:
        rows += [("# Partition Information", "", ""), ("# col_name", "data_type", "comment")]
        rows += [(column.name, column.type_text, column.comment) for column in partitions]
    if extended:
        rows += [("", "", ""), ("# Detailed Table Information", "", "")]
        rows += [(name, value, "") for name, value in _facts(access, table)]
        key = primary_key_of(table)
        if key is not None:
            rows += [("", "", ""), ("# Constraints", "", ""), (key.name, key.clause(), "")]
    names, types, comments = zip(*rows, strict=True) if rows else ((), (), ())
    return result_of({"col_name": list(names), "data_type": list(types), "comment": list(comments)})


def _facts(access: Access, table: Table) -> Iterable[tuple[str, str]]:
    securable = table.securable
    catalog, schema, name = securable.full_name.split(".")
    yield from (("Catalog", catalog), ("Database", schema), ("Table", name))
    yield "Created Time", from_epoch_ms(securable.created_at).isoformat()
    yield "Created By", securable.created_by
    yield "Type", table.table_type.value
    if securable.comment:
        yield "Comment", securable.comment
    if table.storage_location:
        yield "Location", table.storage_location
    if table.view is None:
        yield "Provider", table.data_source_format.lower()
    yield "Owner", securable.owner
    if table.storage_location and table.data_source_format != SYSTEM_FORMAT:
        properties = {**_all_properties(open_snapshot(table.storage_location)), **_declared(table)}
        yield "Table Properties", "[" + ",".join(f"{key}={value}" for key, value in properties.items()) + "]"
    yield from definitions.view_facts(table)
    if securable.tags:
        yield "Tags", json.dumps(securable.tags)
    if tags := tags_of(table.columns):
        yield "Column Tags", json.dumps(tags)


def _describe_securable(access: Access, statement: Describe) -> Result:
    name = full_name(access, statement.kind, statement.name)
    found = access.law.get(access.principal, statement.kind, name)
    noun = {K.CATALOG: "Catalog", K.SCHEMA: "Schema", K.VOLUME: "Volume"}[statement.kind]
    rows = [
        (f"{noun} Name", found.full_name.rpartition(".")[2]),
        ("Full Name", found.full_name),
        ("Comment", found.comment or ""),
        ("Owner", found.owner),
        ("Created At", from_epoch_ms(found.created_at).isoformat()),
        ("Created By", found.created_by),
    ]
    if statement.kind is K.VOLUME:
        volume = access.law.volume(access.principal, access.namespace.volume(statement.name))
        rows += [("Volume Type", volume.volume_type), ("Storage Location", volume.storage_location)]
    if statement.style == "EXTENDED":
        rows += [("Properties", json.dumps(found.properties)), ("Tags", json.dumps(found.tags))]
    return result_of({"info_name": [row[0] for row in rows], "info_value": [row[1] for row in rows]})


def _history(access: Access, parts: Parts) -> Result:
    table = access.resolve_one(access.namespace.table(parts), Intent.READ)
    _require_delta(table)
    commits = history(table.storage_location)
    schema = pa.schema(
        [("version", _LONG), ("timestamp", _TIME), ("userName", _TEXT), ("operation", _TEXT),
         ("operationParameters", pa.map_(_TEXT, _TEXT)), ("operationMetrics", pa.map_(_TEXT, _TEXT)),
         ("engineInfo", _TEXT), ("statementId", _TEXT)]
    )  # fmt: skip
    rows = [
        {
            "version": commit.version,
            "timestamp": commit.timestamp,
            "userName": commit.info.get("boathouse.principal"),
            "operation": commit.operation,
            "operationParameters": _pairs(commit.info.get("operationParameters")),
            "operationMetrics": _pairs(commit.info.get("operationMetrics")),
            "engineInfo": commit.info.get("engineInfo"),
            "statementId": commit.info.get("boathouse.statementId"),
        }
        for commit in commits
    ]
    rows_in_memory = pa.Table.from_pylist(rows, schema=schema)
    return Result(lambda: TableRows(rows_in_memory))


def _detail(access: Access, parts: Parts) -> Result:
    table = access.resolve_one(access.namespace.table(parts), Intent.READ)
    _require_delta(table)
    snapshot = open_snapshot(table.storage_location)
    row = {
        "format": "delta",
        "id": table.securable.id,
        "name": table.securable.full_name,
        "description": table.securable.comment,
        "location": table.storage_location,
        "createdAt": from_epoch_ms(table.securable.created_at),
        "lastModified": snapshot.timestamp,
        "partitionColumns": list(snapshot.partition_columns),
        "numFiles": len(snapshot.files),
        "sizeInBytes": sum(file.size_bytes for file in snapshot.files),
        "properties": list(snapshot.properties.items()),
    }
    schema = pa.schema(
        [("format", _TEXT), ("id", _TEXT), ("name", _TEXT), ("description", _TEXT), ("location", _TEXT),
         ("createdAt", _TIME), ("lastModified", _TIME), ("partitionColumns", pa.list_(_TEXT)), ("numFiles", _LONG),
         ("sizeInBytes", _LONG), ("properties", pa.map_(_TEXT, _TEXT))]
    )  # fmt: skip
    return Result(lambda: TableRows(pa.Table.from_pylist([row], schema=schema)))


def _pairs(value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, dict):
        return []
    return [(str(key), item if isinstance(item, str) else json.dumps(item)) for key, item in value.items()]


def _table(access: Access, parts: Parts) -> Table:
    return access.law.table(access.principal, access.namespace.table(parts))


def _snapshot(access: Access, parts: Parts) -> Snapshot:
    table = _table(access, parts)
    _require_delta(table)
    if not table.storage_location:
        table = access.resolve_one(access.namespace.table(parts), Intent.READ)  # says which privilege is missing
    return open_snapshot(table.storage_location)


def _require_delta(table: Table) -> None:
    if table.data_source_format == SYSTEM_FORMAT or table.view is not None:
        raise InvalidInput(f"{table.securable.full_name} is computed when it is read; it has no log of its own.")


def _all_properties(snapshot: Snapshot) -> dict[str, str]:
    return dict(sorted(snapshot.properties.items()))


def _declared(table: Table) -> dict[str, str]:
    """What the catalog alone keeps of the table."""
    return {name: value for name, value in sorted(table.securable.properties.items()) if is_declared(name)}


def _schema_of(access: Access, statement: Show) -> str:
    if statement.inside:
        return full_name(access, K.SCHEMA, statement.inside)
    here = access.namespace
    if here.catalog is None or here.schema is None:
        raise InvalidInput(f"SHOW {statement.what} of which schema?",
                           hint=f"Write SHOW {statement.what} IN catalog.schema.")  # fmt: skip
    return f"{here.catalog}.{here.schema}"


def _inside(statement: Show) -> Parts:
    if statement.inside is None:
        raise InvalidInput(f"SHOW {statement.what} of which table?")
    return statement.inside


def _names(found: Iterable[Securable]) -> list[str]:
    return [securable.full_name.rpartition(".")[2] for securable in found]


def _like(names: Iterable[str], pattern: str | None) -> list[str]:
    """Those that match: ``*`` (or SQL's ``%``) for anything, ``|`` between alternatives; case does not count."""
    if pattern is None:
        return sorted(names)
    choices = [choice.lower().replace("%", "*").strip() for choice in pattern.split("|")]
    return sorted(name for name in names if any(fnmatchcase(name.lower(), choice) for choice in choices))


def _texts(columns: tuple[str, ...], rows: list[dict[str, str]]) -> Result:
    return result_of({name: [row[name] for row in rows] for name in columns})


_SHOWN: dict[str, Callable[[Access, Show], Result]] = {
    "CATALOGS": _catalogs,
    "SCHEMAS": _schemas,
    "TABLES": _tables,
    "VOLUMES": _volumes,
    "VIEWS": _views,
    "FUNCTIONS": _functions,
    "ALL FUNCTIONS": _functions,
    "SYSTEM FUNCTIONS": _functions,
    "COLUMNS": _columns,
    "TBLPROPERTIES": _properties,
    "CREATE TABLE": _create_table,
}
