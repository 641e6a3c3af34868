"""What goes into a model and what comes out, between the body of a request and the body of an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

LONGEST_CLIENT_ID = 200
"""Of what a caller calls a request, so many characters are kept: it stands beside each row of the request."""


class Shape(StrEnum):
    """How rows stand in a body."""

    SPLIT = "dataframe_split"
    RECORDS = "dataframe_records"
    INSTANCES = "instances"
    INPUTS = "inputs"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"


@dataclass(slots=True)
class Payload:
    """What a caller has sent: read, and not yet held against any model."""

    shape: Shape
    rows: int
    columns: Sequence[str] | None
    """None: values without names (tensors, or rows of a model without named inputs)."""
    data: Any
    """SPLIT: a list of rows. RECORDS, INSTANCES of mappings: a list of mappings. INPUTS of a mapping: a mapping of
    lists. ARROW, CSV, PARQUET: an Arrow table. Otherwise nested lists."""
    params: Mapping[str, Any] | None = None
    client_request_id: str | None = None
    sent: Any = None
    """Of INPUTS: what stood in the body, where ``data`` lays it out anew."""


class Scorer(Protocol):
    """A loaded model. Safe to share between threads."""

    @property
    def is_fast(self) -> bool:
        """Whether one row takes so little that it may be answered in the event loop; else a thread is used."""
        ...

    @property
    def required(self) -> tuple[str, ...]:
        """The input columns without which it cannot answer; empty without a signature."""
        ...

    def read(self, payload: Payload) -> Any:
        """The payload as what ``predict`` takes: columns in order, types checked.

        Raises:
            InvalidInput: It does not fit the signature; names column, row and type.
        """
        ...

    def predict(self, arrays: Any, params: Mapping[str, Any] | None) -> Any:
        """What the model says; only ``answer`` and ``answers.as_numbers`` know what is in it.

        Raises:
            InvalidInput: The model's own check of its inputs refuses them.
            ScoringFailed: It raised, or did not come to an end.
        """
        ...

    def answer(self, predictions: Any) -> bytes:
        """The JSON value of ``predictions``: ``[0.25,0.75]``."""
        ...

    def close(self) -> None: ...


class ScoringFailed(Exception):
    """The model raised, hung, or its process died; the ladder is asked next. ``str()`` is for the log."""


class ModelAway(ScoringFailed):
    """Its process is being started again; asking later may help."""
