"""The home's side: exchanges of devices become a journal like that of a worker, and the recorder does the rest.

What has arrived of a device's journal is remembered by place. A message is put where the recorder looks by one rename,
under a name that follows from where it begins; so a message that was taken, and not acknowledged, is not taken again,
not even when the memory of it is lost: the recorder has the place in the table's own log.
"""

import fcntl
import json
import re
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.home import Home
from boathouse.serving.capture.contexts import KnownEndpoint, KnownEntity
from boathouse.serving.capture.frames import context_frame, exchange_frame
from boathouse.serving.capture.journal import SEGMENT_SUFFIX
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.capture.reading import look, segments
from boathouse.serving.edge.chunks import Placed, unpacked
from boathouse.serving.scoring.nouns import LONGEST_CLIENT_ID
from boathouse.serving.snapshot import files
from boathouse.serving.snapshot.nouns import LiveEndpoint

ROLE = "edge"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")

FolderOf = Callable[[str, int], Path | None]
"""Where the files of a version lie in this home; None when it has no such version."""


@dataclass(slots=True)
class _Memory:
    """What has arrived of one journal."""

    upto: int = 0
    context: str | None = None
    """What the endpoint was when the message behind ``upto`` was begun; None when none was."""
    principal: str = ""
    """Who has sent that one first: its bytes stand where they stood, whoever sends it again."""


class Receiver:
    """Takes exchanges of devices in."""

    def __init__(self, home: Home, folder_of: FolderOf) -> None:
        self._home = home
        self._folder_of = folder_of

    def take(self, principal: str, endpoint: str, device: str, journal: str, message: bytes) -> int:
        """Take a message; says up to which place the journal has arrived. The principal may ask the endpoint.

        Raises:
            NotFound: The endpoint does not serve here, so nobody knows where the rows should go.
            InvalidInput: The message is none, or the endpoint keeps nothing.
        """
        for name, what in ((device, "device"), (journal, "journal")):
            if not _NAME.fullmatch(name):
                raise InvalidInput(f"{name[:100]!r} is no name of a {what}.")
        live = self._live(endpoint)
        found = list(unpacked(message))
        key = sha256(f"{live.endpoint_id}\0{device}\0{journal}".encode()).hexdigest()[:20]
        with self._remembered(key) as memory:
            new = [each for each in found if each.place > memory.upto]
            if new:
                memory.upto = self._put(key, memory, live, principal, device, new)
                memory.context = None
            return memory.upto

    def _put(
        self, key: str, memory: _Memory, live: LiveEndpoint, principal: str, device: str, new: list[Placed]
    ) -> int:
        """Put exchanges where the recorder looks, unless they are there; the place of the last one that is."""
        folder = self._home.journals / f"edge-{key}-{memory.upto:x}"
        if not folder.exists():
            context = self._context(key, memory, live, principal, new)
            hidden = folder.with_name(f".{folder.name}")
            shutil.rmtree(hidden, ignore_errors=True)
            hidden.mkdir(parents=True, mode=0o700)
            known = KnownEndpoint.from_bytes(context)
            now = time.time_ns() // 1_000
            frames = [context_frame(context)]
            frames += [
                exchange_frame(
                    _ours(each.exchange, known, live, memory.principal, device, now), each.exchange.sampling_fraction
                )
                for each in new
            ]
            (hidden / f"{1:08d}{SEGMENT_SUFFIX}").write_bytes(b"".join(frames))
            hidden.rename(folder)
            return new[-1].place
        # A message that was taken before its sender heard of it; nobody writes to it any more.
        held = {
            written.exchange.request_id
            for segment in segments(folder)
            for written in look(segment, 0, is_ended=True, most_bytes=1 << 40).exchanges
        }
        return max((each.place for each in new if each.exchange.request_id in held), default=memory.upto)

    def _context(self, key: str, memory: _Memory, live: LiveEndpoint, principal: str, new: list[Placed]) -> bytes:
        """What the endpoint is; of a message that is sent again what it was at the first time, so that its bytes stand
        where they stood."""
        if memory.context is not None:
            return memory.context.encode()
        known = KnownEndpoint.of(live)
        entities = dict(known.entities)
        models = {(each.entity, each.version) for each in entities.values()}
        for name, version in dict.fromkeys(_model_of(each.exchange) for each in new):
            if name and version and (name, version) not in models and (folder := self._folder_of(name, version)):
                entity_id = f"edge-{sha256(f'{name}@{version}'.encode()).hexdigest()[:16]}"
                entities[entity_id] = KnownEntity(entity_id, name, name, version, str(folder))
        memory.context, memory.principal = replace(known, entities=entities).to_bytes().decode(), principal
        self._write(key, memory)
        return memory.context.encode()

    def _live(self, name: str) -> LiveEndpoint:
        snapshot = files.read(self._home)
        found = next((each for each in snapshot.endpoints if each.name == name), None) if snapshot else None
        if found is None:
            raise NotFound(f"There is no endpoint {name} here.", hint="Name the one whose model the device has.")
        if found.capture is None or not found.capture.is_enabled:
            raise InvalidInput(
                f"Endpoint {name} keeps no requests.", hint="Give it an inference table: auto_capture_config."
            )
        return found

    @contextmanager
    def _remembered(self, key: str) -> Generator[_Memory]:
        folder = self._home.serving / "edge"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{key}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                memory = _Memory(**json.loads((folder / f"{key}.json").read_bytes()))
            except (OSError, ValueError, TypeError):
                memory = _Memory()
            before = replace(memory)
            yield memory
            if memory != before:
                self._write(key, memory)

    def _write(self, key: str, memory: _Memory) -> None:
        file = self._home.serving / "edge" / f"{key}.json"
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(memory)))
        draft.replace(file)


def _model_of(exchange: Exchange) -> tuple[str, int | None]:
    """Which version answered on the device: its name stands in the entity id that the device sends."""
    return exchange.entity_id.partition("=")[2], exchange.version


def _ours(
    exchange: Exchange, known: KnownEndpoint, live: LiveEndpoint, principal: str, device: str, now: int
) -> Exchange:
    """As it stands in our journal. No clock of a device makes a request later than its arrival."""
    name, version = _model_of(exchange)
    entity = next(
        (each.entity_id for each in known.entities.values() if (each.entity, each.version) == (name, version)), ""
    )
    theirs = exchange.client_request_id
    return replace(
        exchange, endpoint_id=live.endpoint_id, entity_id=entity, config_version=live.config_version, role=ROLE,
        principal=principal, device=device, arrived_at_us=now, received_at_us=min(max(exchange.received_at_us, 0), now),
        client_request_id=None if theirs is None else theirs[:LONGEST_CLIENT_ID],
    )  # fmt: skip
