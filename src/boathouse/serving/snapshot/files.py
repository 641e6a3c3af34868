"""The snapshot as a file of the home folder: replaced whole, read back as it was written."""

import os
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import Home
from boathouse.serving.snapshot.nouns import Snapshot

_OWNER_ONLY = 0o600
"""The hashes of tokens and the names of those who may ask are nobody else's business."""


def snapshot_file(home: Home) -> Path:
    return home.serving / "snapshot.json"


def write(home: Home, snapshot: Snapshot) -> None:
    """Put the snapshot where the data plane looks; who reads meanwhile gets all of the old one or all of the new."""
    target = snapshot_file(home)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.{os.getpid()}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY), "wb") as file:
        file.write(_adapter().dump_json(snapshot))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(target)


def read(home: Home) -> Snapshot | None:
    """The snapshot in force; None while no control plane has written one.

    Raises:
        InvalidInput: The file is none of ours, or another release's.
    """
    target = snapshot_file(home)
    try:
        text = target.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        raise InvalidInput(
            f"{target} is not a snapshot of endpoints that this release can read: {error.errors()[0]['msg']}.",
            hint="A running control plane writes it again; start one with: boathouse up",
        ) from error


@cache
def _adapter() -> TypeAdapter[Snapshot]:
    return TypeAdapter(Snapshot)
