"""What workers have counted that ended long ago: their files go, the sums of them stay.

To Prometheus a counter that falls is one that began anew, and all that is left of it has just been counted. So a worker
that is forgotten must not take its answers along.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boathouse.foundation.home import Home
from boathouse.serving.telemetry.nouns import Counts, Series, WorkerCounts
from boathouse.serving.telemetry.reading import counts_files, counts_folder, exists, read_counts, read_file

_FILE = "ended.json"


@dataclass(frozen=True, slots=True)
class Ended:
    """The sums of workers that have been forgotten."""

    series: Mapping[Series, Counts] = field(default_factory=dict[Series, Counts])
    files: tuple[str, ...] = ()
    """Those forgotten last: whoever finds one of them still finds what is in the sums already."""


def totals(home: Home) -> tuple[list[WorkerCounts], dict[Series, Counts]]:
    """The workers of which there are counts, and what all workers have ever counted."""
    while True:  # files must not become sums between two looks
        before = _read(home)
        workers = [each for each in read_counts(home) if f"{each.pid}-{each.started_at}" not in before.files]
        if _read(home).files == before.files:
            return workers, summed([before.series, *(each.series for each in workers)])


def forget_ended(home: Home, *, older_than_seconds: float) -> None:
    """Remove the counts of workers that ended so long ago that everybody has read them. For one process at a time."""
    known = _read(home)
    gone: dict[Path, Mapping[Series, Counts]] = {}
    for file in counts_files(home):
        counts = read_file(file)
        if counts is not None and exists(counts.pid):
            continue
        with suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > older_than_seconds:
                gone[file] = {} if counts is None or file.stem in known.files else counts.series
    if not gone:
        return
    if any(gone.values()):
        files = tuple(file.stem for file in gone)
        _write(home, Ended(summed([known.series, *gone.values()]), files))
    for file in gone:
        file.unlink(missing_ok=True)


def summed(parts: Iterable[Mapping[Series, Counts]]) -> dict[Series, Counts]:
    """All together, series by series."""
    found: dict[Series, Counts] = {}
    for part in parts:
        for series, counts in part.items():
            found[series] = counts if series not in found else added(found[series], counts)
    return found


def added(one: Counts, two: Counts) -> Counts:
    """Both together."""
    statuses = {*one.by_status, *two.by_status}
    return Counts(
        by_status={status: one.by_status.get(status, 0) + two.by_status.get(status, 0) for status in statuses},
        fallen=one.fallen + two.fallen,
        latency=_pairwise(one.latency, two.latency),
        latency_sum_ms=one.latency_sum_ms + two.latency_sum_ms,
        rows=one.rows + two.rows,
        predictions=_pairwise(one.predictions, two.predictions),
    )


def _pairwise(one: tuple[int, ...], two: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, two, strict=True))


def _read(home: Home) -> Ended:
    try:
        content: dict[str, Any] = json.loads((counts_folder(home) / _FILE).read_bytes())
        return Ended(dict(_series(each) for each in content["series"]), tuple(content["files"]))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError):
        return Ended()


def _write(home: Home, ended: Ended) -> None:
    file = counts_folder(home) / _FILE
    series = [
        [each.endpoint_id, each.entity_id, each.role, list(counts.by_status.items()), counts.fallen, counts.latency,
         counts.latency_sum_ms, counts.rows, counts.predictions]
        for each, counts in ended.series.items()
    ]  # fmt: skip
    draft = file.with_name(f"{_FILE}.{os.getpid()}")
    draft.write_text(json.dumps({"series": series, "files": ended.files}))
    draft.replace(file)


def _series(said: list[Any]) -> tuple[Series, Counts]:
    endpoint_id, entity_id, role, statuses, fallen, latency, latency_sum_ms, rows, predictions = said
    counts = Counts(dict(statuses), fallen, tuple(latency), latency_sum_ms, rows, tuple(predictions))
    return Series(endpoint_id, entity_id, role), counts
