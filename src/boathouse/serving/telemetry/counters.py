"""What one worker counts, in a file that is mapped into its memory: to count is a store, and readers need nobody."""

import json
import logging
import mmap
import os
import threading
import time
from bisect import bisect_left
from pathlib import Path
from typing import Any

from boathouse.serving.telemetry import layout
from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS, Series
from boathouse.serving.telemetry.predictions import PredictionBounds, Predictions

log = logging.getLogger(__name__)


class SeriesCounter:
    """The counters of one series. For one thread at a time."""

    __slots__ = ("_at", "_predictions", "_statuses", "_words")

    def __init__(self, words: Any, at: int, predictions: Predictions) -> None:
        self._words = words
        self._at = at
        self._statuses: dict[int, int] = {}
        self._predictions = predictions

    def count(self, status: int, ms: float, rows: int, predictions: Any = None, *, fallen: bool = False) -> None:
        """One answer.

        Args:
            predictions: What the model gave, as it gave it; None where there is nothing to compare.
        """
        words, at = self._words, self._at
        place = self._statuses.get(status)
        if place is None:
            place = self._place_of(status)
        words[place] += 1
        words[at + layout.LATENCY + bisect_left(LATENCY_BOUNDS_MS, ms)] += 1
        words[at + layout.LATENCY_SUM] += int(ms * 1000)
        words[at + layout.ROWS] += rows
        if fallen:
            words[at + layout.FALLEN] += 1
        elif predictions is not None:
            self._predictions.count(predictions, words, at + layout.PREDICTIONS)

    def _place_of(self, status: int) -> int:
        first = self._at + layout.STATUSES
        for place in range(first, first + 2 * layout.STATUS_SLOTS, 2):
            if self._words[place] in (0, status):
                self._words[place] = status
                self._statuses[status] = place + 1
                return place + 1
        return first + 2 * layout.STATUS_SLOTS - 1  # more kinds of answers than there are; the last slot takes the rest


class Counters:
    """Everything that one worker counts."""

    def __init__(self, folder: Path, *, pid: int | None = None) -> None:
        """
        Args:
            folder: ``counts`` of the home's ``serving``.
        """
        folder.mkdir(parents=True, exist_ok=True)
        started_at = time.time_ns() // 1_000_000
        self.pid = os.getpid() if pid is None else pid
        self.file = folder / f"{self.pid}-{started_at}{layout.SUFFIX}"
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.ftruncate(descriptor, layout.FILE_BYTES)
            self._memory = mmap.mmap(descriptor, layout.FILE_BYTES)
        finally:
            os.close(descriptor)
        self._words = memoryview(self._memory).cast("q")
        self._series: dict[Series, SeriesCounter] = {}
        self._predictions: dict[str, PredictionBounds] = {}
        self._bounds = folder / "bounds"
        self._lock = threading.Lock()
        self._words[layout.PID], self._words[layout.STARTED_AT] = self.pid, started_at
        self.beat()
        self._words[0] = layout.MAGIC

    def beat(self) -> None:
        """Say that the worker is not stuck."""
        self._words[layout.HEARTBEAT] = time.time_ns() // 1_000_000

    def tell(
        self, *, waiting: int, under_way: int, journal_bytes: int, generation: int, degraded: bool = False,
        shadows_dropped: int = 0,
    ) -> None:  # fmt: skip
        """How the worker is now."""
        words = self._words
        words[layout.WAITING], words[layout.UNDER_WAY] = waiting, under_way
        words[layout.JOURNAL_BYTES], words[layout.GENERATION] = journal_bytes, generation
        words[layout.CAPTURE_DEGRADED] = int(degraded)
        words[layout.SHADOWS_DROPPED] = shadows_dropped

    def of(self, series: Series) -> SeriesCounter:
        """The counters of a series; ask once, and keep them."""
        found = self._series.get(series)
        return found if found is not None else self._opened(series)

    def count(
        self, series: Series, status: int, ms: float, rows: int, predictions: Any = None, *, fallen: bool = False
    ) -> None:
        """As :meth:`SeriesCounter.count`."""
        self.of(series).count(status, ms, rows, predictions, fallen=fallen)

    def look(self) -> None:
        """Take over what other workers have decided about histograms. Ask about once a second."""
        for each in list(self._predictions.values()):
            each.look()

    def _opened(self, series: Series) -> SeriesCounter:
        with self._lock:
            if series in self._series:
                return self._series[series]
            number = self._words[layout.SERIES]
            key = json.dumps([series.endpoint_id, series.entity_id, series.role], separators=(",", ":")).encode()
            if number >= layout.MOST_SERIES or len(key) > layout.KEY_BYTES:
                log.warning("%s has no room for another series; %s is not counted.", self.file, series)
                words: Any = memoryview(bytearray(layout.RECORD * layout.WORD)).cast("q")
                return self._series.setdefault(series, SeriesCounter(words, 0, self._predictions_of(series)))
            at = layout.HEADER + number * layout.RECORD
            self._memory[at * layout.WORD : at * layout.WORD + len(key)] = key
            self._words[layout.SERIES] = number + 1
            return self._series.setdefault(series, SeriesCounter(self._words, at, self._predictions_of(series)))

    def _predictions_of(self, series: Series) -> Predictions:
        bounds = self._predictions.get(series.endpoint_id)
        if bounds is None:
            bounds = PredictionBounds(self._bounds / f"{series.endpoint_id or 'none'}.json")
            self._predictions[series.endpoint_id] = bounds
        return Predictions(bounds, decides=series.role in ("primary", "control"))
