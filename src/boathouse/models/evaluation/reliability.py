"""The reliability curve: answers in bins of equal mass, and what became of the rows of each."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from boathouse.models.evaluation.bootstrap import (
    Resampling,
    blocks_of,
    drawn_weights,
    normal_interval_of,
    weighted_sums,
)
from boathouse.models.evaluation.statistics import require_answers
from boathouse.models.requirements.requirements import Problem

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows with answers next to each other."""

    answer: float
    """Their mean."""
    observed: float
    """The mean of what became of them."""
    rows: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """The curve and its mean distance from the diagonal."""

    bins: tuple[Bin, ...]
    error: float | None
    """None when numbers cannot be measured by their spread, because there is none."""
    interval: tuple[float, float] | None
    largest: float
    """The largest distance of a bin."""


def reliability(problem: Problem, label: Array, answers: Array, bins: int, resampling: Resampling) -> Reliability:
    """The curve of answers; for many classes, of the class that is named.

    The interval is by the bootstrap's standard error, within the bins as they are: a mean of distances is biased
    upwards, and in every replicate once more, so that percentiles would lie beside the value.

    Raises:
        NotAnswers: They are no numbers, or no probabilities where such are needed.
    """
    require_answers(problem, label, answers)
    said, came = _sides(problem, label, answers)
    scale = float(label.std()) if problem is Problem.REGRESSION else 1.0
    bin_of, count = equal_mass_bins(said, bins)
    block_of, blocks = blocks_of(len(said), resampling)
    place, size = block_of * count + bin_of, blocks * count
    gaps = np.bincount(place, weights=said - came, minlength=size).reshape(blocks, count)
    rows = np.bincount(place, minlength=size).reshape(blocks, count)
    of_bins = rows.sum(axis=0)
    answer = np.bincount(bin_of, weights=said, minlength=count) / of_bins
    observed = np.bincount(bin_of, weights=came, minlength=count) / of_bins
    curve = tuple(Bin(float(a), float(o), int(n)) for a, o, n in zip(answer, observed, of_bins, strict=True))
    distances = np.abs(answer - observed)
    if scale == 0:
        return Reliability(curve, None, None, float(distances.max()))
    error = float((distances * of_bins).sum() / len(said) / scale)
    weights = drawn_weights(blocks, resampling.replicates, resampling.seed)
    drawn_rows = weighted_sums(weights, rows.sum(axis=1, keepdims=True).astype(float))[:, 0]
    samples = np.abs(weighted_sums(weights, gaps)).sum(axis=1) / drawn_rows / scale
    interval = normal_interval_of(error, samples, resampling.confidence)
    if interval is not None:
        interval = max(interval[0], 0.0), interval[1]
    return Reliability(curve, error, interval, float(distances.max() / scale))


def equal_mass_bins(values: Array, bins: int) -> tuple[Array, int]:
    """The bin of each value, and how many there are; equal values are in one bin."""
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="higher"))
    codes = np.searchsorted(edges, values, side="right")
    is_used = np.bincount(codes, minlength=len(edges) + 1) > 0
    return (np.cumsum(is_used) - 1)[codes], int(is_used.sum())


def _sides(problem: Problem, label: Array, answers: Array) -> tuple[Array, Array]:
    if problem is not Problem.MULTICLASS:
        return answers, label
    named = answers.argmax(axis=1)
    return answers[np.arange(len(answers)), named], (named == label).astype(np.float64)
