"""The keys that secrets are encrypted with: in a file of the home that only its owner can read, or given from outside.

A key is 32 random bytes, written in base64. The database knows by id which key is in use; here are the keys
themselves, so neither of the two is worth anything without the other.
"""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from boathouse.foundation.errors import InvalidInput, Unavailable

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A key; ``id`` tells it from others without telling what it is."""

    secret: bytes

    @property
    def id(self) -> str:
        return hashlib.sha256(b"boathouse secrets key " + self.secret).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"Key({self.id})"

    def to_text(self) -> str:
        return base64.b64encode(self.secret).decode()

    @classmethod
    def parse(cls, text: str, place: str) -> "Key":
        """
        Raises:
            InvalidInput: It is not 32 bytes in base64.
        """
        try:
            secret = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) != KEY_BYTES:
            raise InvalidInput(
                f"{place} does not hold a key: {KEY_BYTES} bytes in base64 are expected.",
                hint="Make one with: openssl rand -base64 32",
            )
        return cls(secret)

    @classmethod
    def new(cls) -> "Key":
        return cls(secrets.token_bytes(KEY_BYTES))


class Keys(Protocol):
    """Where the keys are."""

    @property
    def place(self) -> str:
        """In words, for errors."""
        ...

    def all(self) -> list[Key]:
        """The keys, the one to be used next first."""
        ...

    def first(self) -> Key:
        """The key for a database that has none yet."""
        ...

    def next(self, current: str) -> Key:
        """The key that shall follow the one in use; kept before it is given out.

        Raises:
            InvalidInput: Keys are given from outside, and no new one is there.
        """
        ...

    def settle(self, current: str) -> None:
        """The database has changed over to this key; the others are not needed any more."""
        ...


@dataclass(frozen=True, slots=True)
class FileKeys:
    """A file that Boathouse makes when it is needed first, and changes when keys rotate."""

    file: Path

    @property
    def place(self) -> str:
        return str(self.file)

    def all(self) -> list[Key]:
        try:
            text = self.file.read_text()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unavailable(f"The key file {self.file} cannot be read: {error.strerror}.") from error
        return _read(text, self.place)

    def first(self) -> Key:
        """Made once, however many processes ask at the same time."""
        if not self.all():
            draft = self._draft([Key.new()])
            try:
                os.link(draft, self.file)  # fails where another process was faster, and then its key counts
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return self.all()[0]

    def next(self, current: str) -> Key:
        held = self.all()
        if held[0].id != current:
            return held[0]  # a rotation that was interrupted is taken up again
        new = Key.new()
        self._draft([new, *held]).replace(self.file)
        return new

    def settle(self, current: str) -> None:
        self._draft([key for key in self.all() if key.id == current]).replace(self.file)

    def _draft(self, keys: Iterable[Key]) -> Path:
        """A complete file beside the real one: never readable by others, and on the disk before it counts."""
        draft = self.file.with_name(f"{self.file.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write("".join(f"{key.to_text()}\n" for key in keys))
                file.flush()
                os.fsync(descriptor)
        except OSError as error:
            draft.unlink()
            raise Unavailable(f"The key file {self.file} cannot be written: {error.strerror}.") from error
        return draft


@dataclass(frozen=True, slots=True, repr=False)
class GivenKeys:
    """Keys from a setting, the one to be used next first; changing them is for whoever gave them."""

    text: str
    place: str

    def all(self) -> list[Key]:
        found = _read(self.text, self.place)
        if not found:
            raise InvalidInput(f"{self.place} holds no key.", hint="Make one with: openssl rand -base64 32")
        return found

    def first(self) -> Key:
        return self.all()[0]

    def next(self, current: str) -> Key:
        wanted = self.first()
        if wanted.id == current:
            raise InvalidInput(
                f"{self.place} names no other key than the one in use.",
                hint="Put the new key in front of the old one, restart, and rotate then.",
            )
        return wanted

    def settle(self, current: str) -> None:
        """Nothing: whoever gave the old key takes it away."""


def _read(text: str, place: str) -> list[Key]:
    return [Key.parse(word, place) for word in text.replace(",", " ").split()]
