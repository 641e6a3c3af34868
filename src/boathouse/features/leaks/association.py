"""How much one column alone says about the label.

The column is cut into bins (quantiles of numbers, values of the rest; nulls and NaN are bins of their own), and each
row's label is guessed from the rows of its bin in the *other* four fifths of the data. So a column with as many values
as rows says nothing by itself. For two classes the score is the area under the ROC curve; for several classes the share
of the label's entropy that the guess takes away (normalised mutual information, out of sample); for a number R² of its
ranks. Where the column has an order, its plain ranks are scored too, and the better of both counts: that finds a
threshold also in a few rows.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from boathouse.features.leaks.label import Label, LabelKind

FOLDS = 5
MOST_BINS = 128
MOST_CATEGORIES = 5_000
"""Of more values than this, the rarest count as one."""
MEASURES = {
    LabelKind.TWO_CLASSES: "AUC",
    LabelKind.CLASSES: "normalised mutual information",
    LabelKind.NUMBER: "R² of ranks",
}
NOTHING = {LabelKind.TWO_CLASSES: 0.5, LabelKind.CLASSES: 0.0, LabelKind.NUMBER: 0.0}
"""The score of a column that says nothing."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as codes from 0, in the order of its values where they have one."""

    codes: np.ndarray
    ordered: bool
    missing: np.ndarray
    """Which rows are null or NaN; their codes are the last ones."""


def code(column: pl.Series) -> Coded | None:
    """The column as codes; None for types that are not looked into."""
    kind = column.dtype
    if kind == pl.Null:
        return Coded(np.zeros(len(column), np.int64), ordered=False, missing=np.ones(len(column), bool))
    if kind.is_nested() or kind == pl.Binary or kind == pl.Object:
        return None
    if kind == pl.Boolean:
        return _code_numbers(column.cast(pl.UInt8))
    if kind.is_decimal():
        return _code_numbers(column.cast(pl.Float64))
    if kind.is_numeric() or kind.is_temporal():
        return _code_numbers(column.to_physical())
    physical = column.cast(pl.String).cast(pl.Categorical).to_physical()
    missing = physical.is_null().to_numpy()
    dense = np.unique(physical.fill_null(0).to_numpy(), return_inverse=True)[1]
    return Coded(_frequent(np.where(missing, dense.max(initial=-1) + 1, dense)), ordered=False, missing=missing)


def association(coded: Coded, label: Label, *, seed: int = 0) -> float:
    """How much the column says about the label: from :data:`NOTHING` to 1."""
    bins = _bins(coded, len(label.values))
    fold = np.random.default_rng(seed).permutation(len(bins)) % FOLDS
    guessed = _guess(bins, fold, label)
    score = max(guessed, _by_rank(coded, label)) if coded.ordered else guessed
    return float(max(score, NOTHING[label.kind]))


def noise_floor(label: Label, deviations: float) -> float:
    """A score that a column without any meaning reaches only by a chance of that many standard deviations."""
    rows = len(label.values)
    if label.kind is LabelKind.TWO_CLASSES:
        positives = int(label.values.sum())
        return 0.5 + deviations * float(np.sqrt((rows + 1) / (12 * positives * (rows - positives))))
    return deviations / float(np.sqrt(rows))


def _code_numbers(column: pl.Series) -> Coded:
    missing = column.is_null()
    if column.dtype.is_float():
        missing |= column.is_nan().fill_null(value=False)
    null = column.is_null().to_numpy()
    absent = missing.to_numpy()
    values = column.fill_null(0).to_numpy()
    codes = np.zeros(len(values), np.int64)
    distinct, codes[~absent] = np.unique(values[~absent], return_inverse=True)
    codes[absent] = len(distinct) + null[absent]
    return Coded(codes, ordered=True, missing=absent)


def _frequent(codes: np.ndarray) -> np.ndarray:
    counts = np.bincount(codes)
    if len(counts) <= MOST_CATEGORIES:
        return codes
    new = np.full(len(counts), MOST_CATEGORIES)
    new[np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]] = np.arange(MOST_CATEGORIES)
    return new[codes]


def _bins(coded: Coded, rows: int) -> np.ndarray:
    """At most ``MOST_BINS`` bins of an ordered column: by quantiles of its rows and of its distinct values, so that
    neither a heavy value nor a long tail hides the rest."""
    most = max(4, min(MOST_BINS, rows // 20))
    if not coded.ordered or coded.codes.max(initial=0) < most:
        return coded.codes
    present = coded.codes[~coded.missing]
    if len(present) == 0:
        return coded.codes
    distinct = int(present.max()) + 1
    before = np.cumsum(np.bincount(present, minlength=distinct)) - 1
    by_rows = before * (most // 2) // len(present)
    by_values = np.arange(distinct) * (most // 2) // distinct
    pairs = by_rows * most + by_values
    of_code = np.unique(pairs, return_inverse=True)[1]
    last = int(of_code.max()) + 1
    return np.append(of_code, [last, last + 1])[coded.codes]


def _guess(bins: np.ndarray, fold: np.ndarray, label: Label) -> float:
    match label.kind:
        case LabelKind.TWO_CLASSES:
            return _guess_two(bins, fold, label.values)
        case LabelKind.CLASSES:
            return _guess_classes(bins, fold, label.values, label.class_count)
        case LabelKind.NUMBER:
            return _guess_number(bins, fold, label.values)


def _guess_two(bins: np.ndarray, fold: np.ndarray, label: np.ndarray) -> float:
    rows = _cells(bins, fold)
    positives = _cells(bins, fold, label)
    return _auc(_held_out_mean(rows, positives).ravel(), positives.ravel(), (rows - positives).ravel())


def _guess_number(bins: np.ndarray, fold: np.ndarray, label: np.ndarray) -> float:
    rows, sums, squares = (_cells(bins, fold, weights) for weights in (None, label, label * label))
    guess = _held_out_mean(rows, sums)
    wrong = float((squares - 2 * guess * sums + rows * guess * guess).sum())
    return 1 - wrong / float(((label - label.mean()) ** 2).sum())


def _guess_classes(bins: np.ndarray, fold: np.ndarray, label: np.ndarray, classes: int) -> float:
    width = int(bins.max()) + 1
    cells = np.bincount((bins * FOLDS + fold) * classes + label, minlength=width * FOLDS * classes)
    counts = cells.reshape(width, FOLDS, classes).astype(float)
    others = counts.sum(axis=1, keepdims=True) - counts
    base = others.sum(axis=0, keepdims=True)
    base = (base + 1e-9) / (base + 1e-9).sum(axis=2, keepdims=True)
    weight = 0.1
    guess = (others + weight * base) / (others.sum(axis=2, keepdims=True) + weight)
    return 1 - float((counts * np.log(guess)).sum()) / float((counts * np.log(base)).sum())


def _cells(bins: np.ndarray, fold: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Rows (or the sum of weights) per bin and fold."""
    width = int(bins.max()) + 1
    return np.bincount(bins * FOLDS + fold, weights, minlength=width * FOLDS).reshape(width, FOLDS).astype(float)


def _held_out_mean(rows: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """The mean of each bin in all folds but one, drawn a little towards the mean of all."""
    other_rows = rows.sum(axis=1, keepdims=True) - rows
    other_sums = sums.sum(axis=1, keepdims=True) - sums
    mean = other_sums.sum(axis=0) / np.maximum(other_rows.sum(axis=0), 1)
    return (other_sums + mean) / (other_rows + 1)


def _auc(score: np.ndarray, positives: np.ndarray, negatives: np.ndarray) -> float:
    """The area under the ROC curve of cells that each have one score."""
    tied = np.unique(score, return_inverse=True)[1]
    up, down = np.bincount(tied, positives), np.bincount(tied, negatives)
    below = np.cumsum(down) - down
    if not up.any() or not down.any():
        return 0.5
    return float((up * (below + down / 2)).sum() / (up.sum() * down.sum()))


def _by_rank(coded: Coded, label: Label) -> float:
    """The score of the column's order alone, in the better direction, with missing values at the better end."""
    present = ~coded.missing
    if label.kind is LabelKind.TWO_CLASSES:
        width = int(coded.codes.max()) + 1
        positives = np.bincount(coded.codes, label.values, minlength=width).astype(float)
        rows = np.bincount(coded.codes, minlength=width).astype(float)
        order = np.arange(width, dtype=float)
        last = int(coded.codes[present].max(initial=-1))
        order[last + 1 :] = last + 1
        first = np.where(order > last, -1.0, order)
        scores = [_auc(ranks, positives, rows - positives) for ranks in (order, first)]
        return max(max(score, 1 - score) for score in scores)
    if label.kind is LabelKind.CLASSES or present.sum() < 3:
        return 0.0
    counts = np.bincount(coded.codes[present])
    ranks = (np.cumsum(counts) - counts / 2)[coded.codes[present]]
    other = label.values[present]
    if ranks.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(ranks, other)[0, 1] ** 2 * present.mean())
