"""What all senders share: the letter, the post office, and what can go wrong."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from boathouse.foundation.errors import Unavailable

TIMEOUT = urllib3.Timeout(connect=5, read=15)
_GONE = 410
_SHOWN_BYTES = 300
_ANSWER_SECONDS = 7.0
"""How long is listened to an answer that has begun; what matters of it is its status."""


class NotDelivered(Unavailable):
    """A message did not arrive. ``for_good``: it never will."""

    def __init__(self, message: str, *, for_good: bool = False) -> None:
        self.for_good = for_good
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on its way."""

    delivery_id: str
    payload: Mapping[str, Any]
    created_at: int
    url: str
    """Where people find this Boathouse."""


def post(pool: urllib3.PoolManager, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send a request; redirects are not followed, since only the address that was agreed on may be called.

    Raises:
        NotDelivered: There was no answer, or one that does not say that it has arrived.
    """
    sent = {"Content-Type": "application/json", "User-Agent": "boathouse", **headers}
    try:
        answer = pool.request(
            "POST", url, body=body, headers=sent, timeout=TIMEOUT, retries=False, redirect=False, preload_content=False
        )
        shown = _beginning(answer).decode(errors="replace")
        answer.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise NotDelivered(f"There was no answer: {type(error).__name__}.") from error
    if not 200 <= answer.status < 300:
        raise NotDelivered(f"The answer was {answer.status}: {shown}", for_good=answer.status == _GONE)


def _beginning(answer: urllib3.BaseHTTPResponse) -> bytes:
    """The first bytes of an answer, however slowly it drips."""
    found, until = b"", time.monotonic() + _ANSWER_SECONDS
    while len(found) < _SHOWN_BYTES and time.monotonic() < until:
        piece = answer.read1(_SHOWN_BYTES - len(found))
        if not piece:
            break
        found += piece
    return found
