"""What can go wrong, in seven categories.

A room names its own facts below these categories; each door maps a category to its own signal (a status, an exit code)
in one table. A message says what happened and to what; the hint says what to do next.

    BoathouseError
    ├── InvalidInput        the request itself is wrong
    ├── Unauthenticated     nobody knows who is asking
    ├── Denied              the principal may not do this
    ├── NotFound            the thing does not exist
    ├── AlreadyExists       the name is taken
    ├── Conflict            somebody else changed it first, or its state forbids this now
    └── Unavailable         a part we need does not answer, or the machine ran out of something
"""

from collections.abc import Iterable
from difflib import get_close_matches


class BoathouseError(Exception):
    """The base of every error that a person can meet. ``error_code`` is the name on the wire."""

    error_code = "INTERNAL_ERROR"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message} {hint}" if hint else message)


class InvalidInput(BoathouseError):
    """The request is malformed or contradicts itself."""

    error_code = "INVALID_PARAMETER_VALUE"


class Unauthenticated(BoathouseError):
    """No valid token came with the request."""

    error_code = "UNAUTHENTICATED"


class Denied(BoathouseError):
    """The principal lacks a privilege."""

    error_code = "PERMISSION_DENIED"


class NotFound(BoathouseError):
    """The named thing does not exist, or the principal may not know of it."""

    error_code = "RESOURCE_DOES_NOT_EXIST"


class AlreadyExists(BoathouseError):
    """The name is already taken."""

    error_code = "RESOURCE_ALREADY_EXISTS"


class Conflict(BoathouseError):
    """The thing has changed since it was read, or its state forbids the request."""

    error_code = "RESOURCE_CONFLICT"


class Unavailable(BoathouseError):
    """A needed part does not answer, or a resource such as disk space ran out."""

    error_code = "TEMPORARILY_UNAVAILABLE"


CATEGORIES: tuple[type[BoathouseError], ...] = (
    InvalidInput,
    Unauthenticated,
    Denied,
    NotFound,
    AlreadyExists,
    Conflict,
    Unavailable,
)


def category_of(error_code: str) -> type[BoathouseError]:
    """The category that carries this code on the wire; the base class for a code of somebody else's."""
    return next((category for category in CATEGORIES if category.error_code == error_code), BoathouseError)


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """A sentence that proposes the closest known names, or None when nothing is close.

    Example:
        >>> did_you_mean("ordrs", ["orders", "lines"])
        'Did you mean orders?'
    """
    matches = get_close_matches(name, list(known), n=3, cutoff=cutoff)
    return f"Did you mean {' or '.join(matches)}?" if matches else None
