"""Exchanges on their way home: each with its place in the device's journal, so that none is taken twice."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from boathouse.foundation.errors import InvalidInput
from boathouse.serving.capture.frames import FrameKind, exchange_frame, frame_at, read_exchange
from boathouse.serving.capture.nouns import Exchange

MOST_BYTES = 4 << 20
"""Of a journal, in one message; one exchange alone may be longer."""
LARGEST_MESSAGE = 256 << 20
_PLACE = struct.Struct("<Q")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Placed:
    """An exchange, and the place where it ends."""

    place: int
    exchange: Exchange


def packed(found: Iterable[Placed]) -> bytes:
    """A message with exchanges."""
    return b"".join(
        _PLACE.pack(each.place) + exchange_frame(each.exchange, each.exchange.sampling_fraction) for each in found
    )


def unpacked(message: bytes) -> Iterator[Placed]:
    """The exchanges of a message, in their order.

    Raises:
        InvalidInput: It is none, or was cut.
    """
    data, at = memoryview(message), 0
    while at < len(data):
        frame = frame_at(data, at + _PLACE.size) if at + _PLACE.size < len(data) else None
        if frame is None or frame.kind is not FrameKind.EXCHANGE:
            raise InvalidInput("The message holds no exchanges, or was cut on its way.", hint="Send it again.")
        (place,) = _PLACE.unpack_from(data, at)
        yield Placed(place, _read(frame.content))
        at = frame.end


def _read(content: memoryview) -> Exchange:
    """An exchange as somebody else has written it, who may have written anything."""
    try:
        found = read_exchange(content)
    except (struct.error, ValueError, TypeError) as error:
        raise InvalidInput(f"The message holds an exchange that cannot be read: {error}.") from error
    if max(len(found.request_id), len(found.rung or "")) > _LONGEST_NAME:
        raise InvalidInput("The message holds an exchange with a name that no device gives.")
    return found
