"""What the workers of a home have counted, read by whoever wants to know."""

import json
import os
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from boathouse.foundation.home import Home
from boathouse.serving.telemetry import layout
from boathouse.serving.telemetry.nouns import Counts, PredictionBuckets, Series, WorkerCounts

STUCK_AFTER_MS = 10_000
"""A worker whose heart has not beaten for so long answers nothing any more."""
_HEADER = struct.Struct(f"={layout.HEADER}q")
_NUMBERS = layout.RECORD - layout.STATUSES
_RECORD = struct.Struct(f"={layout.KEY_BYTES}s{_NUMBERS}q")


def counts_folder(home: Home) -> Path:
    return home.serving / "counts"


def read_counts(home: Home) -> list[WorkerCounts]:
    """All workers of which there are counts, those that have ended among them, oldest first."""
    found = [counts for file in counts_files(home) if (counts := read_file(file)) is not None]
    return sorted(found, key=lambda counts: (counts.started_at, counts.pid))


def read_bounds(home: Home) -> dict[str, PredictionBuckets]:
    """By endpoint: what the buckets of its predictions are."""
    found: dict[str, PredictionBuckets] = {}
    for file in (counts_folder(home) / "bounds").glob("*.json"):
        with suppress(FileNotFoundError, ValueError):
            content = json.loads(file.read_text())
            found[file.stem] = PredictionBuckets(tuple(content.get("numbers", ())), tuple(content.get("labels", ())))
    return found


def counted_workers(home: Home) -> list[str]:
    """``<pid>-<started at>`` of each worker of which there are counts."""
    return [file.stem for file in counts_files(home)]


def living_workers(home: Home) -> list[str]:
    """As :func:`counted_workers`, those that live: of each only the beginning of its file is read."""
    return [file.stem for file in counts_files(home) if (header := _header(file)) is not None and _is_alive(header)]


def read_file(file: Path) -> WorkerCounts | None:
    """None: it has gone, or is just being made."""
    try:
        with file.open("rb") as opened:
            header = _HEADER.unpack(opened.read(_HEADER.size))
            if header[0] != layout.MAGIC:
                return None
            text = opened.read(header[layout.SERIES] * _RECORD.size)
    except (FileNotFoundError, struct.error):
        return None
    return WorkerCounts(
        pid=header[layout.PID],
        started_at=header[layout.STARTED_AT],
        series=dict(_record(*_RECORD.unpack_from(text, at)) for at in range(0, len(text), _RECORD.size)),
        waiting=header[layout.WAITING],
        journal_bytes=header[layout.JOURNAL_BYTES],
        is_alive=_is_alive(header),
        under_way=header[layout.UNDER_WAY],
        heartbeat_at=header[layout.HEARTBEAT],
        generation=header[layout.GENERATION],
        is_capture_degraded=bool(header[layout.CAPTURE_DEGRADED]),
        shadows_dropped=header[layout.SHADOWS_DROPPED],
    )


def counts_files(home: Home) -> Iterator[Path]:
    """Of all workers, those that have ended among them."""
    return counts_folder(home).glob(f"*{layout.SUFFIX}")


def exists(pid: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _header(file: Path) -> tuple[int, ...] | None:
    try:
        with file.open("rb") as opened:
            header = _HEADER.unpack(opened.read(_HEADER.size))
    except (FileNotFoundError, struct.error):
        return None
    return header if header[0] == layout.MAGIC else None


def _is_alive(header: tuple[int, ...]) -> bool:
    now = time.time_ns() // 1_000_000
    return now - header[layout.HEARTBEAT] < STUCK_AFTER_MS and exists(header[layout.PID])


def _record(key: bytes, *numbers: int) -> tuple[Series, Counts]:
    def at(place: int) -> int:
        return place - layout.STATUSES

    statuses = numbers[: 2 * layout.STATUS_SLOTS]
    first_latency, first_prediction = at(layout.LATENCY), at(layout.PREDICTIONS)
    return Series(*json.loads(key.rstrip(b"\0"))), Counts(
        by_status={status: count for status, count in zip(statuses[::2], statuses[1::2], strict=True) if count},
        fallen=numbers[at(layout.FALLEN)],
        latency=numbers[first_latency : first_latency + layout.LATENCY_BUCKETS],
        latency_sum_ms=numbers[at(layout.LATENCY_SUM)] / 1000,
        rows=numbers[at(layout.ROWS)],
        predictions=numbers[first_prediction : first_prediction + layout.PREDICTION_BUCKETS],
    )
