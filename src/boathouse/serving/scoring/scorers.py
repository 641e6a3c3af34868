"""A model that answers in this process, between the body of a request and the body of an answer."""

import time
from collections.abc import Mapping
from typing import Any

from boathouse.serving.scoring.answers import as_json
from boathouse.serving.scoring.errors import WrongInput
from boathouse.serving.scoring.flavours.native import Form, Native, NotNative
from boathouse.serving.scoring.matrices import MatrixReader, fits_matrix
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.scoring.signature import Signature

FAST_SECONDS = 0.0005
"""Who takes no longer for a row may answer in the event loop."""
_TRIES = 5


class NativeScorer:
    """Implements :class:`boathouse.serving.scoring.nouns.Scorer`."""

    def __init__(self, native: Native, signature: Signature) -> None:
        """Raises:
        NotNative: The signature asks for what the model's function cannot be given.
        """
        self._native = native
        self._reader = reader_of(native, signature)
        self._predict = native.predict
        self.required = signature.required
        self.is_fast = False
        self.answer = as_json

    def read(self, payload: Payload) -> Any:
        if payload.rows == 0:
            raise WrongInput("The request has no rows.")
        return self._reader.read(payload)

    def predict(self, arrays: Any, params: Mapping[str, Any] | None) -> Any:
        return self._predict(arrays, params)

    def measure(self, payload: Payload) -> None:
        """Find out whether it is fast, with a row or some."""
        best = float("inf")
        for _ in range(_TRIES):
            began = time.perf_counter()
            self.answer(self.predict(self.read(payload), None))
            best = min(best, time.perf_counter() - began)
        self.is_fast = best <= FAST_SECONDS

    def close(self) -> None:
        if self._native.close is not None:
            self._native.close()


def reader_of(native: Native, signature: Signature) -> MatrixReader:
    if native.form is Form.MATRIX and fits_matrix(signature):
        return MatrixReader(signature, takes_nulls=native.takes_nulls)
    raise NotNative("its signature asks for more than numbers")
