"""Files into volumes: streamed beside their place, then moved there in one step."""

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from boathouse.foundation.errors import AlreadyExists, BoathouseError, Conflict, InvalidInput, Unavailable
from boathouse.session.volumes import VolumePath

CHUNK_BYTES = 1 << 20
UNFINISHED = ".boathouse-upload-"
"""How the names of unfinished files begin; they are never listed."""


class FileDraft:
    """A file on its way into a volume. Nobody sees it before ``finish``; without it nothing is left behind.

    Raises (while it is written):
        Unavailable: The disk is full.
    """

    def __init__(self, place: Path, path: VolumePath, *, overwrite: bool) -> None:
        _require_writable(place, path, overwrite=overwrite)
        self._place = place
        self._path = path
        self._overwrite = overwrite
        self._draft = place.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
        self.size = 0
        with self._explained():
            place.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._draft.open("xb")

    def write(self, chunk: bytes) -> None:
        with self._explained():
            self.size += self._file.write(chunk)

    def finish(self) -> None:
        """Put the file in its place."""
        with self._explained():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if self._overwrite:
                self._draft.replace(self._place)
            else:
                os.link(self._draft, self._place)  # unlike a rename it fails when somebody was faster
        self.discard()

    def discard(self) -> None:
        """Forget it; does nothing after ``finish``."""
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def __enter__(self) -> "FileDraft":
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise self._fact(error) from error

    def _fact(self, error: OSError) -> BoathouseError:
        match error:
            case FileExistsError() if self._place.is_file():
                return AlreadyExists(f"{self._path} already exists.")
            case FileExistsError() | NotADirectoryError():
                return Conflict(f"{self._path} cannot be written: a part of the path is a file.")
            case IsADirectoryError():
                return Conflict(f"{self._path} is a folder.")
            case _:
                return Unavailable(
                    f"{self._path} cannot be written: {error.strerror or error}.", hint="Is there space on the disk?"
                )


def write_file(place: Path, content: BinaryIO, path: VolumePath, *, overwrite: bool) -> int:
    """Write a file; the number of its bytes."""
    with FileDraft(place, path, overwrite=overwrite) as draft:
        while chunk := content.read(CHUNK_BYTES):
            draft.write(chunk)
        draft.finish()
        return draft.size


def _require_writable(place: Path, path: VolumePath, *, overwrite: bool) -> None:
    if path.is_volume:
        raise InvalidInput(f"{path} is a volume; name a file in it.")
    if place.name.startswith(UNFINISHED):
        raise InvalidInput(f"Names that begin with {UNFINISHED} are reserved.")
    if place.is_dir():
        raise Conflict(f"{path} is a folder.")
    if place.exists() and not overwrite:
        raise AlreadyExists(f"{path} already exists.", hint="Say overwrite=true to replace it.")
