"""Reading journals: while their workers write, and after those have died in the middle of a write."""

import fcntl
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from boathouse.serving.capture.contexts import KnownEndpoint
from boathouse.serving.capture.frames import Frame, FrameKind, after_damage, frame_at, read_exchange
from boathouse.serving.capture.journal import LOCK_FILE, SEGMENT_SUFFIX
from boathouse.serving.capture.nouns import Exchange

OFFSET_BITS = 36
"""A place in a journal is one number: the segment's, and the offset in it below these bits."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a journal."""

    number: int
    path: Path

    @property
    def journal(self) -> str:
        return self.path.parent.name

    def place(self, offset: int) -> int:
        """Ascending over all segments of a journal."""
        return (self.number << OFFSET_BITS) + offset


@dataclass(frozen=True, slots=True)
class Written:
    """One exchange as it was found."""

    exchange: Exchange
    endpoint: KnownEndpoint | None
    """As it was then; None where the segment does not say."""
    place: int
    """Where it ends; whoever has taken in everything up to here has taken it in."""
    size: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at a segment has brought."""

    exchanges: tuple[Written, ...]
    contexts: Mapping[str, KnownEndpoint]
    """By endpoint id: what stood in the segment up to the end of the look."""
    end: int
    """The offset at which the next look begins."""
    is_whole: bool
    """Whether nothing is left in the segment, and nothing more will come."""
    is_more: bool = False
    """Whether the look was too short for what is there already."""
    damaged_bytes: int = 0
    """Skipped, because nothing whole stands there: torn by the death of the worker, before its answer had left."""


def journals(root: Path) -> list[Path]:
    """The folders of all journals."""
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except FileNotFoundError:
        return []


def segments(folder: Path) -> list[Segment]:
    """Of one journal, the oldest first."""
    try:
        found = sorted(path for path in folder.iterdir() if path.name.endswith(SEGMENT_SUFFIX))
    except FileNotFoundError:
        return []
    return [Segment(int(path.stem), path) for path in found]


def is_alive(folder: Path) -> bool:
    """Whether the worker that writes it lives."""
    try:
        with (folder / LOCK_FILE).open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def look(
    segment: Segment,
    since: int,
    *,
    is_ended: bool,
    most_bytes: int,
    known: Mapping[str, KnownEndpoint] | None = None,
) -> Found:
    """The exchanges of a segment from an offset on, at most so many bytes of them.

    Args:
        is_ended: Nobody writes to it any more: what is torn at its end is cut, and counted.
        known: What the look before has brought; without it everything before the offset is looked through again.
    """
    with segment.path.open("rb") as file:
        contexts = dict(_contexts(memoryview(file.read(since))) if known is None and since else known or {})
        file.seek(since)
        data = memoryview(file.read(most_bytes))
        is_all = len(data) < most_bytes or not file.read(1)
    found: list[Written] = []
    at = damaged = 0
    for frame, skipped in _walk(data, may_skip=is_ended and is_all):
        damaged += skipped
        if frame.kind is FrameKind.CONTEXT:
            endpoint = KnownEndpoint.from_bytes(frame.content[1:])
            contexts[endpoint.endpoint_id] = endpoint
        else:
            place = segment.place(since + frame.end)
            exchange = read_exchange(frame.content)
            found.append(Written(exchange, contexts.get(exchange.endpoint_id), place, len(frame.content)))
        at = frame.end
    if at == 0 and not is_all:  # one exchange is larger than what was asked for, or something is damaged
        return look(segment, since, is_ended=is_ended, most_bytes=most_bytes * 4, known=contexts)
    if is_all and is_ended:
        damaged += len(data) - at
        at = len(data)
    return Found(tuple(found), contexts, since + at, is_ended and is_all, not is_all, damaged)


def remove_journal(folder: Path) -> None:
    """Take away the folder of a dead worker, all of whose segments have been moved."""
    shutil.rmtree(folder, ignore_errors=True)


def _walk(data: memoryview, *, may_skip: bool) -> Iterator[tuple[Frame, int]]:
    """Whole frames, with the bytes skipped before each."""
    at = 0
    while at < len(data):
        start, frame = at, frame_at(data, at)
        while frame is None and may_skip and (behind := after_damage(data, at)) is not None:
            at = behind
            frame = frame_at(data, at)
        if frame is None:
            return
        yield frame, at - start
        at = frame.end


def _contexts(data: memoryview) -> Iterator[tuple[str, KnownEndpoint]]:
    for frame, _ in _walk(data, may_skip=True):
        if frame.kind is FrameKind.CONTEXT:
            endpoint = KnownEndpoint.from_bytes(frame.content[1:])
            yield endpoint.endpoint_id, endpoint
