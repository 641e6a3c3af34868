"""The naive answer: what somebody would say who looked at no inputs at all, or at one column."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from boathouse.foundation.errors import InvalidInput
from boathouse.models.evaluation.case import Answers
from boathouse.models.evaluation.labels import positive_texts
from boathouse.models.evaluation.slicing import text_of
from boathouse.models.requirements.requirements import Problem

if TYPE_CHECKING:
    import polars as pl

Array = np.ndarray[Any, Any]

NAIVE = "naive"


def naive_from_training(training_label: Array, problem: Problem, rows: int, classes: Sequence[str] = ()) -> Answers:
    """The mean of the training labels, or how often each class was there, for every row alike.

    Raises:
        InvalidInput: There are no training labels.
    """
    known = training_label[np.isfinite(training_label)]
    if not len(known):
        raise InvalidInput("The training rows have no labels, so there is no naive answer.")
    if problem is Problem.MULTICLASS:
        shares = np.bincount(known.astype(np.int64), minlength=len(classes)) / len(known)
        return Answers(NAIVE, np.tile(shares, (rows, 1)))
    return Answers(NAIVE, np.full(rows, known.mean()))


def naive_from_column(
    column: "pl.Series", problem: Problem, positive_label: str | None, classes: Sequence[str] = ()
) -> Answers:
    """What a column says: a number or a probability, or the name of a class.

    Raises:
        InvalidInput: It is null in some row, or is no answer to the problem.
    """
    if column.null_count():
        raise InvalidInput(f"The naive answer {column.name} is null in {column.null_count()} rows.")
    is_number = column.dtype.is_float() or column.dtype.is_decimal()
    if problem is Problem.REGRESSION or (problem is Problem.BINARY and is_number):
        if not (column.dtype.is_numeric() or column.dtype.is_decimal()):
            raise InvalidInput(f"The naive answer {column.name} is of type {column.dtype}, which is no number.")
        values = column.cast(float).to_numpy()
        return Answers(NAIVE, values, not np.isin(values, (0.0, 1.0)).all())
    texts = [text_of(value) for value in column.to_list()]
    if problem is Problem.BINARY:
        positive = positive_texts(positive_label)
        return Answers(NAIVE, np.array([float(text in positive) for text in texts]), are_probabilities=False)
    number = {text: at for at, text in enumerate(classes)}
    values = np.zeros((len(texts), len(classes)))
    for row, text in enumerate(texts):
        if text not in number:
            raise InvalidInput(f"The naive answer {column.name} has {text!r}, which is no class of the label.")
        values[row, number[text]] = 1.0
    return Answers(NAIVE, values, are_probabilities=False)
