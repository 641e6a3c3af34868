"""A new version of a model whose kind has been proven: it answers at once, and its own proof follows.

To prove a model takes seconds, and an alias that moves shall not wait for that. Of a model that differs from a proven
one in nothing but what it has learnt, it is enough to look afterwards. Should it answer otherwise than in MLflow, it
goes into a process of its own from then on.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from boathouse.serving.scoring.answers import as_json
from boathouse.serving.scoring.messages import Message
from boathouse.serving.scoring.mlmodel import ModelFolder
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.scoring.proofs import PLAN, library_versions
from boathouse.serving.scoring.remote import IsolatedScorer
from boathouse.serving.scoring.scorers import NativeScorer

log = logging.getLogger(__name__)


def kind_of(folder: ModelFolder, model: str) -> str:
    """The same for versions of one registered model that differ in nothing but what they have learnt: flavour, class,
    signature, names of files, and versions of libraries are the same."""
    said = [model, PLAN, library_versions(), folder.flavors, repr(folder.signature), sorted(_files(folder))]
    return "kind-" + hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:27]


def _files(folder: ModelFolder) -> list[str]:
    return [str(file.relative_to(folder.path)) for file in folder.path.rglob("*") if file.is_file()]


class ProvisionalScorer:
    """Implements :class:`boathouse.serving.scoring.nouns.Scorer`."""

    def __init__(self, native: NativeScorer, settle: Callable[[], IsolatedScorer | None], *, name: str) -> None:
        """Args:
        settle: Finds out whether the model answers as in MLflow; what answers from then on when it does not.
        """
        self._native = native
        self._other: IsolatedScorer | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        self.required = native.required
        self.is_fast = native.is_fast
        self.answer = as_json
        threading.Thread(target=self._settle, args=(settle,), name=f"prove-{name}", daemon=True).start()

    def read(self, payload: Payload) -> Any:
        return (self._other or self._native).read(payload)

    def predict(self, arrays: Any, params: Mapping[str, Any] | None) -> Any:
        if self._other is not None and isinstance(arrays, Message):
            return self._other.predict(arrays, params)
        return self._native.predict(arrays, params)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._native.close()
            if self._other is not None:
                self._other.close()

    def _settle(self, settle: Callable[[], IsolatedScorer | None]) -> None:
        try:
            other = settle()
        except Exception:  # whatever it is, the next start tries again
            log.exception("It could not be found out whether a model answers as in MLflow.")
            return
        if other is None:
            return
        with self._lock:
            if self._is_closed:
                other.close()
            else:
                self.is_fast = False
                self._other = other
