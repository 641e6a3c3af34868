"""Errors on the wire: one table from category to status, one shape for every answer."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from boathouse.foundation.context import current_request
from boathouse.foundation.errors import (
    AlreadyExists,
    BoathouseError,
    Conflict,
    Denied,
    InvalidInput,
    NotFound,
    Unauthenticated,
    Unavailable,
)

log = logging.getLogger(__name__)

STATUSES: dict[type[BoathouseError], int] = {
    InvalidInput: 400,
    Unauthenticated: 401,
    Denied: 403,
    NotFound: 404,
    AlreadyExists: 409,
    Conflict: 409,
    Unavailable: 503,
}

_CODES_BY_STATUS = {404: "ENDPOINT_NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "REQUEST_TOO_LARGE"}


def status_of(error: BoathouseError) -> int:
    """The status of an error: that of its category, 500 for one that has none."""
    return next((status for category, status in STATUSES.items() if isinstance(error, category)), 500)


def error_body(error: BoathouseError) -> dict[str, Any]:
    """The JSON of an error. ``message`` is the whole sentence: other people's clients show nothing else."""
    body: dict[str, Any] = {"error_code": error.error_code, "message": str(error)}
    if request_id := current_request().request_id:
        body["request_id"] = request_id
    return body


def unstorable(error: Exception) -> InvalidInput | None:
    """What somebody has sent that no database takes: a number beyond 64 bits, half a letter. None for other errors."""
    match error:
        case OverflowError():
            return InvalidInput("The request is not valid: it holds a number that is too large.")
        case UnicodeEncodeError():
            return InvalidInput("The request is not valid: it holds a text that is not valid Unicode.")
        case _:
            return None


def answer_errors(app: FastAPI) -> None:
    """Make the app answer every error in our shape."""

    @app.exception_handler(BoathouseError)
    def ours(_: Request, error: BoathouseError) -> Response:  # pyright: ignore[reportUnusedFunction]
        if status_of(error) == 500:
            log.error("A request failed: %s", error, exc_info=error)
        return JSONResponse(error_body(error), status_of(error))

    @app.exception_handler(RequestValidationError)
    def malformed(_: Request, error: RequestValidationError) -> Response:  # pyright: ignore[reportUnusedFunction]
        problems = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        return JSONResponse(error_body(InvalidInput(f"The request is not valid: {problems}.")), 400)

    @app.exception_handler(OverflowError)
    @app.exception_handler(UnicodeEncodeError)
    def not_stored(request: Request, error: Exception) -> Response:  # pyright: ignore[reportUnusedFunction]
        log.warning("%s %s: %s", request.method, request.url.path, error)
        return JSONResponse(error_body(unstorable(error) or InvalidInput("The request is not valid.")), 400)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:  # pyright: ignore[reportUnusedFunction]
        code = _CODES_BY_STATUS.get(error.status_code, "BAD_REQUEST")
        message = f"{request.method} {request.url.path}: {error.detail}."
        return JSONResponse({"error_code": code, "message": message}, error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:  # pyright: ignore[reportUnusedFunction]
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        message = f"{request.method} {request.url.path} failed inside the server; its log says why."
        return JSONResponse(error_body(BoathouseError(message)), 500)
