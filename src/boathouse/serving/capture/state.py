"""What a journal says of itself: a few numbers in a file that its worker maps, and that anybody may look at."""

import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path

STATE_FILE = "state"
_LAYOUT = struct.Struct("<8Q")


@dataclass(frozen=True, slots=True)
class JournalState:
    """Cumulative, since the worker began."""

    written: int = 0
    """Exchanges that are in the journal."""
    sampled_out: int = 0
    """By the declared share."""
    degraded_out: int = 0
    """Left out because the journal was full."""
    refused: int = 0
    """Requests refused because the journal was full."""
    waiting_bytes: int = 0
    """In segments that were not removed yet."""
    degradations: int = 0
    """How often it became full."""
    is_degraded: bool = False
    disk_errors: int = 0


class StateFile:
    """The writing side; one writer."""

    def __init__(self, folder: Path) -> None:
        descriptor = os.open(folder / STATE_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, _LAYOUT.size)
            self._map = mmap.mmap(descriptor, _LAYOUT.size)
        finally:
            os.close(descriptor)

    def put(self, state: JournalState) -> None:
        _LAYOUT.pack_into(
            self._map,
            0,
            state.written,
            state.sampled_out,
            state.degraded_out,
            state.refused,
            state.waiting_bytes,
            state.degradations,
            int(state.is_degraded),
            state.disk_errors,
        )

    def put_numbers(self, *numbers: int) -> None:
        """As ``put``, without the detour; in the order of the fields."""
        _LAYOUT.pack_into(self._map, 0, *numbers)

    def close(self) -> None:
        self._map.close()


def read_state(folder: Path) -> JournalState:
    """What the journal in a folder says of itself; all zero when it says nothing."""
    try:
        content = (folder / STATE_FILE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return JournalState()
    if len(content) < _LAYOUT.size:
        return JournalState()
    *numbers, degraded, errors = _LAYOUT.unpack_from(content)
    return JournalState(*numbers, is_degraded=bool(degraded), disk_errors=errors)
