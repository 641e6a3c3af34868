"""Histograms of predictions, which can be compared between versions and workers because their bounds are fixed once.

The bounds of an endpoint come from the first answers of the version that is there: tenths of numbers, or one bucket
for each class. The worker that has seen enough writes them into a file that only one can make; all others take them.
"""

import json
import os
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from boathouse.serving.telemetry.layout import PREDICTION_BUCKETS

ENOUGH = 200
"""Predictions from which bounds are made."""
MOST_KEPT = 2_000
"""Predictions that a series keeps until there are bounds."""
MOST_COUNTED = 1_000
"""Predictions of one answer that are counted: more say nothing more."""
_BUCKETS = 10
_LONGEST_TEXT = 64 * 1024

Value = float | str


class PredictionBounds:
    """The bounds of one endpoint, once there are some."""

    __slots__ = ("_file", "labels", "numbers")

    def __init__(self, file: Path) -> None:
        self._file = file
        self.numbers: tuple[float, ...] | None = None
        """Upper bounds of all buckets but the last."""
        self.labels: dict[Value, int] | None = None
        self.look()

    @property
    def are_known(self) -> bool:
        return self.numbers is not None or self.labels is not None

    def look(self) -> None:
        if self.are_known:
            return
        with suppress(FileNotFoundError, NotADirectoryError, ValueError):
            found = json.loads(self._file.read_text())
            if "labels" in found:
                self.labels = {label: place for place, label in enumerate(found["labels"])}
            else:
                self.numbers = tuple(found["numbers"])

    def decide(self, seen: Sequence[Value]) -> None:
        """Fix the bounds by these predictions, unless somebody was faster."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        draft.write_text(json.dumps(bounds_from(seen)))
        with suppress(FileExistsError):
            os.link(draft, self._file)  # whole or not at all, and only once
        draft.unlink()
        self.look()

    def bucket(self, value: Value) -> int:
        if self.numbers is not None:
            return bisect_left(self.numbers, value) if isinstance(value, int | float) else len(self.numbers)
        labels = self.labels or {}
        return labels.get(value, len(labels))


class Predictions:
    """What a series does with the predictions of its answers."""

    __slots__ = ("_bounds", "_decides", "_seen")

    def __init__(self, bounds: PredictionBounds, *, decides: bool) -> None:
        self._bounds = bounds
        self._decides = decides
        self._seen: list[Value] | None = None if bounds.are_known else []

    def count(self, predictions: Any, words: Any, at: int) -> None:
        bounds = self._bounds
        if self._seen is None and bounds.numbers is not None and _is_one(predictions):
            value = predictions[0]
            if value == value and isinstance(value, float):  # NumPy's double is one; NaN lies in no bucket
                words[at + bisect_left(bounds.numbers, value)] += 1
                return
        if self._seen is None and bounds.numbers is not None and _are_numbers(predictions):
            _count_numbers(predictions[:MOST_COUNTED], bounds.numbers, words, at)
            return
        values = values_of(predictions)
        if self._seen is not None:
            self._seen.extend(values[: MOST_KEPT - len(self._seen)])
            if not bounds.are_known:
                if not self._decides or len(self._seen) < ENOUGH:
                    return
                bounds.decide(self._seen)
            values, self._seen = self._seen, None
        for value in values:
            words[at + bounds.bucket(value)] += 1


def _count_numbers(predictions: Any, bounds: tuple[float, ...], words: Any, at: int) -> None:
    """As one by one, for arrays of many."""
    import numpy as np

    counts = np.bincount(np.searchsorted(bounds, predictions), minlength=len(bounds) + 1).tolist()
    counts[-1] -= int(np.isnan(predictions).sum())
    for place, count in enumerate(counts):
        if count:
            words[at + place] += count


def bounds_from(seen: Sequence[Value]) -> dict[str, list[Any]]:
    """Tenths of many numbers; otherwise one bucket for each value."""
    distinct = sorted(set(seen), key=lambda value: (isinstance(value, str), value))
    are_numbers = not any(isinstance(value, str) for value in distinct)
    if len(distinct) < PREDICTION_BUCKETS and (not are_numbers or all(float(value).is_integer() for value in distinct)):
        return {"labels": distinct}
    if not are_numbers:
        return {"labels": distinct[: PREDICTION_BUCKETS - 1]}
    ordered = sorted(float(value) for value in seen)
    tenths = [ordered[len(ordered) * part // _BUCKETS] for part in range(1, _BUCKETS)]
    return {"numbers": sorted(set(tenths))}


def values_of(predictions: Any) -> list[Value]:
    """One value for each row: the number itself, of two probabilities the second, of more the place of the largest,
    the class as text; nothing for what cannot be compared."""
    if isinstance(predictions, bytes):  # of a model in a process of its own: the JSON that it gave
        predictions = _parsed(predictions)
    if hasattr(predictions, "to_numpy"):
        predictions = predictions.to_numpy()
    if hasattr(predictions, "ndim"):
        predictions = predictions[:MOST_COUNTED] if predictions.ndim else predictions.reshape(1)
        if predictions.ndim == 2:
            width = predictions.shape[1]
            predictions = predictions.argmax(axis=1) if width > 2 else predictions[:, width - 1]
        predictions = predictions.tolist() if predictions.ndim == 1 else []
    if not isinstance(predictions, list | tuple):
        return []
    return [_value(each) for each in predictions[:MOST_COUNTED] if _is_value(each)]  # pyright: ignore[reportUnknownVariableType]


def _is_one(predictions: Any) -> bool:
    return predictions.__class__.__name__ == "ndarray" and predictions.shape == (1,)


def _are_numbers(predictions: Any) -> bool:
    return predictions.__class__.__name__ == "ndarray" and predictions.ndim == 1 and predictions.dtype.kind == "f"


def _parsed(text: bytes) -> Any:
    if len(text) > _LONGEST_TEXT:
        return None
    with suppress(ValueError, TypeError):
        found = json.loads(text)
        if isinstance(found, list) and found and isinstance(found[0], list):
            rows = cast(list[list[Any]], found)
            if all(len(row) == len(rows[0]) for row in rows) and len(rows[0]) > 0:
                last = len(rows[0]) - 1
                return [row[last] for row in rows] if last < 2 else [row.index(max(row)) for row in rows]
            return None
        return cast(Any, found)
    return None


def _is_value(each: Any) -> bool:
    return isinstance(each, str) or (isinstance(each, int | float) and each == each)  # NaN lies in no bucket


def _value(each: Any) -> Value:
    return each if isinstance(each, str) else float(each)
