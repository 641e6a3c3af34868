"""What this room states when it refuses. No message ever holds a value."""

from collections.abc import Iterable

from boathouse.foundation.errors import BoathouseError, InvalidInput, NotFound, Unavailable, did_you_mean


class InvalidSecret(InvalidInput):
    """A name or a value that no secret can have."""


class SecretNotFound(NotFound):
    """The scope holds no secret of that name."""

    def __init__(self, scope: str, key: str, known: Iterable[str]) -> None:
        super().__init__(f"The secret scope {scope} has no secret {key!r}.", hint=did_you_mean(key, known))


class TooMany(InvalidInput):
    """A limit on the number of scopes, or of secrets in a scope."""

    error_code = "RESOURCE_LIMIT_EXCEEDED"


class KeyMissing(Unavailable):
    """The key with which the secrets are encrypted is not where it should be."""

    def __init__(self, key_id: str, place: str) -> None:
        super().__init__(
            f"Secrets are encrypted with the key {key_id}, which is not in {place}.",
            hint="Put the key back; nothing is lost. Without it the secrets have to be written again.",
        )


class SecretUnreadable(BoathouseError):
    """What is stored is not what was written: the row was changed outside Boathouse."""

    def __init__(self, scope: str, key: str) -> None:
        super().__init__(
            f"The secret {scope}/{key} cannot be decrypted although its key is there: its row was changed or moved.",
            hint="Write it again with: boathouse secrets put",
        )
