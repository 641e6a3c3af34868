"""The nouns of the law as JSON: how a session in a task and the control plane understand each other."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from boathouse.catalog import (
    Behind,
    Column,
    ColumnFlow,
    Function,
    LineageEdge,
    LineageNode,
    NewView,
    NodeKind,
    Privilege,
    Securable,
    SecurableKind,
    Table,
    TableType,
    View,
    Volume,
    definitions,
)
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal, PrincipalKind
from boathouse.foundation.redaction import of_this_task
from boathouse.session.law import Intent, NewTable, StagedTable, Statement, TableRequest

Json = dict[str, Any]

LONGEST_ID = 64


def _plain(noun: Any) -> Json:
    return {field.name: getattr(noun, field.name) for field in fields(noun)}


def statement_json(statement: Statement) -> Json:
    """For the audit log, and so without the secrets that the surrounding task knows."""
    return {**_plain(statement), "text": of_this_task(statement.text)}


def statement_of(data: Mapping[str, Any]) -> Statement:
    return Statement(str(data["id"]), str(data["text"]), str(data["kind"]))


def request_json(request: TableRequest) -> Json:
    return {"name": str(request.name), "intent": request.intent.value}


def request_of(data: Mapping[str, Any]) -> TableRequest:
    return TableRequest(TableName.parse(str(data["name"])), Intent(str(data["intent"])))


def principal_json(principal: Principal) -> Json:
    return {"name": principal.name, "kind": principal.kind.value, "groups": sorted(principal.groups)}


def principal_of(data: Mapping[str, Any]) -> Principal:
    return Principal(data["name"], PrincipalKind(data["kind"]), frozenset(data["groups"]))


def securable_json(securable: Securable) -> Json:
    return {**_plain(securable), "kind": securable.kind.value}


def securable_of(data: Mapping[str, Any]) -> Securable:
    values: dict[str, Any] = {**data, "kind": SecurableKind(data["kind"])}
    return Securable(**values)


def column_json(column: Column) -> Json:
    return _plain(column)


def column_of(data: Mapping[str, Any]) -> Column:
    return Column(**data)


def table_json(table: Table) -> Json:
    return {
        "securable": securable_json(table.securable),
        "table_type": table.table_type.value,
        "data_source_format": table.data_source_format,
        "storage_location": table.storage_location,
        "columns": [column_json(column) for column in table.columns],
        "view": None if table.view is None else view_json(table.view),
        "at_version": table.at_version,
    }


def table_of(data: Mapping[str, Any]) -> Table:
    return Table(
        securable_of(data["securable"]),
        TableType(data["table_type"]),
        data["data_source_format"],
        data["storage_location"],
        tuple(column_of(column) for column in data["columns"]),
        None if data.get("view") is None else view_of(data["view"]),
        data.get("at_version"),
    )


def view_json(view: View) -> Json:
    return {**definitions.view_json(view), "behind": _behind_json(view.behind)}


def view_of(data: Mapping[str, Any]) -> View:
    return replace(definitions.view_of(data), behind=_behind_of(data.get("behind")))


def new_view_json(view: NewView) -> Json:
    return {
        "name": str(view.name),
        "view": view_json(view.view),
        "columns": [column_json(column) for column in view.columns],
        "comment": view.comment,
        "properties": dict(view.properties),
    }


def new_view_of(data: Mapping[str, Any]) -> NewView:
    return NewView(
        TableName.parse(str(data["name"])),
        view_of(data["view"]),
        tuple(column_of(column) for column in data["columns"]),
        data.get("comment"),
        dict(data.get("properties") or {}),
    )


def function_json(function: Function) -> Json:
    return {
        **definitions.function_json(function),
        "securable": securable_json(function.securable),
        "behind": _behind_json(function.behind),
    }


def function_of(data: Mapping[str, Any]) -> Function:
    found = definitions.function_of(securable_of(data["securable"]), data)
    return replace(found, behind=_behind_of(data.get("behind")))


def _behind_json(behind: Behind | None) -> Json | None:
    if behind is None:
        return None
    return {
        "tables": [table_json(table) for table in behind.tables],
        "functions": [function_json(function) for function in behind.functions],
    }


def _behind_of(data: Mapping[str, Any] | None) -> Behind | None:
    if data is None:
        return None
    return Behind(tuple(map(table_of, data["tables"])), tuple(map(function_of, data["functions"])))


def volume_json(volume: Volume) -> Json:
    return {
        "securable": securable_json(volume.securable),
        "volume_type": volume.volume_type,
        "storage_location": volume.storage_location,
    }


def volume_of(data: Mapping[str, Any]) -> Volume:
    return Volume(securable_of(data["securable"]), data["volume_type"], data["storage_location"])


def staged_json(staged: StagedTable) -> Json:
    return {**_plain(staged), "name": str(staged.name)}


def staged_of(data: Mapping[str, Any]) -> StagedTable:
    return StagedTable(data["table_id"], TableName.parse(data["name"]), data["storage_location"])


def new_table_json(table: NewTable) -> Json:
    return {
        "staged": staged_json(table.staged),
        "columns": [column_json(column) for column in table.columns],
        "comment": table.comment,
        "properties": table.properties,
    }


def new_table_of(data: Mapping[str, Any]) -> NewTable:
    return NewTable(
        staged_of(data["staged"]),
        tuple(column_of(column) for column in data["columns"]),
        data.get("comment"),
        dict(data.get("properties") or {}),
    )


def edge_json(edge: LineageEdge) -> Json:
    return {
        "source": _node_json(edge.source),
        "target": _node_json(edge.target),
        "operation": edge.operation,
        "statement_id": edge.statement_id,
        "session_id": edge.session_id,
        "columns": None if edge.columns is None else edge.columns.to_json(),
    }


def edge_of(data: Mapping[str, Any]) -> LineageEdge:
    session_id, columns = data.get("session_id"), data.get("columns")
    return LineageEdge(
        _node_of(data.get("source")),
        _node_of(data.get("target")),
        str(data["operation"]),
        data.get("statement_id"),
        session_id=None if session_id is None else str(session_id)[:LONGEST_ID],
        columns=None if columns is None else ColumnFlow.from_json(columns),
    )


def _node_json(node: LineageNode | None) -> Json | None:
    return None if node is None else {**_plain(node), "kind": node.kind.value}


def _node_of(data: Mapping[str, Any] | None) -> LineageNode | None:
    return None if data is None else LineageNode(NodeKind(data["kind"]), str(data["name"]), data.get("version"))


def grants_json(grants: list[tuple[str, Privilege, SecurableKind, str]]) -> list[list[str]]:
    return [[grantee, privilege.value, kind.value, name] for grantee, privilege, kind, name in grants]


def grants_of(data: list[list[str]]) -> list[tuple[str, Privilege, SecurableKind, str]]:
    return [(grantee, Privilege(privilege), SecurableKind(kind), name) for grantee, privilege, kind, name in data]
