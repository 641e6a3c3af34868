"""Files into volumes: streamed beside their place, then moved there in one step."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from boathouse.foundation.errors import AlreadyExists, Conflict, InvalidInput, Unavailable
from boathouse.session.volumes import VolumePath

CHUNK_BYTES = 1 << 20
UNFINISHED = ".boathouse-upload-"
"""How the names of unfinished files begin; they are never listed."""


def write_file(place: Path, content: BinaryIO, path: VolumePath, *, overwrite: bool) -> int:
    """Write a file; the number of its bytes.

    Raises:
        AlreadyExists: There is one and ``overwrite`` is false.
        Unavailable: The disk is full; nothing is left behind.
    """
    return write_chunks(place, iter(lambda: content.read(CHUNK_BYTES), b""), path, overwrite=overwrite)


def write_chunks(place: Path, chunks: Iterator[bytes], path: VolumePath, *, overwrite: bool) -> int:
    """As :func:`write_file`, from pieces."""
    require_writable(place, path, overwrite=overwrite)
    draft = place.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    size = 0
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("xb") as file:
            for chunk in chunks:
                size += file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        _move(draft, place, path, overwrite=overwrite)
    except (FileExistsError, NotADirectoryError) as error:
        raise Conflict(f"{path} cannot be written: a part of the path is a file.") from error
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror or error}.", hint="Is there space?") from error
    finally:
        draft.unlink(missing_ok=True)
    return size


def require_writable(place: Path, path: VolumePath, *, overwrite: bool) -> None:
    """Refuse before any byte is read."""
    if path.is_volume:
        raise InvalidInput(f"{path} is a volume; name a file in it.")
    if place.is_dir():
        raise Conflict(f"{path} is a folder.")
    if place.exists() and not overwrite:
        raise AlreadyExists(f"{path} already exists.", hint="Say overwrite=true to replace it.")


def _move(draft: Path, place: Path, path: VolumePath, *, overwrite: bool) -> None:
    if overwrite:
        draft.replace(place)
        return
    try:
        os.link(draft, place)  # unlike a rename it fails when somebody was faster
    except FileExistsError as error:
        raise AlreadyExists(f"{path} already exists.") from error
