"""What can be wrong with the body of a request, and the status that says so."""

from typing import ClassVar

from boathouse.foundation.errors import InvalidInput


class WrongBody(InvalidInput):
    """The body is not what a model can be asked with."""

    http_status: ClassVar[int] = 400


class MalformedBody(WrongBody):
    """The body cannot be read: no JSON, no known format, or two of them."""

    error_code = "BAD_REQUEST"


class WrongInput(WrongBody):
    """The body can be read, and does not fit the model's signature."""


class BodyTooLarge(WrongBody):
    """More rows, or more bytes, than the endpoint takes."""

    error_code = "REQUEST_TOO_LARGE"
    http_status: ClassVar[int] = 413


class UnsupportedType(WrongBody):
    """The content type is none that can be read."""

    error_code = "UNSUPPORTED_MEDIA_TYPE"
    http_status: ClassVar[int] = 415


def require_rows(rows: int, most_rows: int) -> None:
    """
    Raises:
        BodyTooLarge: There are more rows than allowed.
    """
    if rows > most_rows:
        raise BodyTooLarge(
            f"The request has {rows:,} rows; this endpoint takes {most_rows:,}.",
            hint="Send several requests, or score the table in a batch.",
        )
