"""The key pair with which a home signs what leaves it. The private key never leaves; it is made at its first use."""

import base64
import binascii
import os
import secrets
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from boathouse.foundation.errors import InvalidInput, Unavailable

PREFIX = "boathouse-ed25519"
_KEY_BYTES = 32


class HomeKey:
    """The key pair of a home, in a file that only its owner may read."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def sign(self, content: bytes) -> bytes:
        """The signature of some bytes: the same for the same bytes."""
        return self._private.sign(content)

    @property
    def public_key(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        if not self._file.exists():
            self._make()
        try:
            key = serialization.load_pem_private_key(self._file.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise Unavailable(
                f"The signing key {self._file} cannot be read: {error}.",
                hint="Restore it from a backup, or move it away: a new one is made, which others have to trust anew.",
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise Unavailable(f"{self._file} holds a key of another kind.", hint="An Ed25519 key is needed.")
        return key

    def _make(self) -> None:
        """Written whole under another name first; of two processes, the first to name it wins."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        draft = self._file.with_name(f".{self._file.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as written:
                written.write(pem)
                written.flush()
                os.fsync(written.fileno())
            with suppress(FileExistsError):
                self._file.hardlink_to(draft)
        finally:
            draft.unlink(missing_ok=True)


def is_signed(public_key: bytes, signature: bytes, content: bytes) -> bool:
    """Whether the key's owner has signed exactly these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint_of(public_key: bytes) -> str:
    """What people compare to know a key."""
    return f"SHA256:{base64.b64encode(sha256(public_key).digest()).decode().rstrip('=')}"


def key_text(public_key: bytes, name: str = "") -> str:
    """A public key on one line, to be sent to whoever is to trust it."""
    return f"{PREFIX} {base64.b64encode(public_key).decode()} {name}".strip()


def read_key_text(text: str) -> tuple[bytes, str]:
    """The key and the name on such a line.

    Raises:
        InvalidInput: It is none.
    """
    parts = text.split(None, 2)
    try:
        if parts[0] != PREFIX:
            raise ValueError
        key = base64.b64decode(parts[1], validate=True)
        Ed25519PublicKey.from_public_bytes(key)
    except (IndexError, ValueError, binascii.Error) as error:
        raise InvalidInput(
            f"{text[:80]!r} is no public key.",
            hint=f"The other side prints it with: boathouse model trust show ({PREFIX} ...)",
        ) from error
    return key, parts[2].strip() if len(parts) > 2 else ""
