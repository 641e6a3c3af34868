"""Encrypts and decrypts: AES-256-GCM, with the place of a value as associated data, so that a row that is copied to
another place opens nothing."""

import os
from collections.abc import Sequence

from sqlalchemy import Connection

from boathouse.catalog.secrets import repository as rows
from boathouse.catalog.secrets.facts import KeyMissing, SecretUnreadable
from boathouse.catalog.secrets.keys import Key, Keys
from boathouse.catalog.secrets.repository import SealedRow

_NONCE_BYTES = 12


class Vault:
    """Seals values under the key that the database names, and opens them again."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def seal(self, connection: Connection, scope_id: str, name: str, value: bytes, *, at: int, by: str) -> SealedRow:
        """Encrypt for this place. The first value of all brings the first key into use.

        Raises:
            KeyMissing: The key in use is not to be had; another one is never made in its place.
        """
        key_id = rows.key_in_use(connection, to_change=False)
        if key_id is None or (not rows.count(connection) and key_id not in self._ids()):
            key_id = self._keys.first().id
            rows.set_key_in_use(connection, key_id, at=at, by=by)
        return _sealed(self._key(key_id), scope_id, name, value)

    def open(self, row: SealedRow, scope: str) -> bytes:
        """
        Raises:
            KeyMissing: The key it was encrypted with is not to be had.
            SecretUnreadable: The row is not as it was written.
        """
        return _opened(self._key(row.key_id), row, scope)

    def rotate(self, connection: Connection, *, at: int, by: str) -> int:
        """Encrypt everything anew under the next key, within the transaction; gives the number of secrets. Until it
        commits the old key counts, and both are kept; :meth:`settle` then forgets the old one.

        Raises:
            KeyMissing, SecretUnreadable: Of one secret; then nothing changes.
        """
        current = rows.key_in_use(connection, to_change=True)
        if current is None:
            rows.set_key_in_use(connection, self._keys.first().id, at=at, by=by)
            return 0
        self._key(current)
        new = self._keys.next(current)
        everything: Sequence[tuple[str, SealedRow]] = rows.every(connection)
        for scope, row in everything:
            value = self.open(row, scope)
            rows.reseal(connection, _sealed(new, row.scope_id, row.name, value))
        rows.set_key_in_use(connection, new.id, at=at, by=by)
        return len(everything)

    def settle(self, connection: Connection) -> None:
        """Forget keys that nothing needs any more, after a rotation has committed."""
        if (current := rows.key_in_use(connection, to_change=True)) is not None:
            self._keys.settle(current)

    def _ids(self) -> set[str]:
        return {key.id for key in self._keys.all()}

    def _key(self, key_id: str) -> Key:
        for key in self._keys.all():
            if key.id == key_id:
                return key
        raise KeyMissing(key_id, self._keys.place)


def _sealed(key: Key, scope_id: str, name: str, value: bytes) -> SealedRow:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key.secret).encrypt(nonce, value, _place(key.id, scope_id, name))
    return SealedRow(scope_id, name, key.id, nonce + sealed)


def _opened(key: Key, row: SealedRow, scope: str) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce, sealed = row.sealed[:_NONCE_BYTES], row.sealed[_NONCE_BYTES:]
    try:
        return AESGCM(key.secret).decrypt(nonce, sealed, _place(key.id, row.scope_id, row.name))
    except (InvalidTag, ValueError) as error:
        raise SecretUnreadable(scope, row.name) from error


def _place(key_id: str, scope_id: str, name: str) -> bytes:
    """What a value is bound to. The id of a scope is never given again."""
    return "\0".join(("boathouse secret", key_id, scope_id, name)).encode()
