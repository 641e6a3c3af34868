"""Contracts of tables: attached, kept in revisions, checked."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from boathouse.foundation.names import TableName
from boathouse.foundation.shapes import ExactShape, fit
from boathouse.quality.contracts.service import Contracts
from boathouse.quality.contracts.wire import check_json, contract_json, revision_json
from boathouse.server.authentication import Caller

Json = dict[str, Any]
_DOCUMENT = (
    "apiVersion: v3.1.0\nkind: DataContract\nid: orders\nversion: 1.0.0\nstatus: active\nschema:\n- name: orders\n"
)
_REVISION: Json = {"table": "prod.shop.orders", "contract": "orders", "version": "1.0.0", "revision": 1, "owner": "ada"}
_CHECK: Json = {"check_id": 7, "revision": 1, "is_broken": False, "findings": []}
_REPORT: Json = {"at": 1767225600000, "table_version": 3, "rows": 100, "findings": []}


class ContractGiven(ExactShape):
    document: str
    """YAML of the Open Data Contract Standard, version 3."""
    quarantine: str | None = None
    """The table for rows that are set aside."""


def routes(contracts: Contracts) -> APIRouter:
    """The routes of contracts."""
    router = APIRouter(tags=["contracts"], prefix="/api/boathouse/v1/contracts")

    @router.get("", summary="List the tables with contracts", responses=_example({"contracts": [_REVISION]}))
    def list_all(caller: Caller) -> Json:  # pyright: ignore[reportUnusedFunction]
        found = contracts.list(caller)
        return {
            "contracts": [
                {"table": name, **revision_json(each), "broken": sorted(broken)} for name, each, broken in found
            ]
        }

    @router.put("/{table}", summary="Let a contract hold for a table from now on", responses=_example(_REVISION))
    def attach(caller: Caller, table: str, body: Annotated[Json, Body(examples=[{"document": _DOCUMENT}])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        given = fit(ContractGiven, body, what="The request")
        name = TableName.parse(table)
        revision, contract = contracts.attach(caller, name, given.document, quarantine=given.quarantine)
        return {
            "table": str(name),
            **revision_json(revision),
            **_held(contracts, caller, name),
            "terms": contract_json(contract),
        }

    @router.get("/{table}", summary="The contract of a table, now or at an instant", responses=_example(_REVISION))
    def get(caller: Caller, table: str, at: int | None = None) -> Json:  # pyright: ignore[reportUnusedFunction]
        name = TableName.parse(table)
        found = contracts.get(caller, name, at=at)
        asked = {} if at is not None else {
            **_held(contracts, caller, name), "is_asked": contracts.is_asked(caller, name, found.revision)
        }  # fmt: skip
        return {"table": str(name), **revision_json(found), **asked, "document": found.document}

    @router.delete("/{table}", summary="Let no contract hold any more", responses=_example({}))
    def detach(caller: Caller, table: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        contracts.detach(caller, TableName.parse(table))
        return {}

    @router.get("/{table}/revisions", summary="Every contract it had", responses=_example({"revisions": [_REVISION]}))
    def revisions(caller: Caller, table: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        found = contracts.revisions(caller, TableName.parse(table))
        return {"revisions": [{**revision_json(each), "document": each.document} for each in found]}

    @router.post("/{table}/checks", summary="Tell what a check came to", responses=_example(_CHECK))
    def tell(caller: Caller, table: str, body: Annotated[Json, Body(examples=[_REPORT])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        return check_json(
            contracts.tell(caller, TableName.parse(table), fit(ReportGiven, body, what="The report").model_dump())
        )

    @router.get("/{table}/checks", summary="The latest checks", responses=_example({"checks": [_CHECK]}))
    def checks(caller: Caller, table: str, limit: Annotated[int, Query(ge=1, le=1000)] = 25) -> Json:  # pyright: ignore[reportUnusedFunction]
        found = contracts.checks(caller, TableName.parse(table), limit=limit)
        return {"checks": [check_json(each) for each in found]}

    return router


class FindingGiven(ExactShape):
    rule: str
    kind: str
    is_good: bool
    message: str
    column: str | None = None
    severity: str = "error"
    is_breach: bool = False
    value: float | None = None


class ReportGiven(ExactShape):
    """As :meth:`CheckReport.to_json` says it."""

    findings: list[FindingGiven]
    at: int | None = None
    table: str | None = None
    contract: str | None = None
    contract_version: str | None = None
    table_version: int | None = None
    rows: int | None = None
    is_broken: bool | None = None


def _held(contracts: Contracts, caller: Any, name: TableName) -> Json:
    return {"quarantine": contracts.quarantine(caller, name)}


def _example(body: Json) -> Any:
    return {200: {"content": {"application/json": {"example": body}}}}
