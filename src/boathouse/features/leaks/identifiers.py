"""The label hides in an identifier: in its order, its first or last characters, its remainders, a hash of it.

Numbers that are given out after the outcome (case numbers per department, ids sorted by label before they were
numbered) carry it into every set they stand in.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from hashlib import md5

import numpy as np
import polars as pl

from boathouse.features.leaks.association import MEASURES, association, code, noise_floor
from boathouse.features.leaks.label import Label, LabelKind
from boathouse.features.leaks.nouns import LeakSignal, judged, not_measured
from boathouse.features.leaks.single_feature import sample

NAME = "the label in an identifier"
THRESHOLDS = {LabelKind.TWO_CLASSES: 0.8, LabelKind.CLASSES: 0.4, LabelKind.NUMBER: 0.5}
"""A name should say little; but prefixes that stand for a region or a maker honestly say something."""
DEVIATIONS = 5
"""The best of some forty views is taken, so in few rows the threshold is higher: by chance alone one in a million."""
MODULI = (2, 3, 4, 5, 7, 8, 9, 10, 16, 100)
HASHED_ROWS = 20_000
SAMPLE = 50_000
LEAST_DISTINCT = 20


def identifier_signals(
    frame: pl.DataFrame, label: Label | str, identifiers: Sequence[str], *, seed: int = 0
) -> list[LeakSignal]:
    if isinstance(label, str):
        return [not_measured(NAME, column, THRESHOLDS[LabelKind.TWO_CLASSES], label) for column in identifiers]
    sampled = sample(label, SAMPLE, seed)
    return [_signal(frame[column][sampled.rows], sampled, seed) for column in identifiers]


def looks_like_an_identifier(column: pl.Series) -> bool:
    """Whether a column of strings has a value of its own in nearly every row."""
    if column.dtype != pl.String or len(column) < 50:
        return False
    return column.n_unique() >= 0.9 * len(column)


def _signal(column: pl.Series, label: Label, seed: int) -> LeakSignal:
    threshold = max(THRESHOLDS[label.kind], min(0.99, noise_floor(label, DEVIATIONS)))
    if not (column.dtype.is_integer() or column.dtype == pl.String):
        return not_measured(NAME, column.name, threshold, f"Identifiers of type {column.dtype} are not taken apart.")
    if column.n_unique() < LEAST_DISTINCT:
        why = f"The column has {column.n_unique()} values; with fewer than {LEAST_DISTINCT} it is a category."
        return not_measured(NAME, column.name, threshold, why)
    score, what = max(_scores(column, label, seed))
    return judged(
        NAME, column.name, score, threshold,
        f"{what} of {column.name} predicts {label.name} with {MEASURES[label.kind]} {score:.3f}"
        f" (suspicious from {threshold:.2f}).",
        f"Find out how {column.name} is given out. Leave it out of the model's inputs (exclude_columns), and make sure"
        " that rows are not numbered or sorted by their outcome.",
    )  # fmt: skip


def _scores(column: pl.Series, label: Label, seed: int) -> Iterator[tuple[float, str]]:
    for what, view in _views(column):
        coded = code(view)
        assert coded is not None
        yield association(coded, label, seed=seed), what
    some = np.linspace(0, len(column) - 1, min(len(column), HASHED_ROWS)).astype(np.int64)
    column, label = column[some], label.among(some)
    for what, view in _hashes(column):
        coded = code(view)
        assert coded is not None
        yield association(coded, label, seed=seed), what


def _views(column: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    yield "the order", column.rank("dense")
    text = column.cast(pl.String)
    for length in (1, 2, 3, 4):
        yield f"the prefix of {length}", text.str.slice(0, length)
    for length in (1, 2, 3):
        yield f"the suffix of {length}", text.str.slice(-length)
    yield "the length", text.str.len_chars()
    number = column
    if column.dtype == pl.String:
        number = text.str.extract(r"(\d{1,18})\D*$").cast(pl.Int64)
        if number.null_count() == len(number):
            return
        yield "the number at the end", number
    for modulus in MODULI:
        yield f"the remainder by {modulus}", (number % modulus).cast(pl.String)


def _hashes(column: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    encoded = [None if value is None else value.encode() for value in column.cast(pl.String).to_list()]
    hashes: dict[str, Callable[[bytes], int]] = {"CRC-32": zlib.crc32, "MD5": _md5}
    for name, hashed in hashes.items():
        numbers = pl.Series([None if value is None else hashed(value) for value in encoded], dtype=pl.UInt64)
        for modulus in (2, 3, 5, 10, 16, 100):
            yield f"the {name} hash, its remainder by {modulus},", (numbers % modulus).cast(pl.String)


def _md5(value: bytes) -> int:
    return int.from_bytes(md5(value, usedforsecurity=False).digest()[-8:], "big")
