"""The whole result of a statement as one file. Ours; Databricks' clients fetch it chunk by chunk."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from boathouse.foundation.principals import Principal
from boathouse.server.authentication import Caller
from boathouse.session.statements.exporting import MEDIA_TYPES, FileKind, exported
from boathouse.session.statements.service import Part, Statements

PATH = "/api/boathouse/v1/statements/{statement_id}/result"


def routes(statements: Statements) -> APIRouter:
    """One route."""
    router = APIRouter(tags=["statements"])
    csv = {200: {"content": {"text/csv": {"example": "flights\n336776\n"}}}}

    @router.get(PATH, summary="The whole result as a file", response_class=StreamingResponse, responses={**csv})
    def export(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, statement_id: str, kind: Annotated[FileKind, Query()] = FileKind.CSV
    ) -> StreamingResponse:
        first = statements.chunk(caller, statement_id, 0)  # what cannot be fetched is said before anything is sent
        headers = {"content-disposition": f'attachment; filename="result.{kind}"', "x-content-type-options": "nosniff"}
        body = exported(kind, (part.rows for part in _parts(statements, caller, first)))
        return StreamingResponse(body, media_type=MEDIA_TYPES[kind], headers=headers)

    return router


def _parts(statements: Statements, caller: Principal, first: Part) -> Iterator[Any]:
    yield first
    for index in range(1, len(first.record.outcome.chunks)):
        yield statements.chunk(caller, first.record.id, index)
