"""A single feature nearly determines the label: as a rule it was made from it, or written after it."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from boathouse.features.leaks.association import MEASURES, association, code
from boathouse.features.leaks.label import Label, LabelKind
from boathouse.features.leaks.nouns import LeakSignal, judged, not_measured

NAME = "a feature that nearly determines the label"
THRESHOLDS = {LabelKind.TWO_CLASSES: 0.98, LabelKind.CLASSES: 0.9, LabelKind.NUMBER: 0.95}
"""Above what honest single features reach, below what a copy of the label has with a few percent of noise."""
SAMPLE = 100_000
"""Labels that are looked at; more change the score in the third digit only."""


def single_feature_signals(
    frame: pl.DataFrame, label: Label | str, features: Sequence[str], *, seed: int = 0
) -> list[LeakSignal]:
    if isinstance(label, str):
        return [not_measured(NAME, feature, THRESHOLDS[LabelKind.TWO_CLASSES], label) for feature in features]
    sampled = sample(label, SAMPLE, seed)
    return [_signal(frame[feature][sampled.rows], sampled, seed) for feature in features]


def sample(label: Label, most: int, seed: int) -> Label:
    """At most so many of the labels, chosen at random; the rarer of two classes is kept as far as it fits."""
    if len(label.values) <= most:
        return label
    dice = np.random.default_rng(seed)
    if label.kind is not LabelKind.TWO_CLASSES:
        return label.among(np.sort(dice.choice(len(label.values), most, replace=False)))
    rare, frequent = sorted((np.flatnonzero(label.values == side) for side in (0, 1)), key=len)
    kept = min(len(rare), most // 2)
    chosen = [dice.choice(rare, kept, replace=False), dice.choice(frequent, most - kept, replace=False)]
    return label.among(np.sort(np.concatenate(chosen)))


def _signal(column: pl.Series, label: Label, seed: int) -> LeakSignal:
    threshold = THRESHOLDS[label.kind]
    coded = code(column)
    if coded is None:
        return not_measured(NAME, column.name, threshold, f"Columns of type {column.dtype} are not looked into.")
    if len(np.unique(coded.codes)) < 2:
        return not_measured(NAME, column.name, threshold, "The column has one value only.")
    score = association(coded, label, seed=seed)
    return judged(
        NAME, column.name, score, threshold,
        f"{column.name} alone predicts {label.name} with {MEASURES[label.kind]} {score:.3f}"
        f" (suspicious from {threshold}).",
        f"Find out when and from what {column.name} is written. If it is made from {label.name} or after it, leave it"
        " out, or declare its known time.",
    )  # fmt: skip
