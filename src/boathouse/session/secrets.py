"""``boathouse.secrets``: values of secrets for programs. Within a task they are kept out of what it prints."""

from base64 import b64decode
from collections.abc import Sequence

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.redaction import note
from boathouse.foundation.rest import Connection, RestClient

__all__ = ["get", "get_bytes", "list", "list_scopes"]

_API = "/api/2.0/secrets"


def get(scope: str, key: str) -> str:
    """The value of a secret as text.

    Raises:
        NotFound: There is no such secret, or you may not know of it.
        InvalidInput: Its bytes are no text.

    Example:
        >>> boathouse.secrets.get("prod", "warehouse")
    """
    value = get_bytes(scope, key)
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"The secret {scope}/{key} is not text.", hint="Read it with get_bytes.") from None


def get_bytes(scope: str, key: str) -> bytes:
    """The value of a secret as it was written."""
    value = b64decode(_client().get(f"{_API}/get", scope=scope, key=key)["value"])
    note([value])
    return value


def list(scope: str) -> Sequence[str]:
    """The names of a scope's secrets."""
    return [each["key"] for each in _client().get(f"{_API}/list", scope=scope)["secrets"]]


def list_scopes() -> Sequence[str]:
    """The scopes that you may know of."""
    return [each["name"] for each in _client().get(f"{_API}/scopes/list")["scopes"]]


def _client() -> RestClient:
    return RestClient(Connection.from_surroundings())
