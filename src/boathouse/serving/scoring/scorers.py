"""A model that answers in this process, between the body of a request and the body of an answer."""

import time
from collections.abc import Mapping
from typing import Any, Protocol

from boathouse.serving.scoring.answers import as_json
from boathouse.serving.scoring.columns import first_row
from boathouse.serving.scoring.errors import WrongInput
from boathouse.serving.scoring.flavours.choosing import load_native
from boathouse.serving.scoring.flavours.native import Form, Native, NotNative
from boathouse.serving.scoring.frames import FrameReader
from boathouse.serving.scoring.matrices import MatrixReader, fits_matrix
from boathouse.serving.scoring.mlmodel import ModelFolder
from boathouse.serving.scoring.nouns import Payload, ScoringFailed
from boathouse.serving.scoring.signature import NESTED, Signature
from boathouse.serving.scoring.tensors import TensorReader

FAST_SECONDS = 0.0005
"""Who takes no longer for a row may answer in the event loop."""
_TRIES = 20


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
        try:
            return self._predict(arrays, params)
        except Exception as error:
            raise ScoringFailed(f"the model raised {type(error).__name__}: {error}") from error

    def measure(self, payload: Payload) -> None:
        """Find out whether it is fast, with the first row of some."""
        payload = first_row(payload)
        best = float("inf")
        for _ in range(_TRIES):
            began = time.perf_counter()
            self.answer(self.predict(self.read(payload), None))
            best = min(best, time.perf_counter() - began)
        self.is_fast = best <= FAST_SECONDS

    def close(self) -> None:
        if self._native.close is not None:
            self._native.close()


def open_here(folder: ModelFolder) -> NativeScorer:
    """The model of a folder, loaded into this process.

    Raises:
        NotNative: It cannot be loaded here.
    """
    native = load_native(folder)
    if folder.signature is None:
        raise NotNative("it has no signature")
    return NativeScorer(native, folder.signature)


class Reader(Protocol):
    """Payloads as what a model's function takes."""

    def read(self, payload: Payload) -> Any: ...


def reader_of(native: Native, signature: Signature) -> Reader:
    """The reader for what the model's function takes.

    Raises:
        NotNative: The signature asks for something that it cannot be given.
    """
    if native.form is Form.TENSORS and signature.tensors:
        return TensorReader(signature)
    if native.form is Form.MATRIX and fits_matrix(signature):
        return MatrixReader(signature, takes_nulls=native.takes_nulls)
    if native.form is Form.FRAME and signature.columns and not any(each.kind in NESTED for each in signature.columns):
        return FrameReader(signature, takes_nulls=native.takes_nulls)
    raise NotNative("its signature asks for what its library is not given here")
