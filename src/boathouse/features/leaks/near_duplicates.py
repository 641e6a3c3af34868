"""Rows that stand, nearly alike, on both sides of a split: copies, oversampling, the same event recorded twice.

*Exact*: all features equal after rounding numbers to six significant digits. *Near*: at least nine in ten features
agree, numbers within half a percent of all rows' ranks of each other. Candidates are found by locality-sensitive
hashing (twelve random handfuls of binned features; rows that share one are compared), so cost grows with the rows, not
with their pairs. Where few coarse features make rows alike by chance, nothing is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, log2

import numpy as np
import polars as pl

from boathouse.features.leaks.association import code
from boathouse.features.leaks.nouns import LeakSignal, judged, not_measured
from boathouse.features.leaks.splits import Split

EXACT = "equal rows on both sides of the split"
NEAR = "nearly equal rows on both sides of the split"
THRESHOLD = 0.01
"""Share of the rows tested on that have a twin among those learnt from."""
SIGNIFICANT_DIGITS = 6
AGREEING = 0.9
CLOSE = 0.005
BINS = 16
BANDS = 12
MOST_LEARNT, MOST_TESTED = 400_000, 50_000
"""Rows that are looked at on either side."""
PAIRS_FOR_CHANCE = 20_000


@dataclass(frozen=True, slots=True)
class _Side:
    ranks: np.ndarray
    """A row per row: the place of each value among all, from 0 to 1."""
    bins: np.ndarray


def duplicate_signals(frame: pl.DataFrame, split: Split, features: Sequence[str], *, seed: int = 0) -> list[LeakSignal]:
    """Both signals; ``column`` says how many features were compared."""
    usable = [name for name in features if not (frame[name].dtype.is_nested() or frame[name].dtype == pl.Object)]
    usable = [name for name in usable if frame[name].n_unique() > 1]
    what = f"{len(usable)} features"
    learnt, tested = np.flatnonzero(split.learnt), np.flatnonzero(split.tested)
    if not usable or not len(learnt) or not len(tested):
        why = "There are no features that differ." if not usable else "One side of the split is empty."
        return [not_measured(name, what, THRESHOLD, why) for name in (EXACT, NEAR)]
    dice = np.random.default_rng(seed)
    learnt, tested = _some(learnt, MOST_LEARNT, dice), _some(tested, MOST_TESTED, dice)
    rows = frame.select(usable)
    return [_exact(rows, learnt, tested, what), _near(rows, learnt, tested, what, dice)]


def _exact(rows: pl.DataFrame, learnt: np.ndarray, tested: np.ndarray, what: str) -> LeakSignal:
    rounded = rows.with_columns(
        pl.col(pl.Float32, pl.Float64).round_sig_figs(SIGNIFICANT_DIGITS) + 0.0  # so that -0.0 is 0.0
    )
    alike = [_collisions(rounded[name][learnt]) for name in rounded.columns]
    expected = min(1.0, len(learnt) * float(np.prod(alike)))
    if expected >= THRESHOLD / 2:
        return not_measured(EXACT, what, THRESHOLD, _too_coarse(expected))
    hashes = rounded.hash_rows(seed=1)
    share = float(hashes[tested].is_in(hashes[learnt].unique().implode()).mean() or 0)  # type: ignore[arg-type]
    return judged(EXACT, what, share, THRESHOLD, _said(share, "equal to"), _ADVICE)


def _near(
    rows: pl.DataFrame, learnt: np.ndarray, tested: np.ndarray, what: str, dice: np.random.Generator
) -> LeakSignal:
    known, asked = _sides(rows, learnt, tested)
    count = known.ranks.shape[1]
    if count == 0:
        return not_measured(NEAR, what, THRESHOLD, "No feature is of a type that can be compared.")
    needed = int(np.ceil(AGREEING * count))
    expected = _by_chance(known, asked, needed, dice)
    if expected >= THRESHOLD / 2:
        return not_measured(NEAR, what, THRESHOLD, _too_coarse(expected))
    handful = _handful(known.bins)
    found = np.zeros(len(tested), bool)
    for _ in range(BANDS):
        chosen = dice.permutation(count)[:handful]
        twin = _candidates(known.bins[:, chosen], asked.bins[:, chosen])
        rest = np.flatnonzero((twin >= 0) & ~found)
        close = np.abs(known.ranks[twin[rest]] - asked.ranks[rest]) <= CLOSE
        found[rest] = close.sum(axis=1) >= needed
    share = float(found.mean())
    return judged(NEAR, what, share, THRESHOLD, _said(share, "nearly equal to"), _ADVICE)


def _sides(rows: pl.DataFrame, learnt: np.ndarray, tested: np.ndarray) -> tuple[_Side, _Side]:
    both = np.concatenate([learnt, tested])
    ranks: list[np.ndarray] = []
    bins: list[np.ndarray] = []
    for name in rows.columns:
        coded = code(rows[name][both])
        if coded is None:
            continue
        counts = np.bincount(coded.codes)
        middle = (np.cumsum(counts) - counts / 2) / len(both)
        if coded.ordered:
            bins.append((middle * BINS).astype(np.uint32)[coded.codes])
        else:
            bins.append(coded.codes.astype(np.uint32))
            middle = np.arange(len(counts)) * (2 * CLOSE)  # other values are never close
        ranks.append(middle.astype(np.float32)[coded.codes])
    if not ranks:
        return _Side(*[np.zeros((len(learnt), 0))] * 2), _Side(*[np.zeros((len(tested), 0))] * 2)
    table, binned = np.column_stack(ranks), np.column_stack(bins)
    at = len(learnt)
    return _Side(table[:at], binned[:at]), _Side(table[at:], binned[at:])


def _by_chance(known: _Side, asked: _Side, needed: int, dice: np.random.Generator) -> float:
    """The share of rows that would have a twin if features were independent, from random pairs of rows."""
    left = known.ranks[dice.integers(0, len(known.ranks), PAIRS_FOR_CHANCE)]
    right = asked.ranks[dice.integers(0, len(asked.ranks), PAIRS_FOR_CHANCE)]
    agree = np.sort(np.maximum((np.abs(left - right) <= CLOSE).mean(axis=0), 1e-4))[::-1]
    count = len(agree)
    power = log2(len(known.ranks)) + log2(comb(count, needed)) + float(np.log2(agree[:needed]).sum())
    return 2.0 ** min(power, 0)


def _handful(bins: np.ndarray) -> int:
    """As many features as tell most rows apart, and no more: each further one may be the one that differs."""
    bits = [log2(1 / max(_repeats(bins[:, column]), 1e-6)) for column in range(bins.shape[1])]
    average = max(float(np.mean(bits)), 0.1)
    return int(np.clip(np.ceil((log2(len(bins)) + 2) / average), 1, bins.shape[1]))


def _candidates(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """For each row asked for, a row that is in the same bins, or -1."""
    left, right = _mixed(known), _mixed(asked)
    order = np.argsort(left, kind="stable")
    place = np.minimum(np.searchsorted(left[order], right), len(left) - 1)
    twin = order[place]
    return np.where(left[twin] == right, twin, -1)


def _mixed(bins: np.ndarray) -> np.ndarray:
    mixed = np.zeros(len(bins), np.uint64)
    for column in range(bins.shape[1]):
        mixed = (mixed ^ (bins[:, column].astype(np.uint64) + np.uint64(0x9E3779B9))) * np.uint64(0x100000001B3)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _collisions(column: pl.Series) -> float:
    """How likely two random rows have the same value."""
    counts = column.value_counts(name="_times")["_times"].to_numpy().astype(float)
    return float((counts * counts).sum() / counts.sum() ** 2)


def _repeats(column: np.ndarray) -> float:
    shares = np.bincount(column.astype(np.int64)) / len(column)
    return float((shares * shares).sum())


def _some(rows: np.ndarray, most: int, dice: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= most else np.sort(dice.choice(rows, most, replace=False))


def _said(share: float, how: str) -> str:
    return f"{share:.1%} of the rows tested on are {how} a row that is learnt from (suspicious from {THRESHOLD:.0%})."


def _too_coarse(expected: float) -> str:
    return f"The features are too few or too coarse to tell: {expected:.1%} of the rows would have a twin by chance."


_ADVICE = (
    "Find out why rows come twice (oversampling before the split, one event recorded twice), remove the copies, or keep"
    " each with its original on one side."
)
