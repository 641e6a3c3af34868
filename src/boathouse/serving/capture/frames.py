"""How one exchange lies in a segment of the journal.

A frame is a mark, the length of its content, a CRC of it, and the content: numbers in fixed places, then texts and
bodies with their lengths. Nothing is encoded twice, since a frame is made before each answer leaves.
"""

import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from zlib import crc32

from boathouse.serving.capture.nouns import Exchange

MARK = b"BHX1"
HEAD = struct.Struct("<4sII")
"""Mark, length of the content, CRC-32 of the content."""

_FIXED = struct.Struct("<BIqqqHd13I")
_ABSENT = 0xFFFFFFFF
_SEPARATOR = "\x1f"
MOST_BYTES = 1 << 30
"""No content is longer; a length beyond this was never written by us."""


class FrameKind(IntEnum):
    EXCHANGE = 1
    CONTEXT = 2
    """What the recorder has to know of an endpoint; stands before its first exchange in each segment."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, and where the next one begins."""

    kind: FrameKind
    content: memoryview
    end: int


def exchange_frame(it: Exchange, fraction: float) -> bytes:
    """The bytes of an exchange, which is kept as one of so many."""
    parts = (
        it.request_id.encode(),
        it.endpoint_id.encode(),
        it.entity_id.encode(),
        it.role.encode(),
        it.principal.encode("utf-8", "replace"),
        it.content_type.encode("utf-8", "replace"),
        b"" if it.rung is None else it.rung.encode(),
        b"" if it.why is None else it.why.encode("utf-8", "replace"),
        b"" if it.client_request_id is None else it.client_request_id.encode("utf-8", "replace"),
        _SEPARATOR.join(it.error_codes).encode() if it.error_codes else b"",
        it.features or b"",
        it.request,
        it.response,
    )
    one, two, three, four, five, six, rung, why, client, codes, features, request, response = map(len, parts)
    fixed = _FIXED.pack(
        FrameKind.EXCHANGE,
        it.config_version,
        -1 if it.version is None else it.version,
        it.received_at_us,
        it.duration_us,
        it.status,
        fraction,
        one,
        two,
        three,
        four,
        five,
        six,
        _ABSENT if it.rung is None else rung,
        _ABSENT if it.why is None else why,
        _ABSENT if it.client_request_id is None else client,
        codes,
        _ABSENT if it.features is None else features,
        request,
        response,
    )
    is_plain = it.device is None and it.arrived_at_us is None and it.rung_details is None
    content = b"".join((fixed, *parts)) if is_plain else b"".join((fixed, *parts, _rest(it)))
    return HEAD.pack(MARK, len(content), crc32(content)) + content


def context_frame(context: bytes) -> bytes:
    content = bytes((FrameKind.CONTEXT,)) + context
    return HEAD.pack(MARK, len(content), crc32(content)) + content


def read_exchange(content: memoryview) -> Exchange:
    """The exchange of a frame's content."""
    _, config_version, version, received_at, duration, status, fraction, *lengths = _FIXED.unpack_from(content)
    parts: list[bytes | None] = []
    at = _FIXED.size
    for length in lengths:
        if length == _ABSENT:
            parts.append(None)
            continue
        parts.append(bytes(content[at : at + length]))
        at += length
    texts = [None if part is None else part.decode("utf-8", "replace") for part in parts[:10]]
    codes = texts[9]
    device, arrived_at, *more = json.loads(bytes(content[at:])) if at < len(content) else (None, None)
    return Exchange(
        request_id=texts[0] or "",
        endpoint_id=texts[1] or "",
        config_version=config_version,
        entity_id=texts[2] or "",
        version=None if version < 0 else version,
        role=texts[3] or "",
        principal=texts[4] or "",
        received_at_us=received_at,
        duration_us=duration,
        status=status,
        content_type=texts[5] or "",
        request=parts[11] or b"",
        response=parts[12] or b"",
        rung=texts[6],
        why=texts[7],
        client_request_id=texts[8],
        features=parts[10],
        sampling_fraction=fraction,
        error_codes=tuple(codes.split(_SEPARATOR)) if codes else (),
        device=device,
        arrived_at_us=arrived_at,
        rung_details=more[0] if more else None,
    )


def _rest(it: Exchange) -> bytes:
    """What few exchanges have; stands at the end, and only where there is something to say."""
    more = [] if it.rung_details is None else [it.rung_details]
    return json.dumps([it.device, it.arrived_at_us, *more]).encode()


def frame_at(data: memoryview, at: int) -> Frame | None:
    """The frame that begins here; None when there is no whole one."""
    if at + HEAD.size > len(data):
        return None
    mark, length, check = HEAD.unpack_from(data, at)
    start = at + HEAD.size
    end = start + length
    if mark != MARK or not 0 < length <= MOST_BYTES or end > len(data):
        return None
    content = data[start:end]
    if crc32(content) != check or content[0] not in (FrameKind.EXCHANGE, FrameKind.CONTEXT):
        return None
    return Frame(FrameKind(content[0]), content, end)


def after_damage(data: memoryview, at: int) -> int | None:
    """Where to go on behind a frame that is not whole; None when it is torn by the end of what there is.

    What a caller has sent lies inside frames. It is not searched for frames as long as a length says where it ends.
    """
    if at + HEAD.size > len(data):
        return None
    mark, length, _ = HEAD.unpack_from(data, at)
    if mark == MARK and 0 < length <= MOST_BYTES:
        end = at + HEAD.size + length
        return end if end < len(data) else None
    found = bytes(data[at + 1 :]).find(MARK)
    return None if found < 0 else at + 1 + found
