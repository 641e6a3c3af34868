"""Messages between a model's process and whoever asks it: a JSON header and bytes.

Needs nothing but Python: the model's process loads this file too, in whatever environment it runs. Nothing that
comes from there is ever unpickled.
"""

import json
import socket
import struct
import time
from typing import Any

_SIZES = struct.Struct("!IQ")
_LONGEST_HEADER = 64 * 1024 * 1024
LONGEST_BODY = 4 * 1024 * 1024 * 1024


class Ended(Exception):
    """The other side is gone, or says what cannot be understood."""


def send(link: socket.socket, header: dict[str, Any], body: bytes = b"") -> None:
    """One message."""
    head = json.dumps(header).encode()
    first = _SIZES.pack(len(head), len(body)) + head
    if len(body) < 65536:
        link.sendall(first + body)
    else:
        link.sendall(first)
        link.sendall(body)


def receive(link: socket.socket, until: float | None = None) -> tuple[dict[str, Any], bytes]:
    """The next message.

    Args:
        until: An instant of ``time.monotonic``.

    Raises:
        TimeoutError: It has not come by then.
        Ended: There will be none.
    """
    head_size, body_size = _SIZES.unpack(_exactly(link, _SIZES.size, until))
    if head_size > _LONGEST_HEADER or body_size > LONGEST_BODY:
        raise Ended("a message is longer than any may be")
    try:
        header = json.loads(_exactly(link, head_size, until))
    except ValueError as error:
        raise Ended(f"a message cannot be read: {error}") from error
    return header, _exactly(link, body_size, until)


def _exactly(link: socket.socket, size: int, until: float | None) -> bytes:
    found = bytearray()
    while len(found) < size:
        if until is not None:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            link.settimeout(left)
        part = link.recv(min(size - len(found), 1 << 20))
        if not part:
            raise Ended("the process is gone")
        found += part
    return bytes(found)
