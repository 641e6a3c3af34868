"""From the journals of workers into inference tables, each exchange exactly once.

How far a journal has been taken into a table stands in the table's own log, as an application transaction of the same
commit that holds the rows. So whoever dies, and whenever, the next recorder begins where the table says. A segment is
removed when everything in it has landed. Exchanges of an endpoint whose table cannot be written wait, and hold up
nobody else: their segments are put aside, where they count for no worker's bound.
"""

import logging
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from boathouse.foundation.errors import BoathouseError, Conflict
from boathouse.foundation.home import Home
from boathouse.foundation.names import TableName
from boathouse.lake.commits import Turn
from boathouse.serving.capture.building import Builder
from boathouse.serving.capture.contexts import KnownEndpoint
from boathouse.serving.capture.layout import TableKind
from boathouse.serving.capture.reading import (
    OFFSET_BITS,
    Segment,
    Written,
    is_alive,
    journals,
    look,
    remove_journal,
    segments,
)
from boathouse.serving.capture.taken_apart import Columns, Read

log = logging.getLogger(__name__)

_OFFSET = (1 << OFFSET_BITS) - 1


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """How much is taken in at once."""

    most_bytes: int = 32 << 20
    """Of journals, in one round."""
    first_pause_seconds: float = 2.0
    """Before a table that refused rows is asked again; doubled each time."""
    longest_pause_seconds: float = 60.0
    aside_bytes: int = 4 << 30
    """How much may wait aside; beyond it the oldest is given up, and said so."""


class Tables(Protocol):
    """Where rows go; :class:`boathouse.serving.capture.inference_tables.InferenceTables`."""

    def taken(self, endpoint: KnownEndpoint, kind: TableKind, writers: Sequence[str]) -> Mapping[str, int]: ...

    def append(
        self, endpoint: KnownEndpoint, kind: TableKind, columns: Columns, turns: Sequence[Turn]
    ) -> TableName: ...


class Troubles(Protocol):
    """Who is told when exchanges cannot be kept."""

    def cannot_write(self, endpoint: KnownEndpoint, error: Exception) -> None: ...

    def can_write(self, endpoint: KnownEndpoint) -> None: ...

    def given_up(self, segment: Segment, endpoints: Iterable[str]) -> None: ...


@dataclass(slots=True)
class _Cursor:
    """How far one journal has been read."""

    number: int = 0
    offset: int = 0
    known: dict[str, KnownEndpoint] | None = None

    @property
    def place(self) -> int:
        return (self.number << OFFSET_BITS) + self.offset


@dataclass(slots=True)
class _Wait:
    """An endpoint whose rows could not be written."""

    endpoint: KnownEndpoint
    pause_seconds: float
    again_at: float
    since: dict[str, int] = field(default_factory=dict[str, int])
    """By journal: the place from which on its exchanges are missing."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round has done."""

    exchanges: int = 0
    damaged_bytes: int = 0
    waiting: int = 0
    """Endpoints whose rows cannot be written now."""
    is_full: bool = False
    """Whether there was more than one round takes."""


class Recorder:
    """Moves exchanges. One per home."""

    def __init__(
        self,
        home: Home,
        tables: Tables,
        builder: Builder,
        troubles: Troubles,
        *,
        unknown: Callable[[str], KnownEndpoint | None] = lambda _: None,
        settings: RecordingSettings | None = None,
    ) -> None:
        """
        Args:
            unknown: Finds an endpoint that the journal says nothing of.
        """
        self._root = home.journals
        self._aside = home.journals_aside
        self._tables = tables
        self._builder = builder
        self._troubles = troubles
        self._unknown = unknown
        self._settings = settings or RecordingSettings()
        self._cursors: dict[str, _Cursor] = {}
        self._waits: dict[tuple[str, str], _Wait] = {}
        self._last = ""
        """The journal that the last round has read last: the next one begins behind it, so that a worker with much to
        tell keeps no other from being heard."""

    def round(self) -> Round:
        """Take in what has come since the last round."""
        left = self._settings.most_bytes
        batches: dict[tuple[str, str], list[tuple[str, Written]]] = defaultdict(list)
        endpoints: dict[tuple[str, str], KnownEndpoint] = {}
        moved: dict[str, _Cursor] = {}
        begun: dict[str, int] = {}
        count = damaged = 0
        is_more = False
        for name in sorted(self._names(), key=lambda each: (each <= self._last, each)):
            if left <= 0:
                is_more = True
                break
            self._last = name
            cursor = self._cursors.setdefault(name, _Cursor())
            found, end, lost, more = self._read(name, cursor, left)
            is_more = is_more or more
            moved[name], begun[name] = end, cursor.place
            damaged += lost
            for written in found:
                left -= written.size
                count += 1
                endpoint = written.endpoint or self._unknown(written.exchange.endpoint_id)
                if endpoint is None or endpoint.target is None:
                    log.warning("Nobody knows the endpoint of request %s any more.", written.exchange.request_id)
                    continue
                key = _key(endpoint)
                batches[key].append((name, written))
                endpoints[key] = endpoint
        for key, batch in batches.items():
            wait = self._waits.get(key)
            if wait is not None:
                for name in {name for name, _ in batch}:
                    wait.since.setdefault(name, begun[name])
            elif (error := self._landed(_merged(endpoints[key], batch), batch)) is not None:
                self._hold_back(key, endpoints[key], {name: begun[name] for name, _ in batch}, error)
        self._cursors |= moved
        self._try_again()
        self._tidy()
        return Round(count, damaged, waiting=len(self._waits), is_full=is_more)  # fmt: skip

    def _names(self) -> list[str]:
        """All journals that have something, also what is aside."""
        return sorted({path.name for root in (self._aside, self._root) for path in journals(root)})

    def _segments(self, name: str) -> tuple[list[Segment], bool]:
        """The segments of a journal, and whether nobody writes to the last of them any more."""
        alive = is_alive(self._root / name)  # asked first: nothing comes from one that is dead
        found = [*segments(self._aside / name), *segments(self._root / name)]
        return sorted(found, key=lambda segment: segment.number), not alive

    def _read(self, name: str, cursor: _Cursor, most_bytes: int) -> tuple[list[Written], _Cursor, int, bool]:
        """What stands behind the cursor, where that ends, how much is damaged, and whether there is more already."""
        listed, is_dead = self._segments(name)
        found: list[Written] = []
        at = _Cursor(cursor.number, cursor.offset, cursor.known)
        damaged = 0
        for segment in listed:
            if segment.number < at.number:
                continue
            if segment.number > at.number:
                at = _Cursor(segment.number)
            is_ended = is_dead or segment is not listed[-1]
            try:
                seen = look(segment, at.offset, is_ended=is_ended, most_bytes=most_bytes, known=at.known)
            except FileNotFoundError:
                continue
            if seen.damaged_bytes:
                log.warning("%d bytes of %s are torn; no answer had left.", seen.damaged_bytes, segment.path)
            damaged += seen.damaged_bytes
            found += seen.exchanges
            most_bytes -= sum(each.size for each in seen.exchanges)
            at = _Cursor(segment.number + 1) if seen.is_whole else _Cursor(at.number, seen.end, dict(seen.contexts))
            if most_bytes <= 0 or not seen.is_whole:
                return found, at, damaged, seen.is_more or segment is not listed[-1]
        return found, at, damaged, False

    def _landed(self, endpoint: KnownEndpoint, batch: Sequence[tuple[str, Written]]) -> Exception | None:
        """Write the rows of a batch that are not there yet; why that failed, if it did."""
        read: Sequence[Read] = ()
        for attempt in (1, 2):
            try:
                read = read or self._builder.read(endpoint, (written.exchange for _, written in batch))
                for kind in TableKind:
                    self._append(endpoint, kind, batch, read)
                return None
            except Conflict as error:  # somebody else has written: ask anew what has landed
                if attempt == 2:
                    return error
            except (BoathouseError, OSError) as error:
                return error
            except Exception as error:  # something that nobody has thought of, in one of many
                log.exception("The exchanges of endpoint %s could not be written.", endpoint.name)
                if attempt == 2:
                    return error
                read = self._builder.sound(endpoint, read)
        return None

    def _append(
        self, endpoint: KnownEndpoint, kind: TableKind, batch: Sequence[tuple[str, Written]], read: Sequence[Read]
    ) -> None:
        writers = {name: _writer(name, endpoint.endpoint_id) for name, _ in batch}
        taken = self._tables.taken(endpoint, kind, list(writers.values()))
        ends: dict[str, int] = {}
        new: list[Read] = []
        for (name, written), each in zip(batch, read, strict=True):
            if written.place > taken.get(writers[name], 0):
                new.append(each)
                ends[name] = max(ends.get(name, 0), written.place)
        columns = self._builder.columns(kind, endpoint, new)
        if columns.count:
            self._tables.append(endpoint, kind, columns, [Turn(writers[name], end) for name, end in ends.items()])

    def _hold_back(
        self, key: tuple[str, str], endpoint: KnownEndpoint, since: dict[str, int], error: Exception
    ) -> None:
        pause = self._settings.first_pause_seconds
        self._waits[key] = _Wait(endpoint, pause, time.monotonic() + pause, since)
        self._troubles.cannot_write(endpoint, error)

    def _try_again(self) -> None:
        for key, wait in list(self._waits.items()):
            if time.monotonic() < wait.again_at:
                continue
            while (batch := self._missing(key, wait)) is not None:
                found, places = batch
                if found and self._landed(_merged(wait.endpoint, found), found) is not None:
                    wait.pause_seconds = min(wait.pause_seconds * 2, self._settings.longest_pause_seconds)
                    wait.again_at = time.monotonic() + wait.pause_seconds
                    break
                wait.since |= places
            else:
                del self._waits[key]
                self._troubles.can_write(wait.endpoint)

    def _missing(
        self, key: tuple[str, str], wait: _Wait
    ) -> tuple[list[tuple[str, Written]], dict[str, int]] | None:  # fmt: skip
        """The next exchanges that wait, and up to where they reach; None when nothing is left."""
        for name, since in wait.since.items():
            upto = self._cursors[name].place if name in self._cursors else since
            if since >= upto:
                continue
            start = _Cursor(since >> OFFSET_BITS, since & _OFFSET)
            found, end, _, _ = self._read(name, start, self._settings.most_bytes)
            mine = [(name, each) for each in found if each.place <= upto and self._is_of(key, each)]
            return mine, {name: min(end.place, upto) if end.place > since else upto}
        return None

    def _is_of(self, key: tuple[str, str], written: Written) -> bool:
        endpoint = written.endpoint or self._unknown(written.exchange.endpoint_id)
        return endpoint is not None and endpoint.target is not None and _key(endpoint) == key

    def _tidy(self) -> None:
        """Remove segments that have landed, and put aside those that somebody waits in."""
        for name in self._names():
            listed, is_dead = self._segments(name)
            cursor = self._cursors.get(name, _Cursor())
            waiting = min((wait.since[name] for wait in self._waits.values() if name in wait.since), default=None)
            kept = 0
            for segment in listed:
                if segment.number >= cursor.number:
                    kept += 1
                elif waiting is None or waiting >= segment.place(_OFFSET):
                    segment.path.unlink(missing_ok=True)
                else:
                    kept += 1
                    self._put_aside(segment)
            if not segments(self._aside / name):
                shutil.rmtree(self._aside / name, ignore_errors=True)
            if is_dead and not segments(self._root / name):
                remove_journal(self._root / name)
            if not kept and is_dead:
                self._cursors.pop(name, None)
        self._give_up()

    def _put_aside(self, segment: Segment) -> None:
        folder = self._aside / segment.journal
        if segment.path.parent == folder:
            return
        folder.mkdir(parents=True, exist_ok=True)
        segment.path.rename(folder / segment.path.name)

    def _give_up(self) -> None:
        """Keep what waits aside within its bound."""
        aside = [segment for path in journals(self._aside) for segment in segments(path)]
        total = sum(segment.path.stat().st_size for segment in aside)
        for segment in sorted(aside, key=lambda each: each.path.stat().st_mtime):
            if total <= self._settings.aside_bytes:
                return
            total -= segment.path.stat().st_size
            self._troubles.given_up(segment, {wait.endpoint.name for wait in self._waits.values()})
            segment.path.unlink()


def _key(endpoint: KnownEndpoint) -> tuple[str, str]:
    target = endpoint.target
    assert target is not None
    return endpoint.endpoint_id, f"{target.catalog}.{target.schema}.{target.prefix}"


def _writer(journal: str, endpoint_id: str) -> str:
    return f"boathouse.recorder/{journal}/{endpoint_id}"


def _merged(endpoint: KnownEndpoint, batch: Sequence[tuple[str, Written]]) -> KnownEndpoint:
    """The endpoint as the newest of the batch knows it, with the entities of all."""
    entities = dict(endpoint.entities)
    for known in {id(written.endpoint): written.endpoint for _, written in batch}.values():
        if known is not None:
            entities = {**known.entities, **entities}
    return replace(endpoint, entities=entities)
