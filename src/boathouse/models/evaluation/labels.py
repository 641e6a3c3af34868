"""What became of the rows, as numbers: 0 and 1, the number of a class, or the outcome itself."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from boathouse.foundation.errors import InvalidInput
from boathouse.models.evaluation.slicing import text_of
from boathouse.models.requirements.requirements import Problem

if TYPE_CHECKING:
    import polars as pl

Array = np.ndarray[Any, Any]

POSITIVE = frozenset({"1", "true"})
"""What is positive where nobody says it."""
_NEGATIVE = frozenset({"0", "false"})


class BadLabel(InvalidInput):
    """A label that the problem cannot have."""


def positive_texts(positive_label: str | None) -> frozenset[str]:
    """How the positive class may be spelled."""
    return POSITIVE if positive_label is None else frozenset({positive_label, positive_label.lower()})


def classes_of(label: "pl.Series") -> tuple[str, ...]:
    """The classes in a label without nulls, in the order in which scikit-learn has them."""
    return tuple(text_of(value) for value in label.unique().sort().to_list())


def merged_classes(*found: Sequence[str] | None) -> tuple[str, ...]:
    """Classes of several places, numbers by their value."""
    texts = {text for each in found if each is not None for text in each}
    try:
        return tuple(sorted(texts, key=float))
    except ValueError:
        return tuple(sorted(texts))


def label_numbers(
    label: "pl.Series", problem: Problem, positive_label: str | None, classes: Sequence[str] = ()
) -> Array:
    """The label as float64.

    Raises:
        BadLabel: It has values that the problem cannot have.
    """
    _require_outcomes(label)
    match problem:
        case Problem.REGRESSION:
            if not (label.dtype.is_numeric() or label.dtype.is_decimal()):
                raise BadLabel(f"The label {label.name} is of type {label.dtype}; a regression needs numbers.")
            return label.cast(float).to_numpy()
        case Problem.BINARY:
            return _binary(label, positive_label)
        case Problem.MULTICLASS:
            number = {text: at for at, text in enumerate(classes)}
            values = label.unique(maintain_order=True)
            return _mapped(label, {value: float(number[text_of(value)]) for value in values.to_list()})


def _require_outcomes(label: "pl.Series") -> None:
    """NaN is no outcome, nor a class of its own: whoever does not know writes NULL."""
    if label.dtype.is_nested():
        raise BadLabel(f"The label {label.name} is of type {label.dtype}; one value per row is needed.")
    if label.dtype.is_float() and (odd := int((~label.is_finite()).sum())):
        raise BadLabel(
            f"The label {label.name} has {odd} values like NaN.",
            hint="Write NULL where the outcome is not known: such rows are left out.",
        )


def _binary(label: "pl.Series", positive_label: str | None) -> Array:
    values = {value: text_of(value) for value in label.unique().to_list()}
    positive = positive_texts(positive_label)
    shown = ", ".join(sorted(values.values())[:10])
    if positive_label is None and (set(values.values()) - POSITIVE - _NEGATIVE):
        raise BadLabel(
            f"The label {label.name} has other values than 0 and 1: {shown}.",
            hint="Say which one is positive: evaluation.positive_label.",
        )
    if positive_label is not None and not (set(values.values()) & positive):
        raise BadLabel(f"No row has the positive label {positive_label!r}; the label {label.name} has: {shown}.")
    return _mapped(label, {value: float(text in positive) for value, text in values.items()})


def _mapped(label: "pl.Series", numbers: dict[Any, float]) -> Array:
    import polars as pl

    if not numbers:
        return np.empty(0)
    return label.replace_strict(list(numbers), list(numbers.values()), return_dtype=pl.Float64).to_numpy()
