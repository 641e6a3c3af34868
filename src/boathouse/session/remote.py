# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The law over HTTP: what sessions in tasks, notebooks and the command line use.

Who acts is decided by the token; the principal that the verbs take is what the session shows to people. A statement
costs two round trips: one for all its names, one for its lineage.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from boathouse.catalog import (
    Column,
    Function,
    LineageEdge,
    NewView,
    Privilege,
    Securable,
    SecurableKind,
    Table,
    View,
    Volume,
)
from boathouse.foundation.names import FunctionName, SchemaName, TableName, VolumeName
from boathouse.foundation.principals import Principal
from boathouse.foundation.rest import RestClient
from boathouse.session import wire
from boathouse.session.law import Alteration, Intent, NewTable, StagedTable, Statement, TableRequest

BASE = "/api/boathouse/v1/session"


class RemoteLaw:
    """Asks a control plane. Implements :class:`boathouse.session.law.Law`."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    @property
    def client(self) -> RestClient:
        """For higher rooms, which ask the same control plane for what is theirs."""
        return self._client

    def who_am_i(self) -> Principal:
        """Whoever the token stands for.

        Raises:
            Unauthenticated: The token is not valid (any more).
        """
        return wire.principal_of(self._client.get(f"{BASE}/me"))

    def resolve_tables(
        self, principal: Principal, requests: Sequence[TableRequest], statement: Statement
    ) -> list[Table]:
        body = {"requests": [wire.request_json(each) for each in requests], "statement": wire.statement_json(statement)}
        return [wire.table_of(each) for each in self._post("resolve-tables", body)["tables"]]

    def resolve_volume(self, principal: Principal, name: VolumeName, intent: Intent, statement: Statement) -> Volume:
        body = {"name": str(name), "intent": intent.value, "statement": wire.statement_json(statement)}
        return wire.volume_of(self._post("resolve-volume", body))

    def record_lineage(self, principal: Principal, edges: Sequence[LineageEdge]) -> None:
        if edges:
            self._post("record-lineage", {"edges": [wire.edge_json(edge) for edge in edges]})

    def stage_table(self, principal: Principal, name: TableName, *, replace: bool = False) -> StagedTable:
        return wire.staged_of(self._post("stage-table", {"name": str(name), "replace": replace}))

    def create_table(self, principal: Principal, table: NewTable, *, replace: bool = False) -> Table:
        body = {"table": wire.new_table_json(table), "replace": replace}
        return wire.table_of(self._post("create-table", body))

    def refresh_columns(self, principal: Principal, name: TableName, columns: Sequence[Column]) -> None:
        self._post("refresh-columns", {"name": str(name), "columns": [wire.column_json(each) for each in columns]})

    def create_catalog(self, principal: Principal, name: str, *, comment: str | None = None) -> Securable:
        return wire.securable_of(self._post("create-catalog", {"name": name, "comment": comment}))

    def create_schema(self, principal: Principal, name: SchemaName, *, comment: str | None = None) -> Securable:
        return wire.securable_of(self._post("create-schema", {"name": str(name), "comment": comment}))

    def create_volume(self, principal: Principal, name: VolumeName, *, comment: str | None = None) -> Volume:
        return wire.volume_of(self._post("create-volume", {"name": str(name), "comment": comment}))

    def drop(self, principal: Principal, kind: SecurableKind, full_name: str, *, cascade: bool = False) -> None:
        self._post("drop", {"kind": kind.value, "name": full_name, "cascade": cascade})

    def get(self, principal: Principal, kind: SecurableKind, full_name: str) -> Securable:
        return wire.securable_of(self._post("get", {"kind": kind.value, "name": full_name}))

    def table(self, principal: Principal, name: TableName) -> Table:
        return wire.table_of(self._post("table", {"name": str(name)}))

    def volume(self, principal: Principal, name: VolumeName) -> Volume:
        return wire.volume_of(self._post("volume", {"name": str(name)}))

    def list_children(self, principal: Principal, kind: SecurableKind, parent: str | None = None) -> list[Securable]:
        found = self._post("list", {"kind": kind.value, "parent": parent})["securables"]
        return [wire.securable_of(each) for each in found]

    def alter(self, principal: Principal, kind: SecurableKind, full_name: str, change: Alteration) -> None:
        body = {"kind": kind.value, "name": full_name, "new_name": change.new_name, "owner": change.owner}
        self._post("alter", {**body, "tags": change.tags, "untag": list(change.untag), "column": change.column})

    def pinned_versions(self, principal: Principal, name: TableName) -> list[int]:
        return [int(version) for version in self._post("pinned-versions", {"name": str(name)})["versions"]]

    def set_comment(self, principal: Principal, kind: SecurableKind, full_name: str, comment: str | None) -> None:
        self._post("set-comment", {"kind": kind.value, "name": full_name, "comment": comment})

    def set_properties(
        self, principal: Principal, kind: SecurableKind, full_name: str, properties: Mapping[str, str | None]
    ) -> None:
        self._post("set-properties", {"kind": kind.value, "name": full_name, "properties": dict(properties)})

    def grant(
        self, principal: Principal, grantee: str, privileges: Sequence[Privilege], kind: SecurableKind, full_name: str
    ) -> None:
        self._post("grant", _grant_json(grantee, privileges, kind, full_name))

    def revoke(
        self, principal: Principal, grantee: str, privileges: Sequence[Privilege], kind: SecurableKind, full_name: str
    ) -> None:
        self._post("revoke", _grant_json(grantee, privileges, kind, full_name))

    def list_grants(
        self, principal: Principal, kind: SecurableKind, full_name: str
    ) -> list[tuple[str, Privilege, SecurableKind, str]]:
        return wire.grants_of(self._post("grants", {"kind": kind.value, "name": full_name})["grants"])

    def resolve_functions(
        self, principal: Principal, names: Sequence[FunctionName], statement: Statement
    ) -> list[Function]:
        body = {"names": [str(name) for name in names], "statement": wire.statement_json(statement)}
        return [wire.function_of(each) for each in self._post("resolve-functions", body)["functions"]]

    def create_view(self, principal: Principal, view: NewView, *, replace: bool = False) -> Table:
        return wire.table_of(self._post("create-view", {"view": wire.new_view_json(view), "replace": replace}))

    def alter_view(self, principal: Principal, name: TableName, view: View, columns: Sequence[Column]) -> None:
        shown = [wire.column_json(each) for each in columns]
        self._post("alter-view", {"name": str(name), "view": wire.view_json(view), "columns": shown})

    def create_function(self, principal: Principal, function: Function, *, replace: bool = False) -> Function:
        body = {"function": wire.function_json(function), "replace": replace}
        return wire.function_of(self._post("create-function", body))

    def function(self, principal: Principal, name: FunctionName) -> Function:
        return wire.function_of(self._post("function", {"name": str(name)}))

    def system_table(self, principal: Principal, name: TableName) -> pa.Table:
        response = self._client.send("POST", f"{BASE}/system-table", json={"name": str(name)})
        with pa.ipc.open_stream(response.content) as stream:
            return stream.read_all()

    def _post(self, verb: str, body: dict[str, Any]) -> Any:
        return self._client.post(f"{BASE}/{verb}", body)


def _grant_json(grantee: str, privileges: Sequence[Privilege], kind: SecurableKind, full_name: str) -> dict[str, Any]:
    return {
        "principal": grantee,
        "privileges": [privilege.value for privilege in privileges],
        "kind": kind.value,
        "name": full_name,
    }
