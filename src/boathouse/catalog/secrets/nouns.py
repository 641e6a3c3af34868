"""The nouns: a secret without its value, and what somebody may do in a scope."""

import re
from dataclasses import dataclass
from enum import StrEnum

from boathouse.catalog.privileges import Privilege
from boathouse.catalog.secrets.facts import InvalidSecret
from boathouse.foundation.errors import InvalidInput

LARGEST_VALUE_BYTES = 128 * 1024
MOST_SECRETS = 1000
"""In one scope."""
MOST_SCOPES = 1000

_SCOPE = re.compile(r"[\w\-.@]{1,128}", re.ASCII)
_KEY = re.compile(r"[\w\-.]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Secret:
    """That there is a secret, and since when; never its value."""

    key: str
    """As it was written; case makes no difference."""
    updated_at: int
    updated_by: str


class AclPermission(StrEnum):
    """What somebody may do in a scope, each including the one before."""

    READ = "READ"
    WRITE = "WRITE"
    MANAGE = "MANAGE"

    @property
    def privilege(self) -> Privilege:
        return _PRIVILEGES[self]

    @classmethod
    def parse(cls, text: str) -> "AclPermission":
        try:
            return cls(text.upper())
        except ValueError as error:
            raise InvalidInput(f"{text!r} is not a permission on secrets.", hint="READ, WRITE or MANAGE.") from error


_PRIVILEGES = {
    AclPermission.READ: Privilege.READ_SECRET,
    AclPermission.WRITE: Privilege.WRITE_SECRET,
    AclPermission.MANAGE: Privilege.MANAGE,
}
ACL_PRIVILEGES = frozenset(_PRIVILEGES.values())


@dataclass(frozen=True, slots=True)
class AclItem:
    """The highest permission of a principal in a scope."""

    principal: str
    permission: AclPermission


def valid_scope(name: str) -> str:
    """
    Raises:
        InvalidSecret: No scope can be called that.
    """
    return _valid(_SCOPE, name, "secret scope", "letters, digits and - _ . @")


def valid_key(name: str) -> str:
    """
    Raises:
        InvalidSecret: No secret can be called that.
    """
    return _valid(_KEY, name, "secret", "letters, digits and - _ .")


def valid_value(value: bytes) -> bytes:
    """
    Raises:
        InvalidSecret: It is empty, or too large.
    """
    if not value:
        raise InvalidSecret("The value of a secret cannot be empty.", hint="To take it away, delete the secret.")
    if len(value) > LARGEST_VALUE_BYTES:
        raise InvalidSecret(f"This value has {len(value)} bytes; a secret can have at most {LARGEST_VALUE_BYTES}.")
    return value


def _valid(pattern: re.Pattern[str], name: str, what: str, allowed: str) -> str:
    if not pattern.fullmatch(name):
        raise InvalidSecret(f"{name[:140]!r} is not a valid name of a {what}.", hint=f"1 to 128 of {allowed}.")
    return name
