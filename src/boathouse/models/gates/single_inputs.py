"""How much each input tells of the label by itself: AUC for classes, the size of Spearman's correlation for numbers.

Categories are replaced by the mean label of their other half of the rows, so that an input with a value of its own in
each row tells nothing.
"""

import numpy as np
import polars as pl

_FEWEST = 20


def scores(
    frame: pl.DataFrame, label: np.ndarray, *, is_number: bool, most: int = 100_000, seed: int = 0
) -> dict[str, float | None]:
    """By column; None where nothing can be said of it. Among several classes, the one that it tells most of."""
    usable = np.flatnonzero(np.isfinite(label))
    dice = np.random.default_rng(seed)
    if len(usable) > most:
        usable = np.sort(dice.choice(usable, most, replace=False))
    sample, label = frame[usable], label[usable]
    targets = [label] if is_number else _indicators(label)
    half = dice.random(len(label)) < 0.5
    return {name: _score(sample[name], targets, half, is_number) for name in sample.columns}


def auc(values: np.ndarray, positive: np.ndarray) -> float | None:
    """The chance that a positive row has a larger value than another one; None with one class only."""
    ones = int(positive.sum())
    others = len(positive) - ones
    if not ones or not others:
        return None
    return float((_ranks(values)[positive].sum() - ones * (ones + 1) / 2) / (ones * others))


def rank_correlation(values: np.ndarray, label: np.ndarray) -> float | None:
    """Spearman's; None where one of both has a single value."""
    left, right = _ranks(values), _ranks(label)
    if left.std() == 0 or right.std() == 0:
        return None
    return float(np.corrcoef(left, right)[0, 1])


def _score(column: pl.Series, targets: list[np.ndarray], half: np.ndarray, is_number: bool) -> float | None:
    found = [_one(column, target, half, is_number) for target in targets]
    return max((each for each in found if each is not None), default=None)


def _one(column: pl.Series, target: np.ndarray, half: np.ndarray, is_number: bool) -> float | None:
    values = _values(column, target, half)
    if values is None:
        return None
    there = np.isfinite(values)
    if there.sum() < _FEWEST:
        return None
    values, target = values[there], target[there]
    if is_number:
        found = rank_correlation(values, target)
        return None if found is None else abs(found)
    found = auc(values, target > 0)
    return None if found is None else max(found, 1 - found)


def _values(column: pl.Series, target: np.ndarray, half: np.ndarray) -> np.ndarray | None:
    if column.dtype.is_numeric():
        return column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    if column.dtype.is_temporal():
        return column.to_physical().cast(pl.Float64).fill_null(np.nan).to_numpy()
    if isinstance(column.dtype, pl.String | pl.Boolean | pl.Categorical | pl.Enum):
        return _means(column.cast(pl.String), target, half)
    return None


def _means(column: pl.Series, target: np.ndarray, half: np.ndarray) -> np.ndarray:
    """For each row the mean label of its category among the rows of the other half; the mean of all where none is."""
    rows = pl.DataFrame({"value": column.fill_null("\x00null"), "target": target.astype(np.float64), "half": half})
    sums = rows.group_by("value", "half").agg(pl.col("target").mean().alias("mean"))
    others = sums.with_columns(~pl.col("half"))
    joined = rows.join(others, on=["value", "half"], how="left", maintain_order="left")
    return joined["mean"].fill_null(float(target.mean())).to_numpy()


def _indicators(label: np.ndarray) -> list[np.ndarray]:
    classes = np.unique(label)
    chosen = classes[1:] if len(classes) == 2 else classes
    return [(label == each).astype(np.float64) for each in chosen]


def _ranks(values: np.ndarray) -> np.ndarray:
    """From 1 on; the same values share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[place]
