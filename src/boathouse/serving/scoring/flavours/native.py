"""What a flavour makes of a model: a function over arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class NotNative(Exception):
    """The model is not loaded in this process; ``str()`` says why. It goes into one of its own."""


class Form(StrEnum):
    """What a model's function takes."""

    MATRIX = "matrix"
    """Floating numbers of 64 bits, a row per row, a column per column of the signature."""
    FRAME = "frame"
    """A pandas frame with the signature's columns and types."""
    TENSORS = "tensors"
    """An array, or a mapping of them."""


@dataclass(frozen=True, slots=True)
class Native:
    """A model that answers in this process. Safe for many threads."""

    predict: Callable[[Any, Mapping[str, Any] | None], Any]
    form: Form = Form.MATRIX
    takes_nulls: bool = True
    """Whether it takes NaN."""
    close: Callable[[], None] | None = None
