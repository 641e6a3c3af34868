"""What an endpoint cannot or will not do, and the status and code that say so: those of the control plane."""

from typing import Any

import orjson

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
from boathouse.serving.answering.requests import CONTENT_TYPE_JSON, Answer, Headers

_STATUSES: tuple[tuple[type[BoathouseError], int], ...] = (
    (InvalidInput, 400),
    (Unauthenticated, 401),
    (Denied, 403),
    (NotFound, 404),
    (AlreadyExists, 409),
    (Conflict, 409),
    (Unavailable, 503),
)


class TooMany(Unavailable):
    """The caller, or all callers together, ask for more than the endpoint may take."""

    error_code = "REQUEST_LIMIT_EXCEEDED"
    http_status = 429

    def __init__(self, message: str, *, hint: str | None = None, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class NotReady(Unavailable):
    """The endpoint is there and cannot answer yet."""

    retry_after_seconds = 1.0


class TookTooLong(Unavailable):
    """The model has not answered within the deadline, and nothing below it could."""

    error_code = "DEADLINE_EXCEEDED"
    http_status = 504


class FeaturesFailed(BoathouseError):
    """Features are missing, stale or cannot be read, and the policy refuses to answer without them."""

    error_code = "FAILED_DEPENDENCY"
    http_status = 424


class ModelFailed(BoathouseError):
    """The model raised, and nothing below it could answer."""

    error_code = "MODEL_FAILED"
    http_status = 500


class TooLarge(InvalidInput):
    """The body has more bytes than the endpoint takes."""

    error_code = "REQUEST_TOO_LARGE"
    http_status = 413


class TooSlow(InvalidInput):
    """The body did not arrive in time."""

    error_code = "REQUEST_TIMEOUT"
    http_status = 408


class WrongMethod(InvalidInput):
    """The path is there, and is asked for in another way."""

    error_code = "METHOD_NOT_ALLOWED"
    http_status = 405


def status_of(error: BaseException) -> int:
    """The status of an error: its own, else that of its category, else 500."""
    if (own := getattr(error, "http_status", None)) is not None:
        return int(own)
    return next((status for category, status in _STATUSES if isinstance(error, category)), 500)


def error_answer(error: BoathouseError, request_id: str, more: Headers | None = None) -> Answer:
    """The answer that tells of an error."""
    headers: Headers = [CONTENT_TYPE_JSON, ("x-request-id", request_id)]
    seconds: Any = getattr(error, "retry_after_seconds", None)
    if seconds is not None:
        headers.append(("retry-after", str(max(1, round(seconds)))))
    if isinstance(error, Unauthenticated):
        headers.append(("www-authenticate", "Bearer"))
    if more:
        headers.extend(more)
    text = orjson.dumps({"error_code": error.error_code, "message": str(error), "request_id": request_id})
    return Answer(status_of(error), headers, text)
