# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Statements in the Databricks shapes: what ``databricks.sdk``'s ``statement_execution`` speaks."""

import asyncio
import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ConfigDict

from boathouse.foundation.errors import Denied, InvalidInput, did_you_mean
from boathouse.foundation.principals import SYSTEM
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_shapes import Body, answered
from boathouse.server.routes.warehouses import WAREHOUSE_ID
from boathouse.session.statements.formatting import csv_bytes, text_rows
from boathouse.session.statements.nouns import (
    Disposition,
    Format,
    State,
    StatementRecord,
    StatementRequest,
)
from boathouse.session.statements.service import Part, Statements

JSON = dict[str, Any]
BASE = "/api/2.0/sql/statements"
DOWNLOADS = "/api/2.0/sql/downloads/"
"""Signed addresses: whoever has one may fetch that one chunk, without a token, until it expires."""
LINK_SECONDS = 900
_POLL_SECONDS = (0.005, 0.1)
_SERVICE_CODES = {
    "INVALID_PARAMETER_VALUE": "BAD_REQUEST",
    "UNAUTHENTICATED": "UNAUTHENTICATED",
    "PERMISSION_DENIED": "BAD_REQUEST",
    "RESOURCE_DOES_NOT_EXIST": "NOT_FOUND",
    "RESOURCE_ALREADY_EXISTS": "ALREADY_EXISTS",
    "RESOURCE_CONFLICT": "ABORTED",
    "TEMPORARILY_UNAVAILABLE": "TEMPORARILY_UNAVAILABLE",
}
_SUCCEEDED = {
    "statement_id": "5b6f…",
    "status": {"state": "SUCCEEDED"},
    "manifest": {
        "format": "JSON_ARRAY",
        "schema": {
            "column_count": 1,
            "columns": [{"name": "flights", "type_name": "LONG", "type_text": "BIGINT", "position": 0}],
        },
        "total_chunk_count": 1,
        "total_row_count": 1,
        "chunks": [{"chunk_index": 0, "row_offset": 0, "row_count": 1}],
        "truncated": False,
    },
    "result": {"chunk_index": 0, "row_offset": 0, "row_count": 1, "data_array": [["336776"]]},
}


class NewStatement(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "statement": "SELECT count(*) AS flights FROM prod.flights.flights WHERE origin = :origin",
                    "parameters": [{"name": "origin", "value": "JFK"}],
                    "warehouse_id": WAREHOUSE_ID,
                    "wait_timeout": "30s",
                }
            ]
        },
    )

    statement: str
    warehouse_id: str | None = None
    catalog: str | None = None
    # ``schema`` is taken by pydantic; it arrives among the extra fields.
    parameters: list[dict[str, Any]] | None = None
    row_limit: int | None = None
    byte_limit: int | None = None
    disposition: str = Disposition.INLINE.value
    format: str = Format.JSON_ARRAY.value
    wait_timeout: str = "10s"
    on_wait_timeout: str = "CONTINUE"
    query_tags: list[dict[str, Any]] | None = None

    def ignored(self) -> list[str]:
        return [name for name in super().ignored() if name != "schema"] + (["query_tags"] if self.query_tags else [])


def routes(statements: Statements) -> APIRouter:
    """Execute, look, fetch, cancel."""
    router = APIRouter(tags=["statements"])
    links = _Links()

    @router.post(BASE, summary="Run a statement; wait for it, or come back", responses=_example(_SUCCEEDED))
    async def execute(caller: Caller, request: Request, body: NewStatement) -> JSON:  # pyright: ignore[reportUnusedFunction]
        seconds, cancels = _waiting(body)
        wanted = _wanted(body)
        made = await to_thread.run_sync(statements.execute, caller, wanted)
        await _until_ended(statements, made.id, seconds)
        if cancels and statements.is_under_way(made.id):
            await to_thread.run_sync(statements.cancel, caller, made.id)
            await _until_ended(statements, made.id, 10)
        record = await to_thread.run_sync(statements.get, caller, made.id)
        answer = await to_thread.run_sync(_answer, statements, caller, record, links.at(request))
        return answered(body, answer)

    @router.get(BASE + "/{statement_id}", summary="A statement as it is now", responses=_example(_SUCCEEDED))
    def get(caller: Caller, request: Request, statement_id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return _answer(statements, caller, statements.get(caller, statement_id), links.at(request))

    @router.get(
        BASE + "/{statement_id}/result/chunks/{chunk_index}",
        summary="A part of the rows",
        responses=_example(_SUCCEEDED["result"]),
    )
    def chunk(caller: Caller, request: Request, statement_id: str, chunk_index: int) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return _result(statements.chunk(caller, statement_id, chunk_index), links.at(request))

    @router.post(BASE + "/{statement_id}/cancel", summary="End a statement", responses=_example({}))
    def cancel(caller: Caller, statement_id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        statements.cancel(caller, statement_id)
        return {}

    @router.get(
        DOWNLOADS + "{statement_id}/{chunk_index}",
        summary="The file behind an external link",
        response_class=Response,
        include_in_schema=False,
    )
    def download(statement_id: str, chunk_index: int, expires: int, signature: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        links.require(statement_id, chunk_index, expires, signature)
        part = statements.chunk(SYSTEM, statement_id, chunk_index)
        return _file(part)

    return router


async def _until_ended(statements: Statements, statement_id: str, seconds: float) -> None:
    """Wait without holding a thread, so that a hundred waiting clients do not stop the others."""
    deadline, pause = time.monotonic() + seconds, _POLL_SECONDS[0]
    while statements.is_under_way(statement_id) and (left := deadline - time.monotonic()) > 0:
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, _POLL_SECONDS[1])


def _wanted(body: NewStatement) -> StatementRequest:
    if body.warehouse_id not in (None, "", WAREHOUSE_ID):
        raise InvalidInput(f"There is no warehouse {body.warehouse_id}.", hint=f"The one there is: {WAREHOUSE_ID}.")
    schema = (body.model_extra or {}).get("schema")
    return StatementRequest(
        text=body.statement,
        parameters=tuple(body.parameters or ()),
        catalog=body.catalog or None,
        schema=str(schema) if schema else None,
        row_limit=body.row_limit,
        byte_limit=body.byte_limit,
        disposition=_choice(Disposition, "disposition", body.disposition),
        format=_choice(Format, "format", body.format),
    )


def _choice(kind: Any, what: str, text: str) -> Any:
    try:
        return kind(text.upper())
    except ValueError as error:
        raise InvalidInput(f"{what} cannot be {text!r}.", hint=did_you_mean(text.upper(), kind)) from error


def _waiting(body: NewStatement) -> tuple[float, bool]:
    text = body.wait_timeout.strip()
    seconds = int(text[:-1]) if text.endswith("s") and text[:-1].isdigit() else -1
    if seconds != 0 and not 5 <= seconds <= 50:
        raise InvalidInput(f"wait_timeout is {body.wait_timeout!r}.", hint="It is 0s, or from 5s to 50s.")
    if body.on_wait_timeout.upper() not in ("CONTINUE", "CANCEL"):
        raise InvalidInput(f"on_wait_timeout is {body.on_wait_timeout!r}.", hint="It is CONTINUE or CANCEL.")
    if seconds == 0 and body.on_wait_timeout.upper() == "CANCEL":
        raise InvalidInput("on_wait_timeout CANCEL needs a wait_timeout.", hint="Send wait_timeout of 5s to 50s.")
    return float(seconds), body.on_wait_timeout.upper() == "CANCEL"


def _answer(statements: Statements, caller: Any, record: StatementRecord, links: "_LinksAt") -> JSON:
    answer: JSON = {"statement_id": record.id, "status": _status(record)}
    if record.state is not State.SUCCEEDED:
        return answer
    answer["manifest"] = _manifest(record)
    if record.outcome.chunks:
        answer["result"] = _result(statements.chunk(caller, record.id, 0), links)
    else:
        answer["result"] = {}
    return answer


def _status(record: StatementRecord) -> JSON:
    status: JSON = {"state": record.state.value}
    if record.outcome.error is not None:
        code = _SERVICE_CODES.get(record.outcome.error_code or "", "INTERNAL_ERROR")
        status["error"] = {"error_code": code, "message": record.outcome.error}
    return status


def _manifest(record: StatementRecord) -> JSON:
    outcome = record.outcome
    chunks = [each.to_json() for each in outcome.chunks]
    manifest: JSON = {
        "format": record.request.format.value,
        "schema": {"column_count": len(outcome.columns), "columns": list(outcome.columns)},
        "total_chunk_count": len(chunks),
        "total_row_count": outcome.row_count,
        "truncated": outcome.truncated,
        "chunks": chunks,
    }
    if record.request.disposition is Disposition.EXTERNAL_LINKS:
        manifest["total_byte_count"] = outcome.byte_count
    return manifest


def _result(part: Part, links: "_LinksAt") -> JSON:
    chunk = part.record.outcome.chunks[part.index]
    result = chunk.to_json()
    if part.index + 1 < len(part.record.outcome.chunks):
        result["next_chunk_index"] = part.index + 1
        result["next_chunk_internal_link"] = f"{BASE}/{part.record.id}/result/chunks/{part.index + 1}"
    if part.record.request.disposition is Disposition.INLINE:
        del result["byte_count"]
        return result | {"data_array": text_rows(part.rows)}
    return {"external_links": [result | links.to(part.record.id, part.index)]}


def _file(part: Part) -> Response:
    match part.record.request.format:
        case Format.CSV:
            return Response(csv_bytes(part.rows), media_type="text/csv")
        case Format.ARROW_STREAM:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, part.rows.schema) as writer:
                writer.write_table(part.rows)
            return Response(sink.getvalue().to_pybytes(), media_type="application/vnd.apache.arrow.stream")
        case Format.JSON_ARRAY:
            import orjson

            return Response(orjson.dumps(text_rows(part.rows)), media_type="application/json")


class _Links:
    """Signs addresses with a key that lives as long as the process: after a restart one asks for a new link."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def at(self, request: Request) -> "_LinksAt":
        return _LinksAt(self, str(request.base_url).rstrip("/"))

    def sign(self, statement_id: str, index: int, expires: int) -> str:
        return hmac.new(self._key, f"{statement_id}/{index}/{expires}".encode(), hashlib.sha256).hexdigest()

    def require(self, statement_id: str, index: int, expires: int, signature: str) -> None:
        expected = self.sign(statement_id, index, expires)
        if not hmac.compare_digest(expected, signature) or expires < time.time():
            raise Denied(
                "This link is not valid (any more).", hint="Ask for the chunk again; it comes with a new link."
            )


class _LinksAt:
    """Links as the client of one request can reach them."""

    def __init__(self, links: _Links, base_url: str) -> None:
        self._links = links
        self._base_url = base_url

    def to(self, statement_id: str, index: int) -> JSON:
        expires = int(time.time()) + LINK_SECONDS
        signature = self._links.sign(statement_id, index, expires)
        place = f"{self._base_url}{DOWNLOADS}{statement_id}/{index}"
        until = datetime.fromtimestamp(expires, UTC).isoformat(timespec="milliseconds")
        return {
            "external_link": f"{place}?expires={expires}&signature={signature}",
            "expiration": until.replace("+00:00", "Z"),
        }


def _example(content: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": content}}}}
