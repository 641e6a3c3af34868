"""Where an online store is, written so that everybody may read it: a password is a reference, never the word itself."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

from boathouse.features.online.nouns import StoreKind
from boathouse.foundation.errors import InvalidInput

_REFERENCE = re.compile(r"\{\{\s*(?:secrets/(?P<scope>[\w.@-]+)/(?P<key>[\w.-]+)|env/(?P<variable>\w+))\s*\}\}")
_STANDS_FOR_ONE = "boathouse-reference"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_OPTIONS = frozenset(("db", "client_name"))
"""Others would change what the client answers, or are none of its options; a misspelt password would be kept."""
_HOW = "Write redis://:{{secrets/scope/key}}@host:6379/0, or {{env/NAME}} for a variable of the process that connects."


def checked_name(name: str) -> str:
    """
    Raises:
        InvalidInput: No store can be called that.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name[:100]!r} is no name for an online store.", hint="Use 1 to 64 letters, digits, - and _."
        )
    return name


def checked_kind(kind: str) -> StoreKind:
    """
    Raises:
        InvalidInput: There is no such kind.
    """
    try:
        return StoreKind(kind.lower())
    except ValueError as error:
        raise InvalidInput(f"There is no kind of online store {kind!r}.", hint="Use lmdb or redis.") from error


def checked_url(kind: StoreKind, url: str) -> str:
    """The address, if a store of this kind can have it.

    Raises:
        InvalidInput: It is of another kind, or holds a password. The message does not repeat it.
    """
    plain = _REFERENCE.sub(_STANDS_FOR_ONE, url)
    try:
        parts = urlsplit(plain)
        password, host, _ = parts.password, parts.hostname, parts.port
    except ValueError as error:
        raise InvalidInput("The address of the online store cannot be read.", hint=_HOW) from error
    if kind is StoreKind.LMDB:
        if parts.scheme != "file" or not parts.path.startswith("/") or host not in (None, "", "localhost"):
            raise InvalidInput("An LMDB store lies in a folder.", hint="Write file:///path, or leave the url out.")
        return url
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise InvalidInput("A Redis store needs an address redis://host:port/db.", hint=_HOW)
    if parts.scheme != "unix" and not host:
        raise InvalidInput("The address of the Redis store names no host.", hint=_HOW)
    if "password" in parse_qs(parts.query) or password not in (None, "", _STANDS_FOR_ONE):
        raise InvalidInput("The address of an online store can be read by everybody; it holds a password.", hint=_HOW)
    for option in parse_qs(parts.query, keep_blank_values=True):
        if option not in _OPTIONS and not (parts.scheme == "rediss" and option.startswith("ssl_")):
            raise InvalidInput(
                f"The address of a Redis store has no option {option[:50]}.",
                hint="It may have db, and ssl_... for TLS.",
            )
    return url


def resolved(url: str, secret: Callable[[str, str], str], variable: Callable[[str], str | None]) -> str:
    """The address with passwords in place of their references; never to be shown.

    Raises:
        InvalidInput: A variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        if match["variable"] is None:
            return quote(secret(match["scope"], match["key"]), safe="")
        found = variable(match["variable"])
        if found is None:
            raise InvalidInput(
                f"The address of the online store refers to the variable {match['variable']}, which is not set."
            )
        return quote(found, safe="")

    return _REFERENCE.sub(value, url)
