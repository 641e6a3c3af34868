"""The device's side of coming home: what is in its journals is sent, and removed once it has arrived.

Whoever dies, and whenever, the next attempt begins where the other side says. What was sent and not acknowledged is
sent again, and is not taken again.
"""

import fcntl
import json
import logging
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from boathouse.foundation.errors import Conflict
from boathouse.foundation.home import Home
from boathouse.foundation.rest import RestClient
from boathouse.serving.capture.reading import OFFSET_BITS, is_alive, journals, look, remove_journal, segments
from boathouse.serving.edge.chunks import MOST_BYTES, Placed, packed

log = logging.getLogger(__name__)

PATH = "/api/boathouse/v1/endpoints/{name}/edge-exchanges"
_STATE = "edge-sync.json"
_LOCK = "edge-sync.lock"
_OFFSET = (1 << OFFSET_BITS) - 1


class Send(Protocol):
    """Takes a message to the other side; gives the place up to which the journal has arrived there."""

    def __call__(self, journal: str, message: bytes) -> int: ...


@dataclass(frozen=True, slots=True)
class Synced:
    """What one attempt has brought."""

    exchanges: int
    bytes: int


def sender(client: RestClient, endpoint: str, device: str) -> Send:
    """Sends to a Boathouse."""
    path = PATH.format(name=quote(endpoint, safe=""))

    def send(journal: str, message: bytes) -> int:
        headers = {"Content-Type": "application/octet-stream"}
        params = {"device": device, "journal": journal}
        return int(client.send("POST", path, params=params, content=message, headers=headers).json()["upto"])

    return send


def sync(home: Home, send: Send) -> Synced:
    """Send all that is there; what a worker writes meanwhile may come along.

    Raises:
        Unavailable: The other side does not answer; what has arrived stays acknowledged.
        Denied, NotFound: It does not take it.
        Conflict: Another process is sending.
    """
    exchanges = sent = 0
    root = home.journals
    with _alone(home):
        positions = _Positions(home.serving / _STATE)
        for folder in journals(root):
            alive = is_alive(folder)  # asked first: nothing comes from one that is dead
            listed = segments(folder)
            for segment in listed:
                at = positions.of(folder.name)
                if segment.number < at >> OFFSET_BITS:
                    segment.path.unlink(missing_ok=True)
                    continue
                offset = at & _OFFSET if segment.number == at >> OFFSET_BITS else 0
                is_ended = not alive or segment is not listed[-1]
                while True:
                    found = look(segment, offset, is_ended=is_ended, most_bytes=MOST_BYTES)
                    if found.exchanges:
                        message = packed(Placed(each.place, each.exchange) for each in found.exchanges)
                        upto = send(folder.name, message)
                        if upto < found.exchanges[-1].place:
                            raise Conflict(f"The other side has taken the journal {folder.name} up to {upto} only.")
                        exchanges += len(found.exchanges)
                        sent += len(message)
                    offset = found.end
                    positions.put(folder.name, segment.place(offset))
                    if not found.is_more:
                        break
                if found.is_whole:
                    positions.put(folder.name, (segment.number + 1) << OFFSET_BITS)
                    segment.path.unlink(missing_ok=True)
            if not alive and not segments(folder):
                remove_journal(folder)
                positions.forget(folder.name)
    return Synced(exchanges, sent)


def waiting_bytes(home: Home) -> int:
    """How much of the journals is still on the device."""
    root = home.journals
    return sum(each.path.stat().st_size for folder in journals(root) for each in segments(folder))


class _Positions:
    """How far each journal has arrived, as a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._known: dict[str, int] = json.loads(file.read_bytes())
        except (OSError, ValueError):
            self._known = {}

    def of(self, journal: str) -> int:
        return self._known.get(journal, 0)

    def put(self, journal: str, place: int) -> None:
        if self._known.get(journal) != place:
            self._known[journal] = place
            self._write()

    def forget(self, journal: str) -> None:
        if self._known.pop(journal, None) is not None:
            self._write()

    def _write(self) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(self._known))
        draft.replace(self._file)


@contextmanager
def _alone(home: Home) -> Generator[None]:
    home.serving.mkdir(parents=True, exist_ok=True)
    with (home.serving / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"Another process is sending the log of {home.root}.") from None
        yield
