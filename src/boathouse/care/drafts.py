"""A folder that appears complete or not at all: it is written beside its place and renamed at the end."""

import errno
import os
import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from boathouse.foundation.errors import AlreadyExists, InvalidInput, Unavailable
from boathouse.foundation.ids import new_id

_MARK = ".draft-"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
MARGIN_BYTES = 16 << 20


@contextmanager
def draft_of(place: Path, *, aside: Path | None = None) -> Generator[Path]:
    """A new folder that becomes ``place`` at the end of the block, or is gone when the block raises. What is at the
    place is moved to ``aside``, if that is given, at the very end.

    Raises:
        AlreadyExists: Something is at the place.
        Unavailable: The disk became full.
    """
    if aside is None:
        require_free(place)
    if not place.parent.is_dir():
        raise InvalidInput(f"The folder {place.parent} does not exist.", hint="Make it first.")
    draft = place.with_name(f".{place.name}{_MARK}{new_id()[:8]}")
    draft.mkdir(mode=0o700)
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, draft, ignore_errors=True)
        try:
            yield draft
            if aside is not None:
                place.rename(aside)
            require_free(place)
            draft.rename(place)
            _flush(place.parent)
        except OSError as error:
            if error.errno in _FULL:
                raise Unavailable(
                    f"The disk of {place.parent} became full; nothing of {place.name} was kept.",
                    hint="Free some space there, or choose another disk.",
                ) from error
            raise
        undo.pop_all()


def require_free(place: Path) -> None:
    if place.exists() or place.is_symlink():
        raise AlreadyExists(
            f"There is something at {place} already.", hint="Choose another place; nothing is replaced."
        )


def require_space(folder: Path, needed: int) -> None:
    """
    Raises:
        Unavailable: The disk has less room than that.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + MARGIN_BYTES:
        raise Unavailable(
            f"The disk of {folder} has {free:,} bytes free, and {needed:,} bytes are needed.",
            hint="Free some space there, or choose another disk.",
        )


def _flush(folder: Path) -> None:
    """Make a rename outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
