"""The journal of one worker: segments that are only ever appended to.

An exchange is one write to the operating system. What was handed over to it survives the death of this process by any
means; a loss of power can take the last seconds with it, unless ``fsync`` is on. Each start of a worker has a folder of
its own, so that nobody ever writes behind what a dead process has left. The recorder removes segments.
"""

import fcntl
import logging
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from boathouse.foundation.errors import Unavailable
from boathouse.serving.capture.contexts import KnownEndpoint
from boathouse.serving.capture.frames import context_frame, exchange_frame
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.capture.sampling import is_kept
from boathouse.serving.capture.state import StateFile
from boathouse.serving.endpoints.policy import OnFull
from boathouse.serving.snapshot.nouns import LiveEndpoint

log = logging.getLogger(__name__)

LOCK_FILE = "alive"
"""Locked as long as the worker lives."""
SEGMENT_SUFFIX = ".log"
KEPT_WHEN_FULL = 0.1
"""The share that ``sample`` keeps of what would be kept otherwise."""
_LOOK_AGAIN_SECONDS = 0.5
"""How often a full journal is looked at anew."""
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """How segments are cut."""

    segment_bytes: int = 16 * _MEGABYTE
    """The next one begins when the last has this size; freed only as a whole."""
    segment_seconds: float = 60.0
    """And when it is so old."""
    fsync: bool = False
    """Whether an answer waits until the disk has its exchange. Costs milliseconds per answer on most disks."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """What holds for one endpoint."""

    context: bytes
    is_enabled: bool
    sample: float
    most_bytes: int
    on_full: OnFull


_UNKNOWN = _Rules(b"", True, 1.0, 1024 * _MEGABYTE, OnFull.SAMPLE)


class FileJournal:
    """Implements :class:`boathouse.serving.capture.nouns.Journal`; for one thread of one process.

    Example:
        journal = FileJournal(home.journals, "worker-0")
        journal.follow(snapshot.endpoints)
        journal.write(exchange)
    """

    def __init__(self, root: Path, worker: str, settings: JournalSettings | None = None) -> None:
        self._settings = settings or JournalSettings()
        self.folder = root / f"{worker}-{secrets.token_hex(4)}"
        hidden = root / f".{self.folder.name}"
        hidden.mkdir(parents=True, mode=0o700)
        self._lock = (hidden / LOCK_FILE).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.rename(self.folder)  # nobody finds it before it is locked
        self._state = StateFile(self.folder)
        self._rules: dict[str, _Rules] = {}
        self._known: dict[str, KnownEndpoint] = {}
        self._told: set[str] = set()
        self._descriptor = -1
        self._number = 0
        self._size = 0
        self._opened_at = 0.0
        self._closed_bytes = 0
        """Of segments before this one, which the recorder has not removed yet."""
        self._looked_at = 0.0
        self._written = self._sampled_out = self._degraded_out = self._refused = 0
        self._degradations = self._disk_errors = 0
        self._is_degraded = False
        self._smallest_bound = _UNKNOWN.most_bytes
        self._segment_bytes = self._cut()
        self._put_state()

    def follow(self, endpoints: Iterable[LiveEndpoint]) -> None:
        """Know what endpoints are from now on. Answers of the ones before may still come; their entities stay known."""
        for endpoint in endpoints:
            known = KnownEndpoint.of(endpoint)
            if (before := self._known.get(endpoint.endpoint_id)) is not None:
                known = replace(known, entities={**before.entities, **known.entities})
            rules = endpoint.policy.capture
            is_enabled = endpoint.capture is not None and endpoint.capture.is_enabled
            share = min(rules.sample, endpoint.tagged_share)
            now = _Rules(known.to_bytes(), is_enabled, share, rules.journal_mb * _MEGABYTE, rules.on_full)
            if self._rules.get(endpoint.endpoint_id) != now:
                self._told.discard(endpoint.endpoint_id)
            self._known[endpoint.endpoint_id] = known
            self._rules[endpoint.endpoint_id] = now
        self._smallest_bound = min((each.most_bytes for each in self._rules.values()), default=_UNKNOWN.most_bytes)
        self._segment_bytes = self._cut()

    def write(self, exchange: Exchange) -> None:
        """Returns when the exchange will outlive this process, whatever ends it.

        Raises:
            Unavailable: The journal is full, and the rule says to refuse.
        """
        rules = self._rules.get(exchange.endpoint_id, _UNKNOWN)
        if not rules.is_enabled:
            return
        if not is_kept(exchange.request_id, rules.sample):
            self._sampled_out += 1
            self._put_state()
            return
        fraction = rules.sample
        if self._closed_bytes + self._size >= rules.most_bytes and self._is_full(rules):
            fraction *= KEPT_WHEN_FULL
            if self._left_out(exchange, rules, fraction):
                return
        self._append(exchange, rules, fraction)

    def close(self) -> None:
        """End the journal; what is in it stays until the recorder has moved it."""
        self._end_segment()
        self._put_state()
        self._state.close()
        self._lock.close()

    @property
    def waiting_bytes(self) -> int:
        """In segments that the recorder has not removed."""
        return self._closed_bytes + self._size

    @property
    def is_degraded(self) -> bool:
        return self._is_degraded

    def _append(self, exchange: Exchange, rules: _Rules, fraction: float) -> None:
        if (
            self._descriptor < 0
            or self._size >= self._segment_bytes
            or time.monotonic() - self._opened_at > self._settings.segment_seconds
        ):
            self._next_segment()
        frame = exchange_frame(exchange, fraction)
        is_told = exchange.endpoint_id in self._told or not rules.context
        if not is_told:
            frame = context_frame(rules.context) + frame
        try:
            written = os.write(self._descriptor, frame)
            if written < len(frame):
                raise OSError("the disk took a part of an exchange only")
            if self._settings.fsync:
                os.fdatasync(self._descriptor)
        except OSError as error:
            self._fail(rules, error)
            return
        if not is_told:
            self._told.add(exchange.endpoint_id)
        self._size += written
        self._written += 1
        if self._is_degraded and self._closed_bytes + self._size < self._smallest_bound:
            self._recover()
        self._put_state()

    def _cut(self) -> int:
        """Small against the bound, so that what was moved frees it."""
        return min(self._settings.segment_bytes, max(self._smallest_bound // 8, 1))

    def _next_segment(self) -> None:
        self._end_segment()
        self._look()
        self._number += 1
        path = self.folder / f"{self._number:08d}{SEGMENT_SUFFIX}"
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as error:
            log.error("The segment %s cannot be begun: %s.", path, error)
            self._descriptor = -1
        self._opened_at = time.monotonic()

    def _end_segment(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
        self._closed_bytes += self._size
        self._size = 0
        self._told.clear()

    def _is_full(self, rules: _Rules) -> bool:
        """Whether the bound holds still; the recorder may have removed segments."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_AGAIN_SECONDS:
            self._end_segment()  # the recorder frees only what has ended
            self._look()
        return self._closed_bytes + self._size >= rules.most_bytes

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        total = 0
        for entry in os.scandir(self.folder):
            if entry.name.endswith(SEGMENT_SUFFIX):
                try:
                    total += entry.stat().st_size
                except FileNotFoundError:
                    continue
        self._closed_bytes = total - self._size

    def _left_out(self, exchange: Exchange, rules: _Rules, fraction: float) -> bool:
        """Apply the rule of a full journal; whether nothing is written."""
        self._degrade()
        if rules.on_full is OnFull.REFUSE:
            self._refuse()
        # Sampling cannot go on for ever: beyond twice the bound nothing is kept.
        is_sampled = rules.on_full is OnFull.SAMPLE and self._closed_bytes + self._size < 2 * rules.most_bytes
        if is_sampled and is_kept(exchange.request_id, fraction):
            return False
        self._degraded_out += 1
        self._put_state()
        return True

    def _fail(self, rules: _Rules, error: OSError) -> None:
        """What is done when the disk takes nothing more."""
        self._disk_errors += 1
        if not self._is_degraded:
            log.error("Answers cannot be written to the journal %s: %s.", self.folder, error)
        self._cut_back()
        self._degrade()
        if rules.on_full is OnFull.REFUSE:
            self._refuse()
        self._degraded_out += 1
        self._put_state()

    def _cut_back(self) -> None:
        """Take away what was written of an exchange, so that the next one begins at a clean end."""
        if self._descriptor < 0:
            return
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:
            self._end_segment()

    def _refuse(self) -> None:
        self._refused += 1
        self._put_state()
        raise Unavailable(
            "The answer cannot be accounted for: the journal of this worker is full.",
            hint="Try again later; the inference table is not being written, or the disk is full.",
        )

    def _degrade(self) -> None:
        if not self._is_degraded:
            self._is_degraded = True
            self._degradations += 1
            log.warning("The journal %s is full; answers are kept by the rule for that.", self.folder)

    def _recover(self) -> None:
        self._is_degraded = False
        log.warning("The journal %s has room again.", self.folder)

    def _put_state(self) -> None:
        self._state.put_numbers(
            self._written,
            self._sampled_out,
            self._degraded_out,
            self._refused,
            self._closed_bytes + self._size,
            self._degradations,
            self._is_degraded,
            self._disk_errors,
        )
