# pyright: reportUnknownParameterType=false
"""Requests that wait for the same slow model, asked as one: a call of many rows costs little more than one of one.

Nobody is made to wait for others: while the model is busy, those who come gather, and the next call takes them all.
A model that answers rows differently when it is given more of them at once is found out, and never stacked again: the
first calls, and one in a hundred after that, are made both ways and compared. A model in a process of its own gains
most: a call costs it milliseconds, however few rows it has.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from boathouse.serving.scoring import messages
from boathouse.serving.scoring.messages import Message
from boathouse.serving.scoring.nouns import ModelAway, Scorer

log = logging.getLogger(__name__)

MOST_ROWS = 2_048
"""Of one call."""
LARGE_ROWS = 256
"""A request with more rows is asked by itself."""
TRIALS = 4
_CHECK_EVERY = 100
_ALONE = 50
"""So many calls in a row are made one by one after a call of many has ended the model's process: whoever does that is
told so, and nobody else."""
_WORTHWHILE = 0.8
"""Together they must take no more than this share of what they take one by one."""


class _Waiting:
    """One request on its way through."""

    __slots__ = ("arrays", "error", "found", "is_done", "leads", "rows", "turn")

    def __init__(self, arrays: Any, rows: int) -> None:
        self.arrays = arrays
        self.rows = rows
        self.turn = threading.Event()
        self.is_done = self.leads = False
        self.found: Any = None
        self.error: Exception | None = None


class Stack:
    """Of one model. For any thread."""

    def __init__(self, scorer: Scorer, *, name: str, now: Callable[[], float] = time.perf_counter) -> None:
        self._scorer = scorer
        self._now = now
        self._name = name
        self._lock = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._is_busy = False
        self._calls = 0
        self._alone = 0
        self._one_by_one_seconds = self._together_seconds = 0.0
        self.is_off = False
        """Whether stacking has been given up."""
        self.stacked = 0
        """Requests that were asked together with others."""

    def predict(self, arrays: Any, params: Mapping[str, Any] | None, rows: int) -> Any:
        """As the model's ``predict``."""
        if self.is_off or params or rows > LARGE_ROWS or kind_of(arrays) is None:
            return self._scorer.predict(arrays, params)
        ours = _Waiting(arrays, rows)
        with self._lock:
            self._waiting.append(ours)
            ours.leads = not self._is_busy
            self._is_busy = True
        if not ours.leads:
            ours.turn.wait()
        if not ours.is_done:
            self._lead()
        if ours.error is not None:
            raise ours.error
        return ours.found

    def _lead(self) -> None:
        """Ask for everybody who waits, then let the next one lead."""
        group = self._taken()
        try:
            self._ask(group)
        except BaseException as error:  # nobody may be left waiting
            for each in group:
                if each.found is None and each.error is None:
                    each.error = error if isinstance(error, Exception) else RuntimeError(str(error))
            raise
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._is_busy = following is not None
            for each in group:
                each.is_done = True
                each.turn.set()
            if following is not None:
                following.turn.set()

    def _taken(self) -> list[_Waiting]:
        with self._lock:
            group = [self._waiting.popleft()]
            kind, rows = kind_of(group[0].arrays), group[0].rows
            while self._waiting and rows + self._waiting[0].rows <= MOST_ROWS:
                if kind_of(self._waiting[0].arrays) != kind:
                    break
                group.append(self._waiting.popleft())
                rows += group[-1].rows
        return group

    def _ask(self, group: Sequence[_Waiting]) -> None:
        self._alone = max(0, self._alone - 1)
        if len(group) == 1 or self.is_off or self._alone:
            self._one_by_one(group)
            return
        self._calls += 1
        if self._calls <= TRIALS or self._calls % _CHECK_EVERY == 0:
            self._compare(group)
            return
        try:
            parts = self._together(group)
        except Exception:  # noqa: BLE001  # whose rows they were is found out one by one
            parts = None
        if parts is None:
            self._one_by_one(group)
            if any(isinstance(each.error, ModelAway) for each in group):
                self._alone = _ALONE
            return
        self.stacked += len(group)
        for each, part in zip(group, parts, strict=True):
            each.found = part

    def _one_by_one(self, group: Sequence[_Waiting]) -> None:
        for each in group:
            try:
                each.found = self._scorer.predict(each.arrays, None)
            except Exception as error:  # noqa: BLE001  # told to whoever has asked
                each.error = error

    def _together(self, group: Sequence[_Waiting]) -> list[Any] | None:
        """The predictions of each; None when they cannot be told apart."""
        predictions = self._scorer.predict(joined([each.arrays for each in group]), None)
        return parted(predictions, [each.rows for each in group])

    def _compare(self, group: Sequence[_Waiting]) -> None:
        """Both ways; what is answered is what one by one gives."""
        began = self._now()
        self._one_by_one(group)
        between = self._now()
        if any(each.error is not None for each in group):
            return
        try:
            parts = self._together(group)
        except Exception:  # noqa: BLE001  # then it is not for this model
            parts = None
        together = self._now() - between
        answer = self._scorer.answer
        if parts is None or any(answer(each.found) != answer(part) for each, part in zip(group, parts, strict=True)):
            self.is_off = True
            log.info("%s answers otherwise when requests are asked together; they are asked one by one.", self._name)
            return
        self._one_by_one_seconds += between - began
        self._together_seconds += together
        if self._calls == TRIALS and self._together_seconds > _WORTHWHILE * self._one_by_one_seconds:
            self.is_off = True
            log.info("%s is no faster when requests are asked together; they are asked one by one.", self._name)


def kind_of(arrays: Any) -> tuple[Any, ...] | None:
    """What must be the same for two requests to be asked together; None for what cannot be."""
    if isinstance(arrays, Message):
        return arrays.kind
    if hasattr(arrays, "ndim") and hasattr(arrays, "dtype"):
        return ("array", str(arrays.dtype), arrays.shape[1:]) if arrays.ndim >= 1 else None
    if hasattr(arrays, "columns") and hasattr(arrays, "dtypes") and hasattr(arrays, "iloc"):
        kinds = [str(each) for each in arrays.dtypes]
        if "category" in kinds:  # joined, categories would become another type
            return None
        return ("frame", tuple(arrays.columns), tuple(kinds))
    return None


def joined(arrays: Sequence[Any]) -> Any:
    if isinstance(arrays[0], Message):
        return messages.joined(arrays)
    if hasattr(arrays[0], "iloc"):
        import pandas as pd

        return pd.concat(arrays, ignore_index=True)
    import numpy as np

    return np.concatenate(arrays)


def parted(predictions: Any, rows: Sequence[int]) -> list[Any] | None:
    """Predictions of several requests, each by itself; None when there is not one for each row."""
    if isinstance(predictions, bytes):
        return messages.parted(predictions, rows)
    is_frame = hasattr(predictions, "iloc")
    if not is_frame and not isinstance(predictions, list) and not hasattr(predictions, "ndim"):
        return None
    if len(predictions) != sum(rows):
        return None
    spans = [slice(end - count, end) for count, end in zip(rows, accumulate(rows), strict=True)]
    if is_frame:
        frame: Any = predictions
        return [frame.iloc[span].reset_index(drop=True) for span in spans]
    return [predictions[span] for span in spans]
