"""Names of principals: e-mail addresses, login names, names of teams and applications."""

import re
import unicodedata

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.principals import ADMINS, EVERYONE, SYSTEM, UNKNOWN

MAX_LENGTH = 255
RESERVED = frozenset({EVERYONE, SYSTEM.name, UNKNOWN.name})
"""Names that stand for something without being kept."""

BUILT_IN = RESERVED | {ADMINS}

_NAME = re.compile(r"\w(?:[\w .@+\-:=]*[\w.+=])?")


class InvalidPrincipalName(InvalidInput):
    """A name that no principal can have."""


def valid_identity_name(text: str) -> str:
    """The name in NFC, spelled as its owner likes.

    Raises:
        InvalidPrincipalName: It is empty, too long, reserved, or holds a character that would need quoting in SQL or
            a shell.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise InvalidPrincipalName("The name of a principal cannot be empty.")
    if len(name) > MAX_LENGTH:
        raise InvalidPrincipalName(
            f"The name {name[:20]}... has {len(name)} characters; at most {MAX_LENGTH} are allowed."
        )
    if not _NAME.fullmatch(name):
        raise InvalidPrincipalName(
            f"{text!r} is not a valid name of a principal.",
            hint="Use letters, digits, spaces and . _ - @ + : = and begin with a letter or a digit.",
        )
    if identity_key(name) in RESERVED:
        raise InvalidPrincipalName(f"The name {name!r} is reserved.")
    return name


def identity_key(name: str) -> str:
    """What two names are compared by: case and Unicode form make no difference."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip().casefold())
